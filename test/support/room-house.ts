import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type DatabaseSync, openDatabase } from '../../services/chat/database.ts'
import type { RoomEvent } from '../../services/chat/protocol.ts'
import type { Clock } from '../../services/chat/rooms/clock.ts'
import type { Room } from '../../services/chat/rooms/room.ts'
import { Rooms } from '../../services/chat/rooms/rooms.ts'
import { tempDir, type TempDir } from './temp.ts'

/** Rooms in a folder of their own, with the users alice and bob. */
export class RoomHouse implements AsyncDisposable {
  readonly home: string
  readonly clock: TestClock
  readonly log: string[] = []
  rooms!: Rooms
  database!: DatabaseSync
  readonly #folder: TempDir

  static async open(): Promise<RoomHouse> {
    const house = new RoomHouse(await tempDir())
    mkdirSync(join(house.home, 'rooms'))
    await house.start()
    return house
  }

  private constructor(folder: TempDir) {
    this.#folder = folder
    this.home = folder.path
    this.clock = new TestClock()
  }

  /** Again after stop(). */
  async start(): Promise<void> {
    this.database = openDatabase(this.home)
    for (const name of ['alice', 'bob']) {
      this.database
        .prepare(`INSERT OR IGNORE INTO users (name, role, created) VALUES (?, 'user', 0)`)
        .run(name)
    }
    this.rooms = await Rooms.open({
      home: this.home,
      database: this.database,
      clock: this.clock,
      log: line => this.log.push(line),
    })
  }

  async stop(): Promise<void> {
    await this.rooms.close()
    this.database.close()
  }

  file(relative: string): string {
    return join(this.home, 'rooms', relative)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.#folder[Symbol.asyncDispose]()
  }
}

/** The real time, and what was added to it. Timers run when their time is added, so nothing waits. */
export class TestClock implements Clock {
  #added = 0
  readonly #timers = new Set<{ at: number; call: () => void }>()

  now(): number {
    return Date.now() + this.#added
  }

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.now() + ms, call }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  pass(ms: number): void {
    this.#added += ms
    const due = [...this.#timers].filter(({ at }) => at <= this.now())
    for (const timer of due.sort((one, other) => one.at - other.at)) {
      if (this.#timers.delete(timer)) timer.call()
    }
  }
}

/** What a reader of a room sees from now on. */
export class Listening {
  readonly events: RoomEvent[] = []
  #wake: (() => void) | undefined

  constructor(room: Room) {
    room.on(event => {
      this.events.push(event)
      this.#wake?.()
    })
  }

  /** Waits for the first event for which it holds, and takes it and those before it away; gives all of them. */
  async until(holds: (event: RoomEvent) => boolean): Promise<RoomEvent[]> {
    for (;;) {
      const at = this.events.findIndex(holds)
      if (at !== -1) return this.events.splice(0, at + 1)
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
  }

  /** Until a message with this text; in short form. */
  async untilText(text: string): Promise<string[]> {
    return (await this.until(event => event.type === 'message' && event.message.text === text)).map(short)
  }
}

export function short(event: RoomEvent): string {
  if (event.type === 'message')
    return `${event.message.id} ${event.message.author ?? ''}: ${event.message.text}`
  if (event.type === 'rewind') return `rewind ${event.id}`
  return event.type
}
