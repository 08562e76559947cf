import { writeFileSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { instanceLives } from './instance.ts'
import { heartbeatName, serverFolders } from './layout.ts'
import { ifThere, makeFolder, removeEmpty, removeFile } from './moves.ts'
import { type Holder, holderOf } from './recovery.ts'

export interface LeaseTimes {
  readonly heartbeatMs: number
  /** A claimer that lives and has given no sign for longer has lost its jobs. */
  readonly leaseMs: number
}

export const defaultLeaseTimes: LeaseTimes = { heartbeatMs: 5000, leaseMs: 30_000 }

/** A claimer's signs of life, and its look at the others'. They come from the process that waits for the work, not from the
 * one that is blocked in native code. */
export class Lease {
  readonly #run: string
  readonly #instance: string
  readonly #times: LeaseTimes
  readonly #onFault: (error: unknown) => void
  #timer: NodeJS.Timeout | undefined
  #last = 0
  #lost = false

  constructor(
    options: { spool: string; service: string; instance: string; times: LeaseTimes },
    onFault: (error: unknown) => void,
  ) {
    this.#run = serverFolders(options.spool, options.service).run
    this.#instance = options.instance
    this.#times = options.times
    this.#onFault = onFault
  }

  take(): void {
    this.#last = performance.now()
    this.#beat()
    this.#timer = setInterval(() => {
      try {
        this.#beat()
      } catch (error) {
        this.#onFault(error)
      }
    }, this.#times.heartbeatMs)
  }

  /** No sign any more; what is left in the folder is for others to take over. */
  drop(): void {
    clearInterval(this.#timer)
  }

  /** Removes the folder, unless a job was left in it. */
  forget(): void {
    removeFile(join(this.#run, this.#instance, heartbeatName))
    removeEmpty(join(this.#run, this.#instance))
  }

  /** All claimers that have a folder, with this one. */
  async holders(): Promise<{ instance: string; holder: Holder }[]> {
    const found = []
    for (const instance of await readdir(this.#run)) {
      const self = instance === this.#instance
      const lives = instanceLives(instance)
      const silentMs = self ? 0 : await this.#silence(instance)
      found.push({ instance, holder: holderOf({ self, lives, silentMs }, this.#times.leaseMs) })
    }
    return found
  }

  /** Before a claim: one that slept for longer than its lease may have been taken for dead, and its next claims with it. */
  ensureFresh(): void {
    if (performance.now() - this.#last > this.#times.leaseMs / 2) this.#beat()
  }

  /** Whether it was silent for longer than its lease, or leaves the service to another, since `regain`. */
  get lost(): boolean {
    return this.#lost
  }

  /** Of two that both think that they serve, the one whose name comes first goes on. */
  yieldsTo(instance: string): boolean {
    return this.#lost || instance < this.#instance
  }

  lose(): void {
    this.#lost = true
    this.#beat()
  }

  regain(): void {
    if (!this.#lost) return
    this.#lost = false
    this.#beat()
  }

  /** One that has lost its lease says so, and counts for the others as one that is silent. */
  #beat(): void {
    if (performance.now() - this.#last > this.#times.leaseMs) this.#lost = true
    // It may have been taken for dead, and its folder with it.
    makeFolder(join(this.#run, this.#instance))
    writeFileSync(join(this.#run, this.#instance, heartbeatName), this.#lost ? 'lost\n' : '')
    this.#last = performance.now()
  }

  async #silence(instance: string): Promise<number> {
    const folder = join(this.#run, instance)
    const beat = await ifThere(stat(join(folder, heartbeatName)))
    // It says itself that it lost its lease.
    if (beat !== undefined && beat.size > 0) return Infinity
    const last = beat ?? (await ifThere(stat(folder)))
    return last === undefined ? 0 : Date.now() - last.mtimeMs
  }
}
