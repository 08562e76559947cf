import type { ApiProblem, Cursor, Message } from '../../../../services/chat/protocol.ts'
import { ApiError, call } from '../api.ts'
import { takeEarly } from './early-page.ts'
import type { OpenRoom, Page, RoomAction } from './reduce.ts'

const pageSize = 100
const longestPauseMs = 2000

export interface PagesOptions {
  readonly path: () => string
  readonly state: () => OpenRoom
  readonly dispatch: (action: RoomAction) => void
  /** Of a window that was listed. */
  readonly onCursor: (cursor: Cursor) => void
  readonly onRefused: (problem: ApiProblem) => void
  readonly onLost: () => void
}

/** Loads the window of messages, and more at its ends. One window and one page a side at a time; the latest wish wins. */
export class Pages {
  readonly #options: PagesOptions
  readonly #signal: AbortSignal
  readonly #opened = Promise.withResolvers<void>()
  #window: AbortController | undefined
  /** Grows with each change of what was said before: a page of earlier is of another text. */
  #version = 0

  constructor(options: PagesOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
  }

  /** Resolves when there is a first window. */
  get opened(): Promise<void> {
    return this.#opened.promise
  }

  changed(): void {
    this.#version++
  }

  /** The end of the room, or what is around a message. */
  window(around?: number, how?: 'quiet'): void {
    this.#window?.abort()
    this.#window = new AbortController()
    const signal = AbortSignal.any([this.#signal, this.#window.signal])
    void this.#replace(around, how === 'quiet', signal)
  }

  older(): void {
    const first = this.#options.state().messages[0]?.id ?? this.#options.state().count
    if (first > 0) void this.#more('older', () => this.#page({ before: first }))
  }

  newer(): void {
    const { messages, atEnd } = this.#options.state()
    const last = messages.at(-1)
    if (atEnd || last === undefined) return
    void this.#more('newer', () => this.#between(last.id + 1, last.id + 1 + pageSize))
  }

  async #replace(around: number | undefined, quiet: boolean, signal: AbortSignal): Promise<void> {
    for (let attempt = 0; !signal.aborted; attempt++) {
      const version = this.#version
      try {
        const before = around === undefined ? {} : { before: around + pageSize / 2 }
        const page = await this.#page(before, signal)
        // A message that has gone: what stands at the end is the nearest.
        if (around !== undefined && page.messages.length === 0 && page.count > 0) around = undefined
        else if (version === this.#version) {
          const target = around === undefined ? {} : { target: around, quiet }
          this.#options.dispatch({ type: 'listed', page, ...target })
          this.#options.onCursor(page.cursor)
          this.#opened.resolve()
          return
        }
      } catch (error) {
        if (signal.aborted) return
        if (!(error instanceof ApiError)) throw error
        if (!isPassing(error.problem)) return this.#options.onRefused(error.problem)
        this.#options.onLost()
        await pause(Math.min(200 * 2 ** attempt, longestPauseMs))
      }
    }
  }

  async #more(side: 'older' | 'newer', load: () => Promise<Page>): Promise<void> {
    const { state, dispatch } = this.#options
    if (state().loading[side]) return
    const { window } = state()
    dispatch({ type: 'loading', side, is: true })
    const version = this.#version
    try {
      const page = await load()
      if (state().window !== window) return
      if (version === this.#version) dispatch({ type: 'more', page, side })
      else dispatch({ type: 'loading', side, is: false })
    } catch (error) {
      if (this.#signal.aborted) return
      if (!(error instanceof ApiError)) throw error
      // Who scrolls on asks again; that the server is away is said elsewhere.
      if (isPassing(error.problem)) await pause(longestPauseMs)
      if (state().window === window) dispatch({ type: 'loading', side, is: false })
    }
  }

  /** A page may end early at its beginning, where it would join what we have. */
  async #between(from: number, to: number): Promise<Page> {
    let page = await this.#page({ before: to, limit: to - from })
    let messages = page.messages
    while (messages[0] !== undefined && messages[0].id > from) {
      const { id } = messages[0]
      page = await this.#page({ before: id, limit: id - from })
      if (page.messages.at(-1)?.id !== id - 1) break
      messages = [...page.messages, ...messages]
    }
    return { messages, count: page.count }
  }

  #page(
    { before, limit = pageSize }: { before?: number; limit?: number },
    signal = this.#signal,
  ): Promise<Page & { messages: Message[]; cursor: Cursor }> {
    const query = `limit=${limit}${before === undefined ? '' : `&before=${before}`}`
    const path = `${this.#options.path()}/messages?${query}`
    return takeEarly(path) ?? call('GET', path, { signal })
  }
}

/** The server is away, or has too much to do; it will answer later. */
function isPassing({ status }: ApiProblem): boolean {
  return status === 0 || status === 429 || status >= 500
}

async function pause(ms: number): Promise<void> {
  await new Promise<void>(resolve => setTimeout(resolve, ms))
}
