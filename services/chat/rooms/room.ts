// Over 300 lines: what writes, what reads and what watches share one state and one order.
import { ProblemError } from '../../../lib/problem.ts'
import { messageHash } from '../bb/hash.ts'
import { normalText } from '../bb/normal.ts'
import { isLabel, writeBb } from '../bb/write.ts'
import { roomProblems } from '../messages.ts'
import type { Cursor, Message, RoomEvent } from '../protocol.ts'
import { type Clock, Timers } from './clock.ts'
import type { PostLog } from './post-log.ts'
import { type Change, replaceIn } from './replace.ts'
import { eventsBetween, eventsFrom, type Posted } from './room-events.ts'
import { changedMs, RoomFile, sameVersion, type Version, versionAt } from './room-file.ts'
import { RoomState } from './room-state.ts'

export interface NewPost {
  readonly author: string
  readonly text: string
  /** The same key by the same author posts once, however often it is tried. */
  readonly key?: string | undefined
  /** The answer that ends with this message. */
  readonly reply?: string | undefined
}

export type Since =
  | {
      readonly messages: Message[]
      readonly cursors: Cursor[]
      readonly from: Cursor
      readonly stale?: undefined
    }
  | { readonly stale: true }

/** A conflict: the message is not (or not any more) the one that was meant. `message`: what stands there now, if anything. */
export interface Changed {
  readonly conflict?: true
  readonly message?: Message
  readonly cursor: Cursor
}

export interface RoomOptions {
  /** As of now: a rename changes it. */
  readonly place: () => { readonly id: string; readonly path: string; readonly archived: boolean }
  readonly posts: PostLog
  readonly clock: Clock
  /** Keeps what a clear takes away. */
  readonly keep: (id: string, path: string) => Promise<void>
  /** Everything that happens to the file's messages, before the listeners hear of it. */
  readonly observe: (event: RoomEvent) => void
  /** After each change of the file. */
  readonly changed: (version: Version) => void
  /** The file has been away for a while. */
  readonly gone: () => void
  readonly failed: (error: unknown) => void
}

/**
 * One room: the only writer of its file, and the watcher of what others do to it. What writes, and what reads the whole
 * file, happens one after the other; pages are read in between. Reads look at the file first, so they are never older than
 * what an editor has just saved. A room without listeners may be asleep: the next call reads its file again.
 */
export class Room {
  readonly #options: RoomOptions
  readonly #listeners = new Set<(event: RoomEvent) => void>()
  #state: RoomState | undefined
  #queue: Promise<unknown> = Promise.resolve()
  #busy = 0
  #cursor: Cursor = { offset: 0, check: 'e3b0c442' }
  #count = 0
  #used = 0
  #looking = false
  #isOwnChange = false
  #over = false
  readonly #timers: Timers<'quiet' | 'verify' | 'gone'>

  constructor(options: RoomOptions) {
    this.#options = options
    this.#timers = new Timers(options.clock)
  }

  get id(): string {
    return this.#options.place().id
  }

  /** The end, behind the last whole message. */
  get cursor(): Cursor {
    return this.#cursor
  }

  get count(): number {
    return this.#count
  }

