// Over 300 lines: one registry, whose every change is of the file, the row and the open room at once.
import { randomUUID } from 'node:crypto'
import { constants, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { ProblemError } from '../../../lib/problem.ts'
import { BbSplitter } from '../bb/split.ts'
import { roomLog, roomProblems } from '../messages.ts'
import { type RoomEvent, roomIdSchema } from '../protocol.ts'
import { type Clock, realClock } from './clock.ts'
import type { RoomEntry } from './entry.ts'
import { writeNormal } from './import.ts'
import { lockRooms } from './lock.ts'
import { foldersIn, keyOf, namesIn, type Place, placeOf } from './places.ts'
import { PostLog } from './post-log.ts'
import { moveFile, recoverPost, RenameNote } from './recover.ts'
import { Room } from './room.ts'
import { changedMs, RoomFile, versionAt, writeProblem } from './room-file.ts'
import { RoomFolders } from './room-folders.ts'
import { RoomRows } from './room-rows.ts'

export type { RoomEntry } from './entry.ts'

export interface RoomsOptions {
  readonly home: string
  readonly database: DatabaseSync
  readonly log: (line: string) => void
  readonly clock?: Clock
}

interface NewRoom {
  /** A user of the database; anybody else owns nothing. */
  readonly owner: string | null
  readonly agents?: readonly string[]
}

/** What happens to any room, for who keeps books of all of them. */
export type RoomsChange =
  /** To the messages of a room that is awake. */
  | { readonly type: 'event'; readonly id: string; readonly event: RoomEvent }
  /** Its file is new, or was changed while it was asleep. */
  | { readonly type: 'file'; readonly id: string }
  | { readonly type: 'renamed'; readonly id: string; readonly to: string }
  | { readonly type: 'gone'; readonly id: string }
  /** Who may do what in it, which agents are there, whether it is archived. */
  | { readonly type: 'entry'; readonly id: string }

/** A room that is known: what the list shows, and where it lies. */
interface Known {
  entry: RoomEntry
  path: string
  room: Room | undefined
  /** How many messages are behind a mark, of the version that the entry is of. */
  counts: Map<number, number>
}

/**
 * All rooms below `<home>/rooms`, of which one process at a time is the owner. What somebody puts there, moves or removes
 * by hand is noticed and counts.
 */
export class Rooms {
  readonly #root: string
  readonly #rows: RoomRows
  readonly #posts: PostLog
  readonly #clock: Clock
  readonly #log: (line: string) => void
  readonly #lock: Disposable
  readonly #known = new Map<string, Known>()
  readonly #folders: RoomFolders
  readonly #ignored = new Set<string>()
  readonly #troubled = new Set<string>()
  readonly #observers = new Set<(change: RoomsChange) => void>()
  #closed = false
  /** Since the last rescan another program had the database, for which each try waits. */
  #wasBusy = false

  /** Rejects with a ProblemError if another backend has these rooms. */
  static async open(options: RoomsOptions): Promise<Rooms> {
    const root = join(options.home, 'rooms')
    // Private rooms are nobody else's business.
    mkdirSync(join(root, '.old'), { recursive: true, mode: 0o700 })
    const rooms = new Rooms(root, options, lockRooms(root))
    rooms.#finishRename()
    rooms.#finishPosts()
    rooms.#removeCopies()
    rooms.#rescan()
    return rooms
  }

  private constructor(root: string, options: RoomsOptions, lock: Disposable) {
    this.#root = root
    this.#lock = lock
    this.#rows = new RoomRows(options.database)
    this.#posts = new PostLog(options.database)
    this.#clock = options.clock ?? realClock
    this.#log = options.log
    this.#folders = new RoomFolders(root, {
      found: place => this.#found(place),
      missing: id => {
        const known = this.#known.get(keyOf(id))
        if (known !== undefined && versionAt(known.path) === undefined) this.#miss(known)
      },
      ignored: this.#ignore,
      failed: error => this.#trouble(root, error),
    })
    this.#guarded(root, () => this.#posts.forgetBefore(this.#clock.now() - rememberPostsMs))
  }

  /** By name; archived ones, too. */
  list(): RoomEntry[] {
    return Array.from(this.#known.values(), ({ entry }) => entry).sort((one, other) =>
      one.id.localeCompare(other.id),
    )
  }

  entry(id: string): RoomEntry | undefined {
    return this.#known.get(keyOf(id))?.entry
  }

  /** The room's file. Throws a ProblemError if there is no such room. */
  path(id: string): string {
    return this.#get(id).path
  }

  /** The room, its file read. The same object for as long as the room has its file, also after a rename. */
  async room(id: string): Promise<Room> {
    const known = this.#get(id)
    known.room ??= this.#makeRoom(known)
    const { room } = known
    await room.ready()
    return room
  }

  /** Rejects with a ProblemError if there is one of this name, also in another case. */
  async create(id: string, { owner, agents }: NewRoom): Promise<RoomEntry> {
    const empty = (path: string): void => writeFileSync(path, '', { flag: 'wx', mode: 0o600 })
    return await this.#make(id, owner, agents ?? [], empty)
  }

  /** A new room with the text of a .bb file, written anew in the one right way; in pieces, so that it holds nobody up. */
  async importText(id: string, text: string | Uint8Array, { owner, agents }: NewRoom): Promise<RoomEntry> {
    return await this.#make(id, owner, agents ?? [], path => writeNormal(path, text))
  }

  /** Members, marks and what is being read go along. */
  async rename(id: string, to: string): Promise<void> {
    const toId = this.#asInFolder(validId(to))
    const known = this.#get(id)
    await this.#alone(known, () => {
      const { entry } = known
      if (keyOf(toId) !== keyOf(entry.id)) this.#mustBeFree(toId)
      const path = this.#pathOf(toId)
      const note = new RenameNote(this.#root)
      try {
        note.write({ from: { id: entry.id, path: known.path }, to: { id: toId, path } })
        moveFile(known.path, path)
      } catch (error) {
        note.clear()
        throw moveProblem(writeProblem(error, toId), entry.id, toId)
      }
      try {
        this.#rows.rename(entry.id, toId)
      } catch (error) {
        moveFile(path, known.path)
        note.clear()
        throw error
      }
      note.clear()
      this.#known.delete(keyOf(entry.id))
      known.entry = { ...known.entry, id: toId }
      known.path = path
      this.#known.set(keyOf(toId), known)
      this.#observed({ type: 'renamed', id: entry.id, to: toId })
      known.room?.publish({ type: 'renamed', to: toId })
    })
    this.#folders.watch()
  }

  /** Nobody writes to it until it is taken back. */
  async archive(id: string, archived: boolean): Promise<void> {
    this.#rows.archive(this.#get(id).entry.id, archived)
    this.#reload(id)
  }

  async setAgents(id: string, agents: readonly string[]): Promise<void> {
    this.#rows.setAgents(this.#get(id).entry.id, agents)
    this.#reload(id)
  }

  /** In place of all who were. */
  async setMembers(id: string, members: ReadonlyMap<string, 'reader' | 'writer'>): Promise<void> {
    this.#rows.setMembers(this.#get(id).entry.id, members)
    this.#reload(id)
  }

  /** Its file is kept in `rooms/.old/`, by the room's name and the time. */
  async remove(id: string): Promise<void> {
    const known = this.#get(id)
    // All of it in one turn: a room of this name that is made right afterwards has nothing of this one.
    await this.#alone(known, () => {
      const { entry, path, room } = known
      const old = this.#oldPath(entry.id)
      try {
        // In one step: by links, a crash could leave it in both places.
        renameSync(path, old)
      } catch (error) {
        throw moveProblem(error, entry.id, entry.id)
      }
      try {
        this.#rows.remove(entry.id)
      } catch (error) {
        renameSync(old, path)
        throw error
      }
      room?.end()
      this.#forget(known)
      room?.publish({ type: 'gone' })
    })
  }

  /** The user has read what is before this offset. */
  mark(id: string, user: string, offset: number): void {
    const { entry } = this.#get(id)
    this.#rows.mark(entry.id, user, Math.max(0, Math.min(offset, entry.bytes)))
  }

  /**
   * How many messages are behind the user's mark. Of a room that nobody has open, 64 KB are read at most, so that a number
   * of hundreds is a least one.
   */
  unread(id: string, user: string): number {
    const known = this.#get(id)
    const { entry, room } = known
    const mark = this.#rows.markOf(entry.id, user)
    if (mark >= entry.bytes) return 0
    const awake = room?.unread(mark)
    if (awake !== undefined) return awake
    const count = known.counts.get(mark) ?? countMessages(known, mark)
    known.counts.set(mark, count)
    return count
  }

  /** Hears of everything before the rooms' readers do. It must not throw. */
  observe(observer: (change: RoomsChange) => void): () => void {
    this.#observers.add(observer)
    return () => this.#observers.delete(observer)
  }

  /** After what is being written. */
  async close(): Promise<void> {
    this.#closed = true
    this.#folders.close()
    for (const { room } of this.#known.values()) await room?.close()
    this.#lock[Symbol.dispose]()
  }

  #get(id: string): Known {
    const known = this.#known.get(keyOf(id))
    if (known === undefined) throw new ProblemError(roomProblems.none(id))
    return known
  }

  /** `write` makes its text, at a hidden path. */
  async #make(
    id: string,
    owner: string | null,
    agents: readonly string[],
    write: (path: string) => void | Promise<void>,
  ): Promise<RoomEntry> {
    const newId = this.#asInFolder(validId(id))
    this.#mustBeFree(newId)
    const path = this.#pathOf(newId)
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const hidden = join(dirname(path), `.${randomUUID()}.bb.00000000`)
    try {
      await write(hidden)
      return this.#open(hidden, newId, path, owner, agents)
    } catch (error) {
      rmSync(hidden, { force: true })
      throw moveProblem(writeProblem(error, newId), newId, newId)
    }
  }

  /** Its file is written; now it becomes a room, in one turn. */
  #open(
    hidden: string,
    newId: string,
    path: string,
    owner: string | null,
    agents: readonly string[],
  ): RoomEntry {
    if (this.#closed) throw new ProblemError(roomProblems.none(newId))
    // Somebody may have been quicker.
    this.#mustBeFree(newId)
    // What an earlier room of this name has left: nobody inherits its members.
    if (versionAt(path) === undefined) this.#rows.remove(newId)
    this.#rows.ensure(newId, owner, this.#clock.now())
    this.#rows.setAgents(newId, agents)
    moveFile(hidden, path)
    this.#folders.watch()
    const place = placeOf(this.#root, relative(this.#root, path), this.#ignore)
    if (place === undefined) throw new ProblemError(roomProblems.none(newId))
    this.#adopt(place)
    return this.#get(newId).entry
  }

  #mustBeFree(id: string): void {
    if (this.entry(id) !== undefined) throw new ProblemError(roomProblems.exists(id))
  }

  /** The user's part as their folder is written, if they have one. */
  #asInFolder(id: string): string {
    const [user = '', name] = id.split('/')
    const folder = name === undefined ? undefined : this.#folderOf(user)
    return folder === undefined ? id : `${basename(folder).normalize('NFC')}/${name}`
  }

  #pathOf(id: string): string {
    const [user = '', name] = id.split('/')
    if (name === undefined) return join(this.#root, `${id}.bb`)
    return join(this.#folderOf(user) ?? join(this.#root, user), `${name}.bb`)
  }

  #folderOf(user: string): string | undefined {
    return foldersIn(this.#root).find(
      folder => folder !== this.#root && keyOf(basename(folder)) === keyOf(user),
    )
  }

  #oldPath(id: string): string {
    const time = new Date(this.#clock.now()).toISOString().replaceAll(':', '-')
    // Somebody may have removed all of rooms/.
    mkdirSync(join(this.#root, '.old'), { recursive: true, mode: 0o700 })
    const name = shortened(id.replace('/', ' '), mostOldNameBytes)
    return join(this.#root, '.old', `${name} ${time} ${randomUUID().slice(0, 4)}.bb`)
  }

  /** Accounts were made or removed, and with them owners and members. */
  accountsChanged(): void {
    for (const row of this.#rows.all()) {
      const known = this.#known.get(keyOf(row.id))
      if (known !== undefined) known.entry = { ...known.entry, ...row, id: known.entry.id }
    }
  }

  /** Throws a ProblemError if it has gone before its turn came. */
  async #alone(known: Known, work: () => void): Promise<void> {
    const check = (): void => {
      const { id } = known.entry
      if (this.#known.get(keyOf(id)) !== known) throw new ProblemError(roomProblems.none(id))
      work()
    }
    if (known.room === undefined) check()
    else await known.room.exclusively(check)
  }

  /** What the database says, anew. */
  #reload(id: string): void {
    const known = this.#get(id)
    known.entry = { ...known.entry, ...this.#rows.ensure(known.entry.id, null, this.#clock.now()) }
    this.#observed({ type: 'entry', id: known.entry.id })
  }

  #makeRoom(known: Known): Room {
    return new Room({
      place: () => ({ id: known.entry.id, path: known.path, archived: known.entry.archived }),
      posts: this.#posts,
      clock: this.#clock,
      keep: async (id, path) => {
        const { COPYFILE_EXCL, COPYFILE_FICLONE } = constants
        await copyFile(path, this.#oldPath(id), COPYFILE_EXCL | COPYFILE_FICLONE)
      },
      observe: event => this.#observed({ type: 'event', id: known.entry.id, event }),
      changed: version => {
        known.entry = {
          ...known.entry,
          bytes: version.size,
          changed: changedMs(version),
        }
        known.counts.clear()
      },
      gone: () => this.#forget(known),
      failed: error => this.#log(roomLog.trouble(known.entry.id, error)),
    })
  }

  #observed(change: RoomsChange): void {
    for (const observer of this.#observers) observer(change)
  }

  #forget(known: Known): void {
    if (this.#known.get(keyOf(known.entry.id)) !== known) return
    this.#known.delete(keyOf(known.entry.id))
    this.#observed({ type: 'gone', id: known.entry.id })
  }

  /** A file that can't become a room for now, since the database can't be written, keeps none of the others away. */
  #found(place: Place): void {
    if (this.#wasBusy && !this.#known.has(keyOf(place.id))) return
    this.#guarded(place.path, () => this.#adopt(place))
  }

  /** For what nobody waits for: an error that nobody catches would end the process. The next rescan tries again. */
  #guarded(what: string, work: () => void): void {
    try {
      work()
      this.#troubled.delete(what)
    } catch (error) {
      this.#wasBusy ||= error instanceof ProblemError && error.problem.code === 'busy'
      this.#trouble(what, error)
    }
  }

  /** Once, as long as it lasts. */
  #trouble(what: string, error: unknown): void {
    if (this.#troubled.has(what)) return
    this.#troubled.add(what)
    this.#log(roomLog.trouble(what, error))
  }

  #adopt(place: Place): void {
    const key = keyOf(place.id)
    const known = this.#known.get(key)
    if (known === undefined) {
      const slash = place.id.indexOf('/')
      const owner = slash === -1 ? null : place.id.slice(0, slash)
      const row = this.#rows.ensure(place.id, owner, this.#clock.now())
      const entry = { ...row, bytes: place.bytes, changed: place.changed }
      this.#known.set(key, { entry, path: place.path, room: undefined, counts: new Map() })
      this.#observed({ type: 'file', id: place.id })
      return
    }
    if (known.path !== place.path && versionAt(known.path) !== undefined) {
      return this.#ignore(place.path, roomLog.twice(known.path))
    }
    const { entry, room } = known
    const asBefore = entry.bytes === place.bytes && entry.changed === place.changed
    known.path = place.path
    known.entry = { ...entry, bytes: place.bytes, changed: place.changed }
    if (!asBefore) known.counts.clear()
    if (room?.isAsleep === false) room.look()
    else if (!asBefore) this.#observed({ type: 'file', id: entry.id })
  }

  readonly #ignore = (path: string, why: string): void => {
    if (this.#ignored.has(path)) return
    this.#ignored.add(path)
    this.#log(roomLog.ignored(path, why))
  }

  /** Sees what the watches may have missed. */
  #rescan(): void {
    this.#wasBusy = false
    this.#guarded(this.#root, () => {
      this.#folders.watch()
      const seen = new Set(this.#folders.look().map(({ id }) => keyOf(id)))
      for (const [key, known] of this.#known) if (!seen.has(key)) this.#miss(known)
      for (const { room } of this.#known.values()) room?.rest(idleMs)
    })
    this.#clock.after(rescanMs, () => {
      if (!this.#closed) this.#rescan()
    })
  }

  /** Editors take a file away for a moment. An open room finds out by itself. */
  #miss(known: Known): void {
    known.room?.look()
    this.#clock.after(goneMs, () => {
      if (this.#closed || versionAt(known.path) !== undefined) return
      if (known.room !== undefined && !known.room.isAsleep) return
      known.room?.end()
      this.#forget(known)
    })
  }

  #finishRename(): void {
    // What fails is tried again at the next start; the other rooms have to come up.
    this.#guarded(this.#root, () => {
      const note = new RenameNote(this.#root)
      const left = note.finish()
      if (left !== undefined) this.#rows.rename(left.from.id, left.to.id)
      note.clear()
    })
  }

  #finishPosts(): void {
    for (const post of this.#posts.begun()) {
      try {
        const outcome = recoverPost(this.#pathOf(post.room), post)
        if (outcome === 'written') this.#log(roomLog.recovered(post.room))
        if (outcome === 'changed') {
          this.#log(roomLog.leftAlone(post.room))
          this.#posts.drop(post.room, post.key)
        } else this.#posts.settle(post.room)
      } catch (error) {
        // The next start tries again; the other rooms have to come up.
        this.#log(roomLog.trouble(post.room, error))
      }
    }
  }

  /** What a killed edit or import has left. */
  #removeCopies(): void {
    for (const folder of foldersIn(this.#root)) {
      for (const name of namesIn(folder)) {
        if (!/^\..*\.bb\.[0-9a-f]{8}$/.test(name)) continue
        this.#guarded(join(folder, name), () => rmSync(join(folder, name)))
      }
    }
  }
}

