import { readFile, stat } from 'node:fs/promises'
import { isMap, isPair, isScalar, LineCounter, parseDocument, stringify, type ParsedNode } from 'yaml'
import type { z } from 'zod'
import { agentNotes } from '../messages.ts'
import { type Agent, type AgentInput, agentSchema } from './agent.ts'

/** No system prompt is longer; what is belongs to somebody else's program. */
const mostBytes = 256 * 1024

export type ReadAgent = { readonly agent: Agent } | { readonly problem: string }

/** Undefined: it is not there any more. */
export async function readAgentFile(path: string): Promise<ReadAgent | undefined> {
  try {
    // A link to a file is one; a pipe would be waited for.
    const found = await stat(path)
    if (!found.isFile()) return { problem: `${path}: ${agentNotes.noFile}` }
    if (found.size > mostBytes) return { problem: `${path}: ${agentNotes.tooLarge(mostBytes)}` }
    return parseAgent(await readFile(path, 'utf8'), path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    if (code === undefined) throw error
    return { problem: `${path}: ${agentNotes.unreadable(code)}` }
  }
}

/** `file:line:column: key: what was expected` for each fault. */
export function parseAgent(text: string, path: string): ReadAgent {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset)
    return `${path}:${line}:${col}`
  }
  const [fault] = document.errors
  if (fault !== undefined) return { problem: `${at(fault.pos[0])}: ${fault.message}` }
  const parsed = agentSchema.safeParse(document.toJS({ maxAliasCount: 100 }))
  if (parsed.success) return { agent: parsed.data }
  const place = (keys: readonly PropertyKey[], said: string, isKey = false): string => {
    const where = keys.length === 0 ? '' : `${keys.map(String).join('.')}: `
    return `${at(offsetOf(document.contents, keys, isKey))}: ${where}${said}`
  }
  const problems = parsed.error.issues.flatMap(issue =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map(key => place([...issue.path, key], agentNotes.unknownKey, true))
      : [place(issue.path, wordsOf(issue))],
  )
  return { problem: problems.join('\n') }
}

/** The text of a file that says just this. */
export function agentText(agent: AgentInput): string {
  return stringify(agent, { lineWidth: 100 })
}

function wordsOf(issue: z.core.$ZodIssue): string {
  const words = issue.message.replace(/^Invalid (input|option): /, '')
  return words.endsWith('received undefined') ? agentNotes.missing : words
}

/** Where the value at these keys stands, or the most exact place before it. */
function offsetOf(node: ParsedNode | null, keys: readonly PropertyKey[], isKey: boolean): number {
  let current: unknown = node
  let offset = node?.range[0] ?? 0
  for (const [index, key] of keys.entries()) {
    if (!isMap(current)) return offset
    const pair = current.items.find(
      item => isPair(item) && isScalar(item.key) && String(item.key.value) === String(key),
    )
    if (pair === undefined) return offset
    const value = pair.value as ParsedNode | null
    const isLast = index === keys.length - 1
    offset = (isLast && isKey) || value === null ? (pair.key as ParsedNode).range[0] : value.range[0]
    current = value
  }
  return offset
}
