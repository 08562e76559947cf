import { once } from 'node:events'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { roomLog } from '../messages.ts'
import type { Cursor, RoomEvent } from '../protocol.ts'
import type { Rooms, RoomsChange } from './rooms.ts'
import type { Found, Indexed, Query } from './search-index.ts'

export type { Found } from './search-index.ts'

type Job =
  | { readonly type: 'search'; readonly query: Query }
  | { readonly type: 'rooms' }
  | {
      readonly type: 'put'
      readonly room: string
      readonly from: number
      readonly messages: readonly Indexed[]
      readonly end: Cursor
    }
  | { readonly type: 'catchUp'; readonly room: string; readonly path: string }
  | { readonly type: 'rename'; readonly room: string; readonly to: string }
  | { readonly type: 'forget'; readonly room: string }
  | { readonly type: 'close' }
export type SearchJob = Job & { readonly n: number }
export type SearchAnswer =
  | { readonly n: number; readonly result: unknown; readonly error?: undefined }
  | { readonly n: number; readonly error: string; readonly rebuilt: boolean }

export interface SearchOptions {
  readonly home: string
  readonly rooms: Rooms
  readonly log: (line: string) => void
}

/**
 * Finds words in all rooms. The index follows the rooms by itself, in a thread of its own, a moment behind them; at the
 * start it reads what it has missed.
 */
export class Search {
  readonly #rooms: Rooms
  readonly #log: (line: string) => void
  readonly #path: string
  readonly #unobserve: () => void
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #worker: Worker | undefined
  #n = 0

  constructor({ home, rooms, log }: SearchOptions) {
    this.#rooms = rooms
    this.#log = log
    this.#path = join(home, 'search.db')
    this.#unobserve = rooms.observe(change => this.#follow(change))
    this.#start()
  }

  /** Messages in which each word is, as it is or as the beginning of one; only of these rooms, the newest first. */
  async search(words: string, rooms: readonly string[], limit: number, before?: number): Promise<Found[]> {
    return (await this.#ask({ type: 'search', query: { words, rooms, limit, before } })) as Found[]
  }

  async close(): Promise<void> {
    this.#unobserve()
    const worker = this.#worker
    if (worker === undefined) return
    const ended = once(worker, 'exit')
    worker.ref()
    this.#send({ type: 'close' })
    this.#worker = undefined
    await ended
  }

  #follow(change: RoomsChange): void {
    if (change.type === 'event') this.#followEvent(change.id, change.event)
    else if (change.type === 'file') this.#catchUp(change.id)
    else if (change.type === 'renamed') this.#send({ type: 'rename', room: change.id, to: change.to })
    else if (change.type === 'gone') this.#send({ type: 'forget', room: change.id })
  }

  #followEvent(room: string, event: RoomEvent): void {
    if (event.type === 'message') {
      const { id, author, text, hash } = event.message
      this.#send({ type: 'put', room, from: id, messages: [{ author, text, hash }], end: event.cursor })
    } else if (event.type === 'rewind') {
      this.#send({ type: 'put', room, from: event.id, messages: [], end: event.cursor })
    } else if (event.type === 'reset') this.#catchUp(room)
  }

  #catchUp(id: string): void {
    if (this.#rooms.entry(id) !== undefined) {
      this.#send({ type: 'catchUp', room: id, path: this.#rooms.path(id) })
    }
  }

  #start(): void {
    const worker = new Worker(new URL('search-worker.ts', import.meta.url), {
      workerData: { path: this.#path },
    })
    this.#worker = worker
    worker.unref()
    worker.on('message', (answer: SearchAnswer) => this.#answered(answer))
    worker.on('error', error => this.#broke(error))
    this.#readAll().catch((error: unknown) => this.#log(roomLog.searchFailed(error)))
  }

  /** Everything that isn't in the index yet, the rooms that changed last at last, so that they are found first. */
  async #readAll(): Promise<void> {
    const entries = this.#rooms.list().sort((one, other) => one.changed - other.changed)
    for (const { id } of entries) this.#catchUp(id)
    for (const room of (await this.#ask({ type: 'rooms' })) as string[]) {
      if (this.#rooms.entry(room)?.id !== room) this.#send({ type: 'forget', room })
    }
  }

  #answered(answer: SearchAnswer): void {
    const waiting = this.#waiting.get(answer.n)
    this.#waiting.delete(answer.n)
    if (answer.error === undefined) {
      const { missing } = (answer.result ?? {}) as { missing?: string }
      if (missing !== undefined) this.#catchUp(missing)
      return waiting?.resolve(answer.result)
    }
    const error = new Error(answer.error)
    if (waiting === undefined) this.#log(roomLog.searchFailed(error))
    else waiting.reject(error)
    if (answer.rebuilt) this.#readAll().catch((error: unknown) => this.#log(roomLog.searchFailed(error)))
  }

  /** The thread has ended. The next search begins another one, so that nothing goes round in circles. */
  #broke(error: unknown): void {
    this.#log(roomLog.searchFailed(error))
    this.#worker = undefined
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }

  async #ask(job: Job): Promise<unknown> {
    if (this.#worker === undefined) this.#start()
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(this.#n + 1, waiting)
    this.#send(job)
    return await waiting.promise
  }

  /** Without an answer; what fails is logged. */
  #send(job: Job): void {
    this.#worker?.postMessage({ ...job, n: ++this.#n } satisfies SearchJob)
  }
}
