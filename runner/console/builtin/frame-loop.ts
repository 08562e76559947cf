/** What the loop needs of the world; tests give it a clock of their own. */
export interface Clock {
  now(): number
  /** Calls back once, no earlier than after `ms`. */
  after(ms: number, callback: () => void): void
}

/** Above so many bytes of output in one frame it is a flood: nobody reads 60 screens a second. */
const floodBytes = 64 * 1024
const calmMs = 16
const floodMs = 50

/**
 * Draws while something is new: at once after a pause, then at most 60 times a second, 20 times in a flood, and never
 * before the frame before has gone out. Without news there is no timer at all.
 */
export class FrameLoop {
  readonly #draw: () => Promise<number>
  readonly #clock: Clock
  #state: 'idle' | 'waiting' | 'drawing' | 'closed' = 'idle'
  #dirty = false
  #earliest = 0

  /** `draw` resolves when the terminal has taken the frame, with the bytes of output that went into it. */
  constructor(draw: () => Promise<number>, clock: Clock = realClock) {
    this.#draw = draw
    this.#clock = clock
  }

  /** Something is new. */
  request(): void {
    this.#dirty = true
    if (this.#state !== 'idle') return
    this.#state = 'waiting'
    this.#clock.after(Math.max(0, this.#earliest - this.#clock.now()), () => void this.#frame())
  }

  close(): void {
    this.#state = 'closed'
  }

  async #frame(): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'drawing'
    this.#dirty = false
    const begun = this.#clock.now()
    const bytes = await this.#draw()
    this.#earliest = begun + (bytes > floodBytes ? floodMs : calmMs)
    if (this.#isClosed()) return
    this.#state = 'idle'
    if (this.#dirty) this.request()
  }

  #isClosed(): boolean {
    return this.#state === 'closed'
  }
}

const realClock: Clock = {
  now: () => performance.now(),
  after: (ms, callback) => void (ms <= 0 ? setImmediate(callback) : setTimeout(callback, ms)),
}