  /** Oldest first; `before` is the ordinal that comes after the last of them. At most `bytes` of the file, but one message. */
  async list(range: { before?: number | undefined; limit: number; bytes?: number }): Promise<Message[]> {
    return await this.#read(state => {
      const { index } = state
      const to = Math.min(range.before ?? index.count, index.count)
      let from = Math.max(0, to - range.limit)
      while (from < to - 1 && index.offset(to) - index.offset(from) > (range.bytes ?? Infinity)) from++
      return state.messages(from, to)
    })
  }

  /** One message; undefined if there are not so many. */
  async message(id: number): Promise<Message | undefined> {
    return await this.#read(state => (id < state.index.count ? state.messages(id, id + 1) : [])).then(
      messages => messages[0],
    )
  }

  /**
   * Messages behind a cursor, and a cursor behind each of them; `from` is the one that was asked for. Stale: its text is not
   * this room's any more, or there is more than that many bytes.
   */
  async since(
    cursor: { readonly offset: number; readonly check?: string | undefined },
    mostBytes: number,
  ): Promise<Since> {
    return await this.#read(state => {
      const { index } = state
      const stale = { stale: true as const }
      if (cursor.offset > index.end || index.end - cursor.offset > mostBytes) return stale
      if (cursor.check !== undefined && state.cursorAt(cursor.offset).check !== cursor.check) return stale
      const from = firstBehind(state, cursor.offset)
      if (from === undefined) return stale
      const messages = state.messages(from, index.count)
      const cursors = state.cursorsAt(messages?.map(({ end }) => end) ?? [])
      return messages && { messages, cursors, from: state.cursorAt(cursor.offset) }
    })
  }

  /** Resolves when it is in the file. Rejects with a ProblemError (archived, disk full, gone …); then nothing is. */
  async post(post: NewPost): Promise<{ message: Message; cursor: Cursor; repeated: boolean }> {
    const { author } = post
    if (!isLabel(author)) throw new ProblemError(roomProblems.badAuthor(author))
    const text = postedText(post.text)
    if (text === '') throw new ProblemError(roomProblems.empty())
    return await this.#inTurn(async () => {
      const state = await this.#toWrite()
      // Of its author alone: nobody uses up another's key. Without a key it is begun before it is written all the same.
      const key = post.key === undefined ? '' : `${author}\t${post.key}`
      const earlier = key === '' ? undefined : this.#options.posts.find(this.id, key)
      if (earlier === undefined) return await this.#append(state, key, { author, text, reply: post.reply })
      const id = state.index.ordinalAt(earlier.offset)
      const there = id < state.index.count ? state.messages(id, id + 1)?.[0] : undefined
      const end = earlier.offset + earlier.length
      const was = { id, author, text, hash: earlier.hash, offset: earlier.offset, end }
      return { message: there?.hash === earlier.hash ? there : was, cursor: this.#cursor, repeated: true }
    })
  }

  /**
   * Another text for the message that has this hash, and this author if one is given: who may change one author's message has
   * looked before, and another of the same text may stand there by now. An empty text takes it away.
   */
  async edit(id: number, hash: string, text: string, author?: string | null): Promise<Changed> {
    return await this.#change((state, at) => {
      const message = at(id)
      if (message === undefined || !isMeant(message, hash, author)) return message
      const normal = postedText(text)
      if (normal === '') return without(state, message)
      const bytes = Buffer.from(writeBb(message.author, normal))
      return { offset: message.offset, end: message.end, bytes }
    })
  }

  /** Takes the last message away, if it has this hash, and this author if one is given. */
  async undo(hash: string, author?: string | null): Promise<Changed> {
    return await this.#change((state, at) => {
      const message = at(state.index.count - 1)
      if (message === undefined || !isMeant(message, hash, author)) return message
      return without(state, message)
    })
  }

  /** Takes everything away; the text is kept in `rooms/.old/`. */
  async clear(): Promise<Changed> {
    return await this.#change(async ({ version }) => {
      const { id, path } = this.#options.place()
      await this.#options.keep(id, path)
      return { offset: 0, end: version.size, bytes: Buffer.alloc(0) }
    })
  }

  /** Synchronous; the listener sees every event after this call, in order. It must not throw. */
  on(listener: (event: RoomEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** For what others say to the room's readers (reply.*, presence). */
  publish(event: RoomEvent): void {
    // Not the set itself: who comes in between has not asked for this one.
    for (const listener of Array.from(this.#listeners)) listener(event)
  }

  /** Messages behind an offset; undefined while it is asleep. */
  unread(offset: number): number | undefined {
    const index = this.#state?.index
    return index && index.count - index.ordinalAt(offset)
  }

  /** For listeners: what they hear now was asked for here (edit, undo, clear), and is no half of somebody's save. */
  get isOwnChange(): boolean {
    return this.#isOwnChange
  }

  get isAsleep(): boolean {
    return this.#state === undefined
  }

  /** Whether anybody listens. */
  get isHeard(): boolean {
    return this.#listeners.size > 0
  }

  /** Reads the file if it isn't read. Rejects with a ProblemError if there is none, or it can't be read. */
  async ready(): Promise<void> {
    await this.#fresh()
  }

  /** Looks whether somebody else has changed the file; for watches and rescans. */
  look(): void {
    const { path } = this.#options.place()
    if (this.#state === undefined || this.#looking) return
    if (sameVersion(this.#state.version, versionAt(path))) return
    this.#looking = true
    this.#later(async () => {
      this.#looking = false
      await this.#refresh()
    })
  }

  /** Something that moves the file; nothing is written meanwhile. */
  async exclusively<T>(work: () => T | Promise<T>): Promise<T> {
    return await this.#inTurn(async () => await work())
  }

  /** Gives the memory back if nobody has asked for so long. */
  rest(idleMs: number): void {
    if (this.isHeard || this.#busy > 0 || this.#options.clock.now() - this.#used < idleMs) return
    this.#sleep()
  }

  /** After what is under way; nothing works afterwards. */
  async close(): Promise<void> {
    await this.#inTurn(async () => this.end())
  }

  /**
   * At once, for who has the turn, or has seen that the file has gone. Nothing works afterwards: whoever still has this object
   * must not write to the next room of this name.
   */
  end(): void {
    this.#sleep()
    this.#over = true
  }

  #sleep(): void {
    if (this.#state === undefined) return
    this.#timers.stopAll()
    this.#settle()
    this.#state.file[Symbol.dispose]()
    this.#state = undefined
  }

  /** Reading goes on when the database can't be written; then the next start looks for a post that is long there. */
  #settle(): void {
    try {
      this.#options.posts.settle(this.id)
    } catch (error) {
      this.#options.failed(error)
    }
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    this.#busy++
    const result = this.#queue.then(work)
    // Its caller hears of it; the next one has nothing to do with it.
    this.#queue = result.catch(() => {})
    try {
      return await result
    } finally {
      this.#busy--
      this.#used = this.#options.clock.now()
    }
  }

  #later(work: () => Promise<void>): void {
    this.#inTurn(work).catch(this.#options.failed)
  }

  #after(timer: 'quiet' | 'verify' | 'gone', ms: number, work: () => Promise<void>): void {
    this.#timers.start(timer, ms, () => this.#later(work))
  }

  async #read<T>(take: (state: RoomState) => T | undefined): Promise<T> {
    for (let tries = 0; tries < 3; tries++) {
      await this.#fresh()
      // Not what that gave: a close may have been next in turn.
      const state = this.#state
      if (state === undefined) continue
      const result = take(state)
      if (result !== undefined) return result
    }
    throw new ProblemError(roomProblems.busyEdit(this.id))
  }

  async #fresh(): Promise<RoomState> {
    this.#used = this.#options.clock.now()
    const state = this.#state
    if (state !== undefined && sameVersion(state.version, versionAt(this.#options.place().path))) return state
    return await this.#inTurn(async () => await this.#refresh())
  }

  /** In turn. The state as the file is now; of a file that is away for a moment, as it was. */
  async #refresh(): Promise<RoomState> {
    if (this.#over) throw new ProblemError(roomProblems.none(this.id))
    const state = this.#state
    const version = versionAt(this.#options.place().path)
    if (version === undefined) return this.#missing(state)
    this.#timers.stop('gone')
    const half = this.#quietFor(version) >= quietMs ? 'show' : 'leave'
    let next = state
    if (state === undefined || !sameVersion(state.version, version)) {
      next = await this.#reread(state, version, half)
    } else if (half === 'show' && isHalf(state)) {
      next = await RoomState.read(state.file, lastOf(state), half)
    }
    if (next === undefined || next === state) return state as RoomState
    if (this.#over) {
      // Its file went while it was read.
      next.file[Symbol.dispose]()
      throw new ProblemError(roomProblems.none(this.id))
    }
    this.#take(next)
    return next
  }

  #quietFor(version: Version): number {
    // A time to come is as good: clocks differ, and somebody may have set it.
    return Math.abs(this.#options.clock.now() - changedMs(version))
  }

  async #reread(state: RoomState | undefined, version: Version, half: 'leave' | 'show'): Promise<RoomState> {
    if (state !== undefined && isGrown(state, version)) {
      this.#after('verify', verifyMs, async () => await this.#verify())
      return await RoomState.read(state.file, lastOf(state), half)
    }
    this.#timers.stop('verify')
    const { id, path } = this.#options.place()
    const file = RoomFile.open(path, id)
    if (file === undefined) throw new ProblemError(roomProblems.none(id))
    return await RoomState.read(file, undefined, half)
  }

  /** In turn. A change far before the end of a grown file was not seen at first. */
  async #verify(): Promise<void> {
    const state = this.#state
    if (state !== undefined && !isHalf(state)) this.#take(await RoomState.read(state.file, undefined, 'show'))
  }

  #missing(state: RoomState | undefined): RoomState {
    if (state === undefined) throw new ProblemError(roomProblems.none(this.id))
    // Editors move the file away for a moment.
    if (!this.#timers.has('gone')) {
      this.#after('gone', goneMs, async () => {
        if (versionAt(this.#options.place().path) !== undefined) return void (await this.#refresh())
        this.end()
        this.#options.gone()
        this.publish({ type: 'gone' })
      })
    }
    return state
  }

  /** In turn. Waits a moment for a file that is away. */
  async #toWrite(): Promise<RoomState> {
    if (this.#options.place().archived) throw new ProblemError(roomProblems.archived(this.id))
    for (let tries = 0; tries < 10; tries++) {
      const state = await this.#refresh()
      const version = versionAt(this.#options.place().path)
      if (sameVersion(state.version, version)) return state
      if (version !== undefined) continue
      await new Promise<void>(resolve => this.#options.clock.after(goneMs / 10, resolve))
    }
    throw new ProblemError(roomProblems.none(this.id))
  }

  async #append(
    before: RoomState,
    key: string,
    post: { author: string; text: string; reply: string | undefined },
  ): Promise<{ message: Message; cursor: Cursor; repeated: false }> {
    const { posts, clock, place } = this.#options
    const hash = messageHash(post.text)
    for (let state = before; ; state = await this.#toWrite()) {
      const { lead, isWhole } = state
      const record = Buffer.from(lead + writeBb(post.author, post.text))
      const offset = state.version.size + lead.length
      const length = record.length - lead.length
      const { id, path } = place()
      posts.begin(id, key, { offset, length, hash }, record, clock.now())
      try {
        state.file.append(record)
      } catch (error) {
        posts.drop(id, key)
        throw error
      }
      const version = state.file.version()
      // An editor has put another file there just now: nobody will ever read what was written to the old one.
      if (versionAt(path)?.inode !== version.inode) {
        posts.drop(id, key)
        continue
      }
      if (isWhole && version.size === offset + length) {
        state.grow(record, version)
        this.#noteEnd(state)
        this.#emit(eventsFrom(state, state.index.count - 1, post))
      } else {
        this.#take(await RoomState.read(state.file, lastOf(state)), { hash, reply: post.reply })
      }
      const index = this.#state?.index ?? state.index
      const at = index.ordinalAt(offset)
      const { author, text } = post
      const message = { id: at, author, text, hash, offset: index.offset(at), end: offset + length }
      return { message, cursor: this.#cursor, repeated: false }
    }
  }

  async #change(
    decide: (
      state: RoomState,
      at: (id: number) => Message | undefined,
    ) => Change | Message | undefined | Promise<Change>,
  ): Promise<Changed> {
    return await this.#inTurn(async () => {
      for (let tries = 0; tries < 3; tries++) {
        const state = await this.#toWrite()
        const { id, path } = this.#options.place()
        const { count } = state.index
        const at = (id: number): Message | undefined =>
          id >= 0 && id < count ? state.messages(id, id + 1)?.[0] : undefined
        const change = await decide(state, at)
        if (change === undefined) return { conflict: true, cursor: this.#cursor }
        if ('id' in change) return { conflict: true, message: change, cursor: this.#cursor }
        // Where they stand changes now; that they were written does not.
        this.#options.posts.settle(id)
        if (!(await replaceIn(path, state.file, state.version, change))) continue
        const { offset, end, bytes } = change
        try {
          this.#options.posts.shift(id, offset, bytes.length - (end - offset))
        } catch (error) {
          // It has happened; a mark that is somewhat off is the lesser harm.
          this.#options.failed(error)
        }
        const file = RoomFile.open(path, id)
        if (file === undefined) continue
        const from = state.index.ordinalAt(offset)
        // The message before it may have got an empty line.
        const half = state.tail.shown ? 'show' : 'leave'
        const next = await RoomState.read(file, { state, count: Math.max(0, from - 1) }, half)
        this.#isOwnChange = true
        this.#take(next)
        this.#isOwnChange = false
        const message = bytes.length > 1 ? next.messages(from, from + 1)?.[0] : undefined
        return { ...(message && { message }), cursor: this.#cursor }
      }
      throw new ProblemError(roomProblems.busyEdit(this.id))
    })
  }

  /** In turn. Another version of the file is the room from now on; its readers learn what is different. */
  #take(next: RoomState, posted?: Posted): void {
    const old = this.#state
    this.#state = next
    if (old !== undefined) {
      // What was posted has been in the file. Who takes it out by hand does not get it back after a crash.
      this.#settle()
      if (old.file !== next.file) old.file[Symbol.dispose]()
    }
    this.#noteEnd(next)
    if (isHalf(next)) {
      const ms = Math.max(0, quietMs - this.#quietFor(next.version))
      this.#after('quiet', ms, async () => void (await this.#refresh()))
    }
    if (old !== undefined) this.#emit(eventsBetween(old, next, posted))
    // It may have changed while it was asleep. There are no listeners then.
    else this.#options.observe({ type: 'reset', cursor: this.#cursor })
  }

  #noteEnd(state: RoomState): void {
    this.#count = state.index.count
    this.#cursor = state.cursor
    this.#options.changed(state.version)
  }

  #emit(events: readonly RoomEvent[]): void {
    for (const event of events) {
      this.#options.observe(event)
      this.publish(event)
    }
  }
}

/** Half a message is shown when nobody has written to it for so long. */
const quietMs = 1000
/** How long a file may be away while an editor saves it. */
const goneMs = 1000
const verifyMs = 5000

/** Undefined: whoever said it. */
function isMeant(message: Message, hash: string, author: string | null | undefined): boolean {
  return message.hash === hash && (author === undefined || message.author === author)
}

/** Nobody wants the empty lines before what was typed. */
function postedText(text: string): string {
  return normalText(text).replace(/^\n+/, '')
}

/** Not between two messages: fine if only the empty lines before one were there at first, or those behind it were not. */
function firstBehind({ index, file }: RoomState, offset: number): number | undefined {
  const ordinal = index.ordinalAt(offset)
  if (index.offset(ordinal) === offset || isEmpty(file.read(index.offset(ordinal), offset))) return ordinal
  return isEmpty(file.read(offset, index.offset(ordinal + 1))) ? ordinal + 1 : undefined
}

function isEmpty(bytes: Uint8Array): boolean {
  return bytes.every(byte => byte === 10 || byte === 13)
}

/** What is around it must not become one: the empty line that ended it may have parted others, too. */
function without({ file }: RoomState, { offset, end }: Message): Change {
  const before = file.read(Math.max(0, offset - 3), offset).toString('latin1')
  const parted = offset === 0 || /\n\r?\n$/.test(before)
  return { offset, end, bytes: Buffer.from(parted ? '' : '\n') }
}

function isGrown(state: RoomState, version: Version): boolean {
  const { inode, device, size } = state.version
  return inode === version.inode && device === version.device && version.size > size && state.stillEnds
}

/** Half a message at the end, which nobody sees yet. */
function isHalf({ tail }: RoomState): boolean {
  return tail.torn && !tail.shown
}

/** Up to its last message, which may go on in what follows. */
function lastOf(state: RoomState): { state: RoomState; count: number } {
  return { state, count: Math.max(0, state.index.count - 1) }
}
