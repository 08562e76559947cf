import { mkdir, readdir, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { instanceLives } from './instance.ts'
import { heartbeatName, serverFolders } from './layout.ts'
import { ifThere, hasCode } from './moves.ts'
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

  constructor(
    options: { spool: string; service: string; instance: string; times: LeaseTimes },
    onFault: (error: unknown) => void,
  ) {
    this.#run = serverFolders(options.spool, options.service).run
    this.#instance = options.instance
    this.#times = options.times
    this.#onFault = onFault
  }

  async take(): Promise<void> {
    await mkdir(join(this.#run, this.#instance), { recursive: true })
    await writeFile(join(this.#run, this.#instance, heartbeatName), '')
    this.#timer = setInterval(() => {
      this.#beat().catch(this.#onFault)
    }, this.#times.heartbeatMs)
  }

  drop(): void {
    clearInterval(this.#timer)
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

  async #beat(): Promise<void> {
    const now = new Date()
    try {
      await utimes(join(this.#run, this.#instance, heartbeatName), now, now)
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error
      // It was taken for dead, and lives. Its jobs are gone, and their commits will find nothing.
      await mkdir(join(this.#run, this.#instance), { recursive: true })
      await writeFile(join(this.#run, this.#instance, heartbeatName), '')
    }
  }

  async #silence(instance: string): Promise<number> {
    const folder = join(this.#run, instance)
    const last = (await ifThere(stat(join(folder, heartbeatName)))) ?? (await ifThere(stat(folder)))
    return last === undefined ? 0 : Date.now() - last.mtimeMs
  }
}
