/** For so long a model stays off the card that failed it; then, or when somebody unloads it, the card is tried again. */
const holdMs = 3600_000

export interface OffCardMark {
  /** In ms since 1970. */
  readonly since: number
  readonly why: string
}

/** Models that a graphics card has failed, which run on the processor for the time being. */
export class OffCard {
  readonly #marks = new Map<string, OffCardMark>()
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  mark(model: string, why: string): void {
    this.#marks.set(model, { since: this.#now(), why })
  }

  get(model: string): OffCardMark | undefined {
    const mark = this.#marks.get(model)
    return mark === undefined || this.#now() - mark.since > holdMs ? undefined : mark
  }

  has(model: string): boolean {
    return this.get(model) !== undefined
  }

  forget(model: string): void {
    this.#marks.delete(model)
  }
}
