import { execFile } from 'node:child_process'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { codeStamp } from './code-stamp.ts'
import type { PullResult } from './events.ts'

export type RenewalCheck =
  | { type: 'same' }
  /** What the running supervisor knows is old; `what` names it for people. */
  | { type: 'changed'; what: string }
  /** The stack file was changed and has mistakes: starting anew with it would leave nothing running. */
  | { type: 'broken'; words: string }

/** Knows whether a restart of services is enough, or everything, frontend and supervisor included, has to start anew. */
export class Renewal {
  readonly #file: string
  readonly #stackStamp: Promise<string>
  #pulled: string | undefined

  /** `file`: the path of stack.yaml. */
  constructor(file: string) {
    this.#file = file
    this.#stackStamp = this.#stamp()
  }

  pulled(result: PullResult): void {
    if (!result.ok || !result.updated) return
    if (result.runnerChanged) this.#pulled = 'the runner'
    if (result.installs) this.#pulled = 'what is to be installed'
  }

  async check(): Promise<RenewalCheck> {
    if (this.#pulled !== undefined) return { type: 'changed', what: this.#pulled }
    if ((await this.#stackStamp) === (await this.#stamp())) return { type: 'same' }
    const words = await this.#mistakes()
    return words === undefined ? { type: 'changed', what: 'the stack file' } : { type: 'broken', words }
  }

  async #stamp(): Promise<string> {
    return await codeStamp([this.#file, join(dirname(this.#file), 'stack.local.yaml')])
  }

  /** In a process of its own: the schema is large, and the supervisor stays small. */
  async #mistakes(): Promise<string | undefined> {
    const main = join(import.meta.dirname, '../main.ts')
    try {
      await promisify(execFile)(
        process.execPath,
        [...process.execArgv, main, 'check', '--stack', this.#file],
        { timeout: 10_000 },
      )
      return undefined
    } catch (error) {
      return firstFault((error as { stderr?: string }).stderr ?? String(error))
    }
  }
}

/** Of a problem's lines the first mistake with its place, which is indented, or what the problem is. */
function firstFault(words: string): string {
  const lines = words.split('\n')
  const fault = lines.find(line => line.startsWith('  ') && !line.trimStart().startsWith('→'))
  return (fault ?? lines[0] ?? '').trim()
}
