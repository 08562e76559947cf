interface Standing {
  readonly job: string
  readonly user: string
  readonly since: number
  /** Counts all jobs, since several come within one ms. */
  readonly order: number
}

/** Jobs that wait for one model: users take turns, and each user's own jobs go in their order. */
export class Line {
  /** In the order of their coming. */
  readonly #all = new Map<string, Standing>()
  /** The first user is next. */
  readonly #users = new Map<string, Set<string>>()

  get size(): number {
    return this.#all.size
  }

  get jobs(): Iterable<string> {
    return this.#all.keys()
  }

  /** When the one that has waited longest came; Infinity if nobody waits. */
  get oldest(): number {
    for (const { since } of this.#all.values()) return since
    return Infinity
  }

  /** The order of that one. */
  get first(): number {
    for (const { order } of this.#all.values()) return order
    return Infinity
  }

  add(standing: Standing): void {
    this.#all.set(standing.job, standing)
    const jobs = this.#users.get(standing.user)
    if (jobs === undefined) this.#users.set(standing.user, new Set([standing.job]))
    else jobs.add(standing.job)
  }

  /** False: it does not wait here. */
  remove(job: string): boolean {
    const standing = this.#all.get(job)
    if (standing === undefined) return false
    this.#all.delete(job)
    const jobs = this.#users.get(standing.user)
    jobs?.delete(job)
    if (jobs?.size === 0) this.#users.delete(standing.user)
    return true
  }

  next(): string | undefined {
    for (const [user, jobs] of this.#users) {
      for (const job of jobs) {
        this.remove(job)
        // To the end of the turns.
        if (this.#users.delete(user) && jobs.size > 0) this.#users.set(user, jobs)
        return job
      }
    }
    return undefined
  }

  /** Everybody, who leave. */
  clear(): string[] {
    const jobs = [...this.#all.keys()]
    this.#all.clear()
    this.#users.clear()
    return jobs
  }
}
