import { closeSync, linkSync, mkdirSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Claim } from './claim.ts'
import { newId } from './ids.ts'
import { isThere, removeIfOpen } from './moves.ts'
import type { JobError, Status } from './request.ts'

/** A claimed job as its handler sees it. */
export interface ClaimedJob<R> {
  readonly id: string
  readonly user: string
  readonly attempt: number
  readonly request: R
  /** The request's attachments lie here; a client wrote them, so open them with `openPlain`. */
  readonly folder: string
  /** Aborted with reason `cancelled`, `deadline` or `stopping`. */
  readonly signal: AbortSignal
  setStatus(status: Status): Promise<void>
  /** One line of `stream.ndjson`, any JSON value. Those of one job arrive in the order of the calls. */
  emit(line: unknown): Promise<void>
  /** A folder for files that go back with the result; it is this attempt's own. */
  outFolder(): Promise<string>
}

/** How an attempt ended. `crashed`: another attempt may succeed. `released`: it was not at fault, and starts again. */
export type Outcome =
  | { type: 'done'; body: Record<string, unknown> }
  | { type: 'failed'; error: JobError }
  | { type: 'crashed'; detail: string }
  | { type: 'released' }

/**
 * What a job says while it runs: `live/<id>/status.json` and `stream.ndjson`. The client may write to that folder, so nothing is
 * ever written through it: it is built out of sight and renamed in whole, and the stream is a second name of a file in the
 * claim's own folder.
 */
export class Voice {
  readonly #claim: Claim
  readonly #live: string
  #stream: number | undefined
  #shown = false
  #over = false

  constructor(claim: Claim, live: string) {
    this.#claim = claim
    this.#live = live
  }

  setStatus(status: Status): Promise<void> {
    return this.#say(() => this.#show(status))
  }

  emit(line: unknown): Promise<void> {
    return this.#say(() => {
      if (this.#stream === undefined) {
        this.#stream = openSync(this.#streamPath, 'ax')
        this.#show({ state: 'running' })
      }
      const bytes = Buffer.from(`${JSON.stringify(line)}\n`)
      for (let at = 0; at < bytes.length;) at += writeSync(this.#stream, bytes, at)
    })
  }

  /** Takes the job out of `live/`; its stream lies beside the result, for a reader who is late. */
  end(): void {
    if (this.#over) return
    this.#over = true
    if (this.#stream !== undefined) closeSync(this.#stream)
    // With the lease went the claim's folder, and what is in `live/` now is the next attempt's.
    if (this.#shown && isThere(this.#claim.folder)) removeIfOpen(this.#live)
  }

  get #streamPath(): string {
    return join(this.#claim.folder, 'stream.ndjson')
  }

  /** The client watches `live/`, and would not hear of a change inside. */
  #show(status: Status): void {
    const hidden = join(dirname(this.#live), `.${newId()}`)
    mkdirSync(hidden)
    const body = JSON.stringify({ attempt: this.#claim.attempt.attempt, ...status })
    writeFileSync(join(hidden, 'status.json'), body, { flag: 'wx' })
    if (this.#stream !== undefined) linkSync(this.#streamPath, join(hidden, 'stream.ndjson'))
    // For a moment there is none, which whoever waits for one bears.
    removeIfOpen(this.#live)
    renameSync(hidden, this.#live)
    this.#shown = true
  }

  /** Done when it returns; whoever said it hears of its failure. */
  async #say(say: () => void): Promise<void> {
    if (!this.#over && isThere(this.#claim.folder)) say()
    await Promise.resolve()
  }
}
