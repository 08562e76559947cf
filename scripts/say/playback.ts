import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { type ChildEnd, endOf } from '../shared/child-end.ts'
import { sayProblems } from '../shared/messages.ts'

/** A player at work. It ends with its scope, whatever it still has to play. */
export class Playback implements AsyncDisposable {
  readonly #program: string
  readonly #child: ChildProcess
  readonly #ended: Promise<ChildEnd>
  readonly #signal: AbortSignal
  readonly #stop: () => void

  constructor(program: string, args: readonly string[], { env, signal }: Pick<Io, 'env' | 'signal'>) {
    this.#program = program
    this.#signal = signal
    this.#child = spawn(program, args, { env, stdio: ['pipe', 'ignore', 'pipe'] })
    this.#ended = endOf(this.#child)
    // A player that is gone is told by its end.
    this.#child.stdin?.on('error', () => undefined)
    this.#stop = () => void this.#child.kill('SIGTERM')
    signal.addEventListener('abort', this.#stop)
    if (signal.aborted) this.#stop()
  }

  /** Resolves when there is room for more, which a player has about as fast as it plays. */
  async write(pcm: Buffer): Promise<void> {
    const { stdin } = this.#child
    if (stdin === null || stdin.write(pcm)) return
    const room = new AbortController()
    // It fails with the pipe, and then the player is ending.
    const drained = once(stdin, 'drain', { signal: room.signal }).then(
      () => undefined,
      () => this.#ended,
    )
    const end = await Promise.race([drained, this.#ended])
    room.abort()
    if (end !== undefined) this.#fail(end)
  }

  /** Resolves when all of it has been heard. */
  async finish(): Promise<void> {
    this.#child.stdin?.end()
    const end = await this.#ended
    if (end.code !== 0) this.#fail(end)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal.removeEventListener('abort', this.#stop)
    this.#child.kill('SIGTERM')
    await this.#ended
  }

  #fail({ words }: ChildEnd): never {
    this.#signal.throwIfAborted()
    throw new ProblemError(sayProblems.playerEnded(this.#program, words))
  }
}
