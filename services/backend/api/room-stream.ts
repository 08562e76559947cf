import type { Cursor, LiveReply, RoomEvent } from '../../chat/protocol.ts'
import type { Room } from '../../chat/rooms/room.ts'
import { Frame } from './frame.ts'
import { type Reader, unreadLimit } from './reader.ts'

/** From where a reader wants to go on; undefined: from now. */
export type From = { readonly offset: number; readonly check?: string | undefined } | undefined

/** What a reader may be behind by; with more it is told to list the messages anew. */
const catchUpBytes = 1024 * 1024
const catchUpMessages = 5000
/** At most five a second. */
const presenceMs = 200

export interface RoomStreamOptions {
  /** The answers that are being written in a room. */
  readonly live: (roomId: string) => LiveReply[]
  /** Who is there has changed. */
  readonly onPresence: (roomId: string) => void
}

/** All readers of one open room, and what each of them is told. */
export class RoomStream {
  readonly room: Room
  readonly #around: RoomStreamOptions
  readonly #readers = new Set<Reader>()
  /** Those that still read up, and what happened meanwhile. */
  readonly #joining = new Map<Reader, Meanwhile>()
  readonly #off: () => void
  #told = ''
  #timer: NodeJS.Timeout | undefined

  constructor(room: Room, around: RoomStreamOptions) {
    this.room = room
    this.#around = around
    this.#off = room.on(event => this.#tell(event))
  }

  get size(): number {
    return this.#readers.size + this.#joining.size
  }

  get present(): string[] {
    const readers = [...this.#readers, ...this.#joining.keys()]
    return [...new Set(readers.map(reader => reader.user))].sort()
  }

  readers(): Reader[] {
    return [...this.#readers, ...this.#joining.keys()]
  }

  /**
   * hello, what was said since, then what is said: without a gap, as the reader is listed before the room is read, and
   * without doubling, as what was read is left out of what was listed.
   */
  async join(reader: Reader, from: From): Promise<void> {
    const meanwhile: Meanwhile = { frames: [], bytes: 0 }
    this.#joining.set(reader, meanwhile)
    this.#presenceChanged()
    const { begin, caught, end } = await this.#readUp(from, meanwhile)
    // It may have left.
    if (!this.#joining.has(reader)) return
    const replies = this.#around.live(this.room.id)
    reader.send(new Frame({ type: 'hello', cursor: begin, present: this.present, replies }))
    meanwhile.frames = newsAmong(meanwhile.frames, end)
    // No faster than it reads: what it was not told yet must not count as what it leaves unread.
    const next = caught.values()
    for (;;) {
      if (reader.isFull) await reader.drained()
      if (!this.#joining.has(reader)) return
      const frame = next.next().value ?? meanwhile.frames.shift()
      if (frame === undefined) break
      reader.send(frame)
    }
    this.#joining.delete(reader)
    this.#readers.add(reader)
  }

  leave(reader: Reader): void {
    if (this.#readers.delete(reader) || this.#joining.delete(reader)) this.#presenceChanged()
  }

  /** For one who may no longer read. */
  dismiss(reader: Reader): void {
    reader.send(new Frame({ type: 'gone' }))
    reader.end('gone')
  }

  /** Of the last reader's leaving, or the server's. */
  close(): void {
    clearTimeout(this.#timer)
    this.#off()
  }

  /** The events behind `from`, and where they begin and end. Again if the room was rewound while it was read. */
  async #readUp(from: From, meanwhile: Meanwhile): Promise<{ begin: Cursor; caught: Frame[]; end: number }> {
    for (let attempt = 0; attempt < 5; attempt++) {
      meanwhile.frames = []
      await this.room.ready()
      const now = this.room.cursor
      if (from === undefined) return { begin: now, caught: [], end: now.offset }
      if ((this.room.unread(from.offset) ?? 0) > catchUpMessages) break
      const read = await this.room.since(from, catchUpBytes)
      if (meanwhile.frames.some(({ event }) => isRewind(event))) continue
      if (read.stale === true) break
      const caught = read.messages.map(
        (message, i) => new Frame({ type: 'message', message, cursor: read.cursors[i] ?? now }),
      )
      return { begin: read.from, caught, end: read.messages.at(-1)?.end ?? from.offset }
    }
    meanwhile.frames = []
    const cursor = this.room.cursor
    return { begin: cursor, caught: [new Frame({ type: 'reset', cursor })], end: cursor.offset }
  }

  #tell(event: RoomEvent): void {
    const frame = new Frame(event)
    for (const reader of this.#readers) reader.send(frame)
    for (const [reader, meanwhile] of this.#joining) {
      meanwhile.frames.push(frame)
      meanwhile.bytes += frame.bytes
      if (meanwhile.bytes > unreadLimit) reader.end('unread')
    }
    if (event.type !== 'gone') return
    for (const reader of this.#joining.keys()) reader.send(frame)
    for (const reader of this.readers()) reader.end('gone')
  }

  /** Once for each change of who is there, however many streams somebody has, and not faster than anybody can read. */
  #presenceChanged(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      const { present } = this
      const told = present.join('\t')
      if (told === this.#told) return
      this.#told = told
      this.room.publish({ type: 'presence', present })
      this.#around.onPresence(this.room.id)
    }, presenceMs).unref()
  }
}

/** What happened while a reader read up; `bytes` are all that ever were. */
interface Meanwhile {
  frames: Frame[]
  bytes: number
}

/** Of what happened before its hello, in which the state of replies and who is there was. Behind a rewind offsets are others. */
function newsAmong(frames: readonly Frame[], end: number): Frame[] {
  const rewound = frames.findIndex(({ event }) => isRewind(event))
  return frames.filter(({ event }, i) => (rewound !== -1 && i >= rewound) || isNews(event, end))
}

function isNews(event: RoomEvent, end: number): boolean {
  if (event.type === 'message') return event.message.offset >= end
  return event.type === 'renamed' || event.type === 'gone'
}

function isRewind({ type }: RoomEvent): boolean {
  return type === 'rewind' || type === 'reset'
}
