import { restartDelayMs } from './back-off.ts'
import { Line } from './line.ts'
import { bytesOf, type Needs } from './needs.ts'

/** What the scheduler has to know of a model. */
export interface ModelSpec {
  readonly id: string
  /** As estimated, until it is loaded. */
  readonly needs: Needs
  /** What it takes where it can do without a device of those; it goes there only if it has waited in vain for that. */
  readonly elsewhere?: Needs
  /** For how long it stays when nobody uses it; Infinity: until the memory is needed. */
  readonly idleMs: number
  /** Is never unloaded for another. */
  readonly pinned: boolean
}

/**
 *     absent ──(somebody waits, and it fits)──▶ loading ──(loaded)──▶ ready
 *       ▲  ▲                                      │ (failed)           │ (idle, evicted, unwanted)
 *       │  └────────────(exited)──────────── unloading ◀───────────────┘
 *       └──(exited by itself, from anywhere; starts again after `notBefore`)
 *
 * It counts for its needs from `loading` until it has exited.
 */
export type Residency =
  | { readonly type: 'absent' }
  | { readonly type: 'loading'; readonly since: number }
  | { readonly type: 'ready'; readonly since: number; readonly parallel: number }
  | { readonly type: 'unloading' }

/** How long a use counts for: after this it is worth half. */
const halfLifeMs = 10 * 60_000
/** Before a load has been measured. */
const bytesPerMs = 500_000
const maxStayMs = 10_000
const steadyMs = 60_000
const maxCrashes = 3

/** One model as the scheduler keeps it in mind. */
export class Resident {
  spec: ModelSpec
  state: Residency = { type: 'absent' }
  needs: Needs
  readonly line = new Line()
  readonly working = new Set<string>()
  lastUsed = 0
  loadMs: number | undefined
  /** In a row, for the back-off. */
  crashes = 0
  /** Of those, while it was being loaded, since it was last there. */
  crashedLoads = 0
  /** It has done something since it was loaded. */
  proved = false
  notBefore = 0
  /** In a row, of those that said why. */
  failedLoads = 0
  /** After a load that failed, nothing is tried before this for the sake of its pin alone. */
  restsUntil = 0
  /** Somebody asked for its end. */
  unwanted = false
  /** Its last load failed for memory, and it has one more try. */
  retrying = false
  /** Starts nothing new, so that another model gets its place. */
  draining = false
  #uses = 0

  constructor(spec: ModelSpec) {
    this.spec = spec
    this.needs = spec.needs
  }

  get idle(): boolean {
    return this.working.size === 0 && this.line.size === 0
  }

  get takesMemory(): boolean {
    return this.state.type !== 'absent'
  }

  used(now: number): void {
    this.#uses = this.usesAt(now) + 1
    this.lastUsed = now
  }

  usesAt(now: number): number {
    return this.#uses * 2 ** (-(now - this.lastUsed) / halfLifeMs)
  }

  /** What its loss would cost, for each byte that it would free: reload time × recent use. */
  worthAt(now: number): number {
    const bytes = Math.max(1, bytesOf(this.needs))
    return ((this.loadMs ?? bytes / bytesPerMs) * (0.1 + this.usesAt(now))) / bytes
  }

  /** It stays as long as its loading took, so that models which take turns spend at most half of the time on loading. */
  get staysUntil(): number {
    return this.state.type === 'ready' ? this.state.since + Math.min(this.loadMs ?? 0, maxStayMs) : 0
  }

  get idleUntil(): number {
    return this.spec.pinned ? Infinity : this.lastUsed + this.spec.idleMs
  }

  /** Its process ended by itself. True: it does not get through its load, and waiting for it is of no use. */
  crashed(now: number): boolean {
    // One request that ends its engine must not make all others wait for longer and longer.
    const steady = this.state.type === 'ready' && (this.proved || now - this.state.since > steadyMs)
    this.crashes = steady ? 1 : this.crashes + 1
    this.notBefore = now + restartDelayMs(this.crashes)
    this.crashedLoads = this.state.type === 'loading' ? this.crashedLoads + 1 : 0
    return this.crashedLoads >= maxCrashes
  }
}
