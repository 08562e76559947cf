/** A job that waits, as the index in memory knows it. */
export interface Waiting {
  readonly user: string
  /** Its folder's name. */
  readonly name: string
  readonly id: string
  /** What it needs loaded, empty where the service has one model; undefined: nobody has looked yet. */
  readonly model: string | undefined
  /** In the same unit as the quantum of 1: a job of cost 3 takes three turns. */
  readonly cost: number
  /** When it was seen, in ms of the caller's clock. */
  readonly since: number
}

/**
 * The order in which waiting jobs are claimed: deficit round-robin over the users, so that a flood delays its own user only;
 * within a user the loaded models' jobs first, unless another has waited for `patienceMs`. Taking one costs the same however
 * many wait.
 */
export class FairQueue {
  readonly #patienceMs: number
  readonly #known = new Map<string, Entry>()
  readonly #users = new Map<string, User>()
  /** Users with waiting jobs; the first is next. */
  #turns: User[] = []
  /** Jobs whose id is at work already: they come back with `release`. */
  readonly #held = new Map<string, Entry[]>()

  constructor(patienceMs = 30_000) {
    this.#patienceMs = patienceMs
  }

  get size(): number {
    return this.#known.size
  }

  has(user: string, name: string): boolean {
    return this.#known.has(`${user}/${name}`)
  }

  waitingOf(user: string): number {
    return this.#users.get(user)?.count ?? 0
  }

  /** False: it is known already. */
  add(job: Waiting): boolean {
    const key = `${job.user}/${job.name}`
    if (this.#known.has(key)) return false
    const entry = { job, gone: false }
    this.#known.set(key, entry)
    this.#enter(entry)
    return true
  }

  /** Takes the next one out. `busy` ids are passed over and kept until `release`. */
  take(
    now: number,
    isLoaded: (model: string) => boolean,
    busy: (job: Waiting) => boolean,
  ): Waiting | undefined {
    for (;;) {
      const user = this.#turns[0]
      if (user === undefined) return undefined
      const entry = user.peek(now - this.#patienceMs, isLoaded)
      if (entry !== undefined && entry.job.cost > user.deficit) {
        user.deficit++
        this.#rotate()
        continue
      }
      if (entry !== undefined) user.shift(entry)
      if (user.count === 0) {
        user.deficit = 0
        this.#turns.shift()
      }
      if (entry === undefined) continue
      if (busy(entry.job)) {
        this.#hold(entry)
        continue
      }
      user.deficit = user.count === 0 ? 0 : user.deficit - entry.job.cost
      this.#known.delete(`${entry.job.user}/${entry.job.name}`)
      return entry.job
    }
  }

  /** Takes that one out. False: it isn't there. */
  remove(user: string, name: string): boolean {
    const key = `${user}/${name}`
    const entry = this.#known.get(key)
    if (entry === undefined) return false
    this.#known.delete(key)
    entry.gone = true
    const held = this.#held.get(`${user}/${entry.job.id}`)?.includes(entry) ?? false
    if (!held) this.#userOf(entry.job).count--
    return true
  }

  /** The job with this id has ended: what waited for that goes on. */
  release(user: string, id: string): void {
    const held = this.#held.get(`${user}/${id}`)
    if (held === undefined) return
    this.#held.delete(`${user}/${id}`)
    for (const entry of held) if (!entry.gone) this.#enter(entry)
  }

  /** The oldest job of somebody that nobody has looked at. */
  nextUnknown(): Waiting | undefined {
    for (const user of this.#turns) {
      const entry = user.fresh.first
      if (entry !== undefined) return entry.job
    }
    return undefined
  }

  /** What `nextUnknown` gave needs this model. */
  learn(job: Waiting, model: string): void {
    const entry = this.#known.get(`${job.user}/${job.name}`)
    const user = this.#userOf(job)
    if (entry === undefined || user.fresh.first !== entry) return
    user.fresh.shift()
    entry.job = { ...job, model }
    user.push(entry)
    user.count--
  }

  #enter(entry: Entry): void {
    const user = this.#userOf(entry.job)
    if (user.count === 0 && !this.#turns.includes(user)) this.#turns.push(user)
    user.push(entry)
  }

  #userOf(job: Waiting): User {
    let user = this.#users.get(job.user)
    if (user === undefined) this.#users.set(job.user, (user = new User()))
    return user
  }

  #hold(entry: Entry): void {
    const key = `${entry.job.user}/${entry.job.id}`
    this.#held.set(key, [...(this.#held.get(key) ?? []), entry])
  }

  #rotate(): void {
    const first = this.#turns.shift()
    if (first !== undefined) this.#turns.push(first)
  }
}

interface Entry {
  job: Waiting
  /** Removed from the middle; the lanes pass over it. */
  gone: boolean
}

class User {
  deficit = 0
  count = 0
  /** Jobs that nobody has looked at. */
  readonly fresh = new Lane()
  readonly #lanes = new Map<string, Lane>()

  push(entry: Entry): void {
    this.count++
    const { model } = entry.job
    if (model === undefined) return this.fresh.push(entry)
    let lane = this.#lanes.get(model)
    if (lane === undefined) this.#lanes.set(model, (lane = new Lane()))
    lane.push(entry)
  }

  peek(impatientBefore: number, isLoaded: (model: string) => boolean): Entry | undefined {
    let oldest = this.fresh.first
    let loaded: Entry | undefined
    for (const [model, lane] of this.#lanes) {
      const { first } = lane
      if (first === undefined) {
        this.#lanes.delete(model)
        continue
      }
      if (oldest === undefined || first.job.since < oldest.job.since) oldest = first
      if (isLoaded(model) && (loaded === undefined || first.job.since < loaded.job.since)) loaded = first
    }
    if (oldest === undefined || oldest.job.since < impatientBefore) return oldest
    return loaded ?? oldest
  }

  /** `entry` is what `peek` gave. */
  shift({ job }: Entry): void {
    const lane = job.model === undefined ? this.fresh : this.#lanes.get(job.model)
    lane?.shift()
    this.count--
  }
}

/** First in, first out. An array's own shift copies what is left, which 100,000 jobs would feel. */
class Lane {
  #entries: Entry[] = []
  #head = 0

  get first(): Entry | undefined {
    while (this.#entries[this.#head]?.gone === true) this.shift()
    return this.#entries[this.#head]
  }

  push(entry: Entry): void {
    this.#entries.push(entry)
  }

  shift(): void {
    this.#head++
    if (this.#head * 2 < this.#entries.length || this.#head < 64) return
    this.#entries = this.#entries.slice(this.#head)
    this.#head = 0
  }
}
