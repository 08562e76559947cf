import { appendFile, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Claim } from './claims.ts'
import { moved } from './moves.ts'
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

/** What a job says while it runs: `live/<id>/status.json` and `stream.ndjson`. */
export class Voice {
  readonly #claim: Claim
  readonly #live: string
  #last: Promise<void> = Promise.resolve()
  #shown = false
  #streams = false
  #over = false

  constructor(claim: Claim, live: string) {
    this.#claim = claim
    this.#live = live
  }

  setStatus(status: Status): Promise<void> {
    return this.#next(() => this.#show(status))
  }

  emit(line: unknown): Promise<void> {
    return this.#next(async () => {
      if (!this.#shown) await this.#show({ state: 'running' })
      this.#streams = true
      await appendFile(join(this.#live, 'stream.ndjson'), `${JSON.stringify(line)}\n`)
    })
  }

  /** Takes the job out of `live/`; its stream goes beside the result, for a reader who is late. */
  async end(): Promise<void> {
    await this.#next(() => Promise.resolve())
    this.#over = true
    if (!this.#shown) return
    if (this.#streams)
      await moved(join(this.#live, 'stream.ndjson'), join(this.#claim.folder, 'stream.ndjson'))
    await rm(this.#live, { recursive: true, force: true })
  }

  /** The folder appears with the status in it: the client watches `live/`, and would not hear of a file inside. */
  async #show(status: Status): Promise<void> {
    const body = JSON.stringify({ attempt: this.#claim.attempt.attempt, ...status })
    if (this.#streams) {
      const hidden = join(this.#live, '.status.json')
      await writeFile(hidden, body)
      await rename(hidden, join(this.#live, 'status.json'))
      return
    }
    const hidden = join(dirname(this.#live), `.${basename(this.#live)}`)
    await rm(hidden, { recursive: true, force: true })
    await mkdir(hidden)
    await writeFile(join(hidden, 'status.json'), body)
    await rm(this.#live, { recursive: true, force: true })
    await rename(hidden, this.#live)
    this.#shown = true
  }

  #next(say: () => Promise<void>): Promise<void> {
    const said = this.#last.then(() => (this.#over ? undefined : say()))
    // Whoever said it hears of its failure; what comes after goes on.
    this.#last = said.catch(() => undefined)
    return said
  }
}
