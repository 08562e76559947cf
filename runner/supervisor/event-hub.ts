import type { EventBody, OutputPiece, SupervisorEvent } from './events.ts'

type Listener = (event: SupervisorEvent) => void

/** How often listeners are told of new output at most. */
const outputMs = 16

/** Hands each event to every listener at once, and new output in order with them. A listener must not throw. */
export class EventHub {
  readonly #listeners = new Set<Listener>()
  readonly #outputListeners = new Set<Listener>()
  readonly #recent: SupervisorEvent[] = []
  #pieces: OutputPiece[] = []
  #told = 0
  #timer: NodeJS.Timeout | undefined

  /** The latest 100 events at most, the oldest first; output is not among them. */
  get recent(): readonly SupervisorEvent[] {
    return this.#recent
  }

  emit(body: EventBody): void {
    this.#tellOutput()
    const event = { at: Date.now(), ...body }
    this.#recent.push(event)
    if (this.#recent.length > 100) this.#recent.shift()
    for (const listener of this.#listeners) listener(event)
  }

  /** A service's log has grown from `start` to `end`. */
  output(service: string, start: number, end: number): void {
    if (this.#outputListeners.size === 0) return
    const last = this.#pieces.at(-1)
    if (last !== undefined && last.service === service && last.end === start) last.end = end
    else this.#pieces.push({ service, start, end })
    if (this.#timer !== undefined) return
    // The first bytes after a pause are told at once: that is what somebody waits for.
    const wait = Math.max(0, this.#told + outputMs - Date.now())
    this.#timer = setTimeout(() => this.#tellOutput(), wait)
  }

  /** `output`: also told of what services print. Returns the function that ends the subscription. */
  subscribe(listener: Listener, options: { output?: boolean } = {}): () => void {
    this.#listeners.add(listener)
    if (options.output === true) this.#outputListeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
      this.#outputListeners.delete(listener)
    }
  }

  #tellOutput(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#pieces.length === 0) return
    this.#told = Date.now()
    const event: SupervisorEvent = { at: this.#told, type: 'output', pieces: this.#pieces }
    this.#pieces = []
    for (const listener of this.#outputListeners) listener(event)
  }
}