const rescanMs = 5000
const goneMs = 1000
const idleMs = 60_000
const rememberPostsMs = 7 * 24 * 3600 * 1000
const mostUnreadBytes = 64 * 1024
/** Of a room's id in a file's name, which is 255 bytes at most. */
const mostOldNameBytes = 200

function validId(id: string): string {
  const parsed = roomIdSchema.safeParse(id)
  if (parsed.success) return parsed.data
  throw new ProblemError(roomProblems.badId(id, parsed.error.issues[0]?.message ?? ''))
}

function shortened(name: string, mostBytes: number): string {
  const letters = Array.from(name)
  while (Buffer.byteLength(letters.join('')) > mostBytes) letters.pop()
  return letters.join('')
}

function moveProblem(error: unknown, from: string, to: string): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EEXIST') return new ProblemError(roomProblems.exists(to), { cause: error })
  if (code === 'ENOENT') return new ProblemError(roomProblems.none(from), { cause: error })
  return error
}

function countMessages(known: Known, from: number): number {
  using file = openOrNone(known)
  if (file === undefined) return 0
  let count = 0
  const splitter = BbSplitter.at(from, 0)
  splitter.feed(
    file.read(from, Math.max(from, Math.min(file.version().size, from + mostUnreadBytes))),
    () => count++,
  )
  splitter.finish(() => count++)
  return count
}

/** A file that can't be read must not hide the other rooms. */
function openOrNone({ path, entry }: Known): RoomFile | undefined {
  try {
    return RoomFile.open(path, entry.id)
  } catch (error) {
    if (error instanceof ProblemError) return undefined
    throw error
  }
}
