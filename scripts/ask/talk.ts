import { createInterface } from 'node:readline'
import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import { exitCodeOf } from '../../lib/io.ts'
import { formatProblem, ProblemError } from '../../lib/problem.ts'
import type { Attachment } from '../../services/portal/client.ts'
import type { ChatMessage } from '../../services/portal/llm-request.ts'
import { askNotes } from '../shared/messages.ts'
import { joined, userMessage } from './prompt.ts'
import { ask, type Manner } from './question.ts'

export interface Talk {
  readonly manner: Manner
  readonly system: readonly ChatMessage[]
  /** What comes before the first question. */
  readonly opening: string
  /** They go with the first question. */
  readonly pictures: readonly Attachment[]
  readonly home: string
  readonly io: Io
}

/** Question and answer by turns, each with what was said before, until an empty line. */
export async function talk({ manner, system, opening, pictures, home, io }: Talk): Promise<number> {
  const said: ChatMessage[] = []
  const typed: string[] = []
  let before: Pick<Talk, 'opening' | 'pictures'> = { opening, pictures }
  let isFirst = true
  io.stderr.write(`${askNotes.hello}\n`)
  for (;;) {
    const line = await question(io, typed)
    if (line === undefined) return exitCodeOf('SIGINT')
    if (line.trim() === '') return exit.ok
    said.push(userMessage(joined([before.opening, line]), before.pictures))
    try {
      const { text, model } = await answered(
        () => ask({ manner, messages: [...system, ...said], pictures, home, io }),
        {
          said,
          io,
        },
      )
      said.push({ role: 'assistant', content: text })
      before = { opening: '', pictures: [] }
      if (isFirst && model === 'starter') io.stderr.write(`${askNotes.starter}\n`)
      isFirst = false
    } catch (error) {
      // One question went wrong; the talk goes on without it, unless nothing could be answered.
      if (!(error instanceof ProblemError) || error.problem.exit !== exit.failed) throw error
      said.pop()
      io.stderr.write(formatProblem(error.problem))
    }
  }
}

/** A talk that has become too long for its model loses its oldest turns. */
async function answered<T>(put: () => Promise<T>, { said, io }: { said: ChatMessage[]; io: Io }): Promise<T> {
  for (let told = false; ; told = true) {
    try {
      return await put()
    } catch (error) {
      const tooLong = error instanceof ProblemError && error.problem.code === 'context_too_long'
      if (!tooLong || said.length < 3) throw error
      said.splice(0, 2)
      if (!told) io.stderr.write(`courante: ${askNotes.forgotten}\n`)
    }
  }
}

/**
 * What somebody types; lines that were pasted at once are one question. Undefined: Ctrl-C. A reader of its own each time: while an answer
 * comes the terminal is as it was, so that Ctrl-C is a signal.
 */
async function question({ stdin, stdout, signal }: Io, typed: string[]): Promise<string | undefined> {
  signal.throwIfAborted()
  const reader = createInterface({
    input: stdin,
    output: stdout,
    prompt: '> ',
    history: typed,
    terminal: true,
  })
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const lines: string[] = []
  reader.on('line', line => {
    lines.push(line)
    setImmediate(() => resolve(lines.join('\n')))
  })
  reader.on('SIGINT', () => resolve(undefined))
  reader.on('history', history => typed.splice(0, typed.length, ...history))
  // Ctrl-D, or the terminal is gone.
  reader.on('close', () => resolve(''))
  const stop = (): void => reader.close()
  signal.addEventListener('abort', stop)
  reader.prompt()
  const line = await promise
  signal.removeEventListener('abort', stop)
  reader.close()
  // Ctrl-D and Ctrl-C leave the cursor behind the prompt.
  if (lines.length === 0) stdout.write('\n')
  signal.throwIfAborted()
  return line
}
