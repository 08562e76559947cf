import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import type { TextLine } from '../../services/portal/llm-request.ts'
import { askNotes, askProblems } from '../shared/messages.ts'
import { visible } from '../shared/visible.ts'

const dim = ['\u001B[2m', '\u001B[22m'] as const

/** Writes an answer as it comes; what the model thinks before it, dimmed and on a terminal only. */
export class Answer implements Disposable {
  readonly #stdout: Io['stdout']
  readonly #stderr: Io['stderr']
  readonly #terminal: boolean
  readonly #colours: boolean
  /** What has been written, and how much of it has been said again since the engine began anew. */
  readonly #said = { text: '', thought: '' }
  readonly #again = { text: '', thought: '' }
  #last: TextLine['type'] | undefined
  #atLineStart = true

  constructor({ stdout, stderr, env }: Pick<Io, 'stdout' | 'stderr' | 'env'>) {
    this.#stdout = stdout
    this.#stderr = stderr
    this.#terminal = stdout.isTTY === true
    this.#colours = this.#terminal && (env['NO_COLOR'] ?? '') === ''
  }

  add({ type, text }: TextLine): void {
    if (type === 'thought' && !this.#terminal) return
    const said = this.#said[type]
    const again = this.#again[type] + text
    this.#again[type] = again
    if (said.startsWith(again)) return
    if (again.startsWith(said)) {
      this.#said[type] = again
      this.#write(type, again.slice(said.length))
      return
    }
    // Out of a pipe nothing can be taken back.
    if (!this.#terminal) throw new ProblemError(askProblems.startedAnew())
    this.#endLine()
    this.#stderr.write(`courante: ${askNotes.startedAnew}\n`)
    this.#said.text = ''
    this.#said.thought = ''
    this.#said[type] = again
    this.#write(type, again)
  }

  /** Another attempt: it says all of it once more, and perhaps something else. */
  restart(): void {
    this.#again.text = ''
    this.#again.thought = ''
  }

  /** What was said of the text is all of it, or what is missing is written; then the line ends. */
  finish(text: string): void {
    this.restart()
    if (text !== this.#said.text) this.add({ type: 'text', text })
    this.#endLine()
  }

  /** Leaves no terminal in another colour, or in the middle of a line. */
  [Symbol.dispose](): void {
    if (this.#terminal) this.#endLine()
  }

  #write(type: TextLine['type'], text: string): void {
    if (type !== this.#last && this.#last !== undefined) {
      this.#endLine()
      this.#stdout.write('\n')
    }
    if (type !== this.#last && type === 'thought' && this.#colours) this.#stdout.write(dim[0])
    this.#last = type
    const shown = this.#terminal ? visible(text) : text
    if (shown === '') return
    this.#stdout.write(shown)
    this.#atLineStart = shown.endsWith('\n')
  }

  #endLine(): void {
    if (this.#last === 'thought' && this.#colours) this.#stdout.write(dim[1])
    if (!this.#atLineStart || (this.#last === undefined && !this.#terminal)) this.#stdout.write('\n')
    this.#atLineStart = true
  }
}
