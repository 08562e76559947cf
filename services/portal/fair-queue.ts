/** A job in `todo/`, as the index in memory knows it. */
export interface Waiting {
  readonly user: string
  /** Its folder's name. */
  readonly name: string
  readonly id: string
  /** What it needs loaded; empty where the service has one model. */
  readonly model: string
  /** In the same unit as the quantum of 1: a job of cost 3 takes three turns. */
  readonly cost: number
  /** When it was seen, in ms of the caller's clock. */
  readonly since: number
}

/**
 * The order in which waiting jobs are claimed: deficit round-robin over the users, so that a flood delays its own user only;
 * within a user the loaded model's jobs first, unless another has waited for `patienceMs`. Taking one costs the same however
 * many wait.
 */
export class FairQueue {
  readonly #patienceMs: number
  readonly #known = new Set<string>()
  readonly #users = new Map<string, User>()
  /** Users with waiting jobs; the first is next. */
  #turns: User[] = []
  /** Jobs whose id is at work already: they come back with `release`. */
  readonly #held = new Map<string, Waiting[]>()

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
    this.#known.add(key)
    let user = this.#users.get(job.user)
    if (user === undefined) this.#users.set(job.user, (user = new User()))
    if (user.count === 0) this.#turns.push(user)
    user.push(job)
    return true
  }

  /** Takes the next one out. `busy` ids are passed over and kept until `release`. */
  take(now: number, loaded: string, busy: (job: Waiting) => boolean): Waiting | undefined {
    for (;;) {
      const user = this.#turns[0]
      if (user === undefined) return undefined
      const job = user.peek(now - this.#patienceMs, loaded)
      if (job !== undefined && job.cost > user.deficit) {
        user.deficit++
        this.#rotate()
        continue
      }
      if (job !== undefined) user.shift(job)
      if (user.count === 0) {
        user.deficit = 0
        this.#turns.shift()
      }
      if (job === undefined) continue
      if (busy(job)) {
        this.#hold(job)
        continue
      }
      user.deficit = user.count === 0 ? 0 : user.deficit - job.cost
      this.#known.delete(`${job.user}/${job.name}`)
      return job
    }
  }

  /** The job with this id has ended: what waited for that goes on. */
  release(user: string, id: string): void {
    const held = this.#held.get(`${user}/${id}`) ?? []
    this.#held.delete(`${user}/${id}`)
    for (const job of held) {
      this.#known.delete(`${job.user}/${job.name}`)
      this.add(job)
    }
  }

  #hold(job: Waiting): void {
    const key = `${job.user}/${job.id}`
    this.#held.set(key, [...(this.#held.get(key) ?? []), job])
  }

  #rotate(): void {
    const first = this.#turns.shift()
    if (first !== undefined) this.#turns.push(first)
  }
}

class User {
  deficit = 0
  count = 0
  readonly #lanes = new Map<string, Lane>()

  push(job: Waiting): void {
    let lane = this.#lanes.get(job.model)
    if (lane === undefined) this.#lanes.set(job.model, (lane = new Lane()))
    lane.push(job)
    this.count++
  }

  peek(impatientBefore: number, loaded: string): Waiting | undefined {
    let oldest: Waiting | undefined
    for (const lane of this.#lanes.values()) {
      const { first } = lane
      if (first !== undefined && (oldest === undefined || first.since < oldest.since)) oldest = first
    }
    if (oldest === undefined || oldest.since < impatientBefore) return oldest
    return this.#lanes.get(loaded)?.first ?? oldest
  }

  /** `job` is what `peek` gave. */
  shift(job: Waiting): void {
    const lane = this.#lanes.get(job.model)
    lane?.shift()
    if (lane?.first === undefined) this.#lanes.delete(job.model)
    this.count--
  }
}

/** First in, first out. An array's own shift copies what is left, which 100,000 jobs would feel. */
class Lane {
  #jobs: Waiting[] = []
  #head = 0

  get first(): Waiting | undefined {
    return this.#jobs[this.#head]
  }

  push(job: Waiting): void {
    this.#jobs.push(job)
  }

  shift(): void {
    this.#head++
    if (this.#head * 2 < this.#jobs.length || this.#head < 64) return
    this.#jobs = this.#jobs.slice(this.#head)
    this.#head = 0
  }
}
