import { setTimeout as delay } from 'node:timers/promises'
import type { History, Mark } from '../pane/history.ts'
import type { Found } from '../state.ts'
import type { LineFilter } from './lines-window.ts'

export interface Hit {
  readonly service: string
  readonly offset: number
  readonly mark: Mark
}

/** So many hits ahead of the one that is shown are looked for; then the search rests until one goes on. */
const ahead = 10_000
const typingMs = 40

/** One search through all that the logs still hold, from the newest line to the oldest, in the background. */
export class Finder {
  readonly #abort = new AbortController()
  readonly #onChange: () => void
  readonly #hits: Hit[] = []
  #at = -1
  #wanted = 0
  #searching = true
  #goOn: (() => void) | undefined

  /** `onChange` is called when there is something new to tell, or to show. */
  constructor(
    history: History,
    pattern: RegExp,
    filter: LineFilter | undefined,
    onChange: () => void,
    onError: (error: unknown) => void,
  ) {
    this.#onChange = onChange
    void this.#run(history, pattern, filter).catch(onError)
  }

  get found(): Found {
    const nth = this.#at === -1 ? undefined : this.#at + 1
    return { nth, total: this.#hits.length, searching: this.#searching }
  }

  /** The next older or newer one; one that is not found yet is shown when it is. */
  go(direction: 'back' | 'forward'): void {
    // From where the last key led, even if that is not shown yet.
    this.#wanted = Math.max(0, this.#wanted + (direction === 'back' ? 1 : -1))
    if (!this.#searching) this.#wanted = Math.min(this.#wanted, this.#hits.length - 1)
    this.#goOn?.()
    this.#onChange()
  }

  /** The hit to be shown, once for each. */
  take(): Hit | undefined {
    const hit = this.#hits[this.#wanted]
    if (hit === undefined || this.#wanted === this.#at) return undefined
    this.#at = this.#wanted
    return hit
  }

  close(): void {
    this.#abort.abort()
    this.#goOn?.()
  }

  async #run(history: History, pattern: RegExp, filter: LineFilter | undefined): Promise<void> {
    const { signal } = this.#abort
    // Whoever still types is not looked after with each letter.
    await delay(typingMs)
    for await (const { text, service, offset, mark } of history.search(
      pattern,
      history.end,
      'back',
      signal,
    )) {
      if (filter !== undefined && !filter(text, { service, offset, raw: new Uint8Array(), kind: 'output' }))
        continue
      this.#hits.push({ service, offset, mark })
      this.#onChange()
      while (this.#hits.length > this.#wanted + ahead && !signal.aborted) {
        const { promise, resolve } = Promise.withResolvers<void>()
        this.#goOn = resolve
        await promise
      }
    }
    if (signal.aborted) return
    this.#searching = false
    this.#wanted = Math.max(0, Math.min(this.#wanted, this.#hits.length - 1))
    this.#onChange()
  }
}
