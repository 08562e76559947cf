import { resolve } from 'node:path'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import type { Attachment } from '../../services/portal/client.ts'
import type { ChatMessage } from '../../services/portal/llm-request.ts'
import { askProblems } from '../shared/messages.ts'
import { readTextFile } from '../shared/read-text.ts'

/** Text files with their names, for the beginning of a prompt; '' for none. Those come first, so that a second question finds them evaluated. */
export async function filesText(names: readonly string[], { cwd, signal }: Io): Promise<string> {
  const parts: string[] = []
  for (const name of names) {
    const text = await readTextFile(resolve(cwd, name), name, signal)
    parts.push(`--- ${name} ---\n${text.trimEnd()}\n--- end of ${name} ---`)
  }
  return joined(parts)
}

/** What there is of them, as paragraphs. */
export function joined(parts: readonly string[]): string {
  return parts.filter(part => part.trim() !== '').join('\n\n')
}

export function userMessage(content: string, pictures: readonly Attachment[]): ChatMessage {
  const images = pictures.map(({ name }) => name)
  return { role: 'user', content, ...(images.length === 0 ? {} : { images }) }
}

/** The JSON Schema in a file. */
export async function readSchema(name: string, { cwd, signal }: Io): Promise<Record<string, unknown>> {
  const text = await readTextFile(resolve(cwd, name), name, signal)
  let schema: unknown
  try {
    schema = JSON.parse(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new ProblemError(askProblems.badSchema(name, error.message), { cause: error })
  }
  if (typeof schema === 'object' && schema !== null && !Array.isArray(schema)) return { ...schema }
  throw new ProblemError(askProblems.badSchema(name, 'it has to be an object'))
}
