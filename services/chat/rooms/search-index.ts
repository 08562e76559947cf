import { createHash } from 'node:crypto'
import { chmodSync, existsSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { BbScanner, type ScannedMessage } from '../bb/scanner.ts'
import { makePrivate } from '../database.ts'
import type { Cursor } from '../protocol.ts'
import { RoomFile } from './room-file.ts'
import { anywhere, snippetOf, termsOf } from './search-terms.ts'

export interface Found {
  /** For the next page: hand the last one's `at` to `before`. */
  readonly at: number
  readonly room: string
  /** The message's ordinal. */
  readonly id: number
  readonly author: string | null
  /** A piece of the text; U+0002 and U+0003 stand around what was found. */
  readonly snippet: string
  readonly hash: string
}

export interface Query {
  readonly words: string
  /** Only in these. */
  readonly rooms: readonly string[]
  readonly limit: number
  readonly before?: number | undefined
}

/** What is indexed of a message; its ordinal comes with the call. */
export interface Indexed {
  readonly author: string | null
  readonly text: string
  readonly hash: string
}

/**
 * `<home>/search.db`: all messages in an index of their words, and how far each room's file is in it. It holds nothing that
 * the files don't, so it may be removed at any time, and is begun anew when it is broken. Synchronous: for a thread of its own.
 */
export class SearchIndex {
  readonly #path: string
  #database: DatabaseSync

  constructor(path: string) {
    this.#path = path
    this.#database = openOrRebuild(path)
  }

  /**
   * Messages take the place of all that were at this ordinal and behind it. `end`: behind the last of them. Where some are
   * missing before them, nothing is done but to say so.
   */
  put(
    room: string,
    from: number,
    messages: readonly Indexed[],
    end: Cursor,
  ): { missing: string } | undefined {
    const id = this.#idOf(room)
    if (this.#count(id) < from) return { missing: room }
    this.#whole(() => {
      this.#cut(id, from)
      this.#insert(id, from, messages)
      this.#setEnd(id, end, '')
    })
    return undefined
  }

  forget(room: string): void {
    this.#whole(() => {
      this.#cut(this.#idOf(room), 0)
      this.#database.prepare('DELETE FROM rooms WHERE name = ?').run(room)
    })
  }

  rename(room: string, to: string): void {
    this.forget(to)
    this.#database.prepare('UPDATE rooms SET name = ? WHERE name = ?').run(to, room)
  }

  /** The names of all rooms of which something is here. */
  rooms(): string[] {
    return this.#database
      .prepare('SELECT name FROM rooms')
      .all()
      .map(row => String(row['name']))
  }

  /** Reads what a room's file has more than the index, or all of it if it begins otherwise by now. */
  catchUp(room: string, path: string): void {
    using file = RoomFile.open(path, room)
    if (file === undefined) return this.forget(room)
    const { size, changedNs } = file.version()
    const seen = `${size} ${changedNs}`
    const known = this.#database
      .prepare('SELECT id, offset, "check", seen FROM rooms WHERE name = ?')
      .get(room)
    if (known?.['seen'] === seen) return
    const begun = known !== undefined && checkOf(file, Number(known['offset'])) === known['check']
    this.#whole(() => {
      const id = this.#idOf(room)
      if (!begun) this.#cut(id, 0)
      this.#readFile(id, file, size, begun ? Number(known['offset']) : 0, seen)
    })
  }

  /**
   * Newest first, as far as files without times tell it: in the order in which they came here. What one looks for in a chat
   * is mostly the last time that it was said, and such an order can be paged while people go on talking; a ranking by
   * relevance can not.
   */
  search({ words, rooms, limit, before }: Query): Found[] {
    const { match, parts } = termsOf(words)
    if (match === '' && parts.length === 0) return []
    const snippet = match === '' ? 'messages.text' : `snippet(found, 1, char(2), char(3), '…', 24)`
    const conditions = [
      ...(match === '' ? [] : ['found MATCH ?']),
      ...parts.map(() => `(messages.text LIKE ? ESCAPE '\\' OR messages.author LIKE ? ESCAPE '\\')`),
    ]
    const found = this.#database.prepare(`
      SELECT messages.id AS at, rooms.name AS room, messages.ordinal AS id, messages.author, messages.hash,
        ${snippet} AS snippet
      FROM ${match === '' ? 'messages' : 'found JOIN messages ON messages.id = found.rowid'}
      JOIN rooms ON rooms.id = messages.room
      WHERE ${conditions.join(' AND ')}
        AND messages.id < ? AND rooms.name IN (SELECT value FROM json_each(?))
      ORDER BY ${match === '' ? 'messages.id' : 'found.rowid'} DESC LIMIT ?`)
    const values = [
      ...(match === '' ? [] : [match]),
      ...parts.flatMap(part => [anywhere(part), anywhere(part)]),
    ]
    const rows = found.all(...values, before ?? Number.MAX_SAFE_INTEGER, JSON.stringify(rooms), limit)
    return (rows as unknown as Found[]).map(row =>
      match === '' ? { ...row, snippet: snippetOf(row.snippet, parts[0] ?? '') } : row,
    )
  }

  /** Whether this error means that the file is broken; then a new one has taken its place, with nothing in it. */
  isRebuiltAfter(error: unknown): boolean {
    if (!isBroken(error)) return false
    this.#database.close()
    removeDatabase(this.#path)
    this.#database = openOrRebuild(this.#path)
    return true
  }

  close(): void {
    this.#database.close()
  }

  #idOf(room: string): number {
    this.#database.prepare(`INSERT OR IGNORE INTO rooms (name) VALUES (?)`).run(room)
    return Number(this.#database.prepare('SELECT id FROM rooms WHERE name = ?').get(room)?.['id'])
  }

  #count(room: number): number {
    const last = this.#database.prepare('SELECT max(ordinal) AS last FROM messages WHERE room = ?').get(room)
    return Number(last?.['last'] ?? -1) + 1
  }

  #cut(room: number, from: number): void {
    this.#database.prepare('DELETE FROM messages WHERE room = ? AND ordinal >= ?').run(room, from)
  }

  #insert(room: number, from: number, messages: readonly Indexed[]): void {
    const insert = this.#database.prepare(
      'INSERT INTO messages (room, ordinal, author, text, hash) VALUES (?, ?, ?, ?, ?)',
    )
    for (const [i, { author, text, hash }] of messages.entries())
      insert.run(room, from + i, author, text, hash)
  }

  #setEnd(room: number, end: Cursor, seen: string): void {
    this.#database
      .prepare('UPDATE rooms SET offset = ?, "check" = ?, seen = ? WHERE id = ?')
      .run(end.offset, end.check, seen, room)
  }

  /** Half a message at the end is left for later. */
  #readFile(room: number, file: RoomFile, size: number, from: number, seen: string): void {
    let ordinal = this.#count(room)
    let end = from
    const take = (messages: readonly ScannedMessage[]): void => {
      this.#insert(room, ordinal, messages)
      ordinal += messages.length
      end = messages.at(-1)?.end ?? end
    }
    const scanner = new BbScanner(from)
    for (let at = from; at < size; at += pieceBytes)
      take(scanner.feed(file.read(at, Math.min(at + pieceBytes, size))))
    const closed = scanner.closed()
    if (closed !== undefined) take([closed])
    this.#setEnd(room, { offset: end, check: checkOf(file, end) }, seen)
  }

  #whole(work: () => void): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      work()
      this.#database.exec('COMMIT')
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }
}

const pieceBytes = 256 * 1024
const version = 1

function checkOf(file: RoomFile, offset: number): string {
  const hash = createHash('sha256')
  for (let at = 0; at < offset; at += pieceBytes)
    hash.update(file.read(at, Math.min(at + pieceBytes, offset)))
  return hash.digest('hex').slice(0, 8)
}

function openOrRebuild(path: string): DatabaseSync {
  try {
    return open(path)
  } catch (error) {
    if (!isBroken(error)) throw error
    removeDatabase(path)
    return open(path)
  }
}

function open(path: string): DatabaseSync {
  // All private rooms are in it. Journals of a time when this was forgotten may lie there still.
  makePrivate(path)
  for (const end of ['-wal', '-shm']) if (existsSync(path + end)) chmodSync(path + end, 0o600)
  const database = new DatabaseSync(path)
  try {
    // Nothing is lost that the files don't have, so nothing waits for the disk.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF')
    const found = Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
    if (found === 0) database.exec(`BEGIN; ${tables}; PRAGMA user_version = ${version}; COMMIT`)
    else if (found !== version) throw Object.assign(new Error('of another version'), { errcode: 26 })
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/** SQLITE_CORRUPT, SQLITE_NOTADB, or tables that are not ours. */
function isBroken(error: unknown): boolean {
  const { errcode = 0, message } = error as { errcode?: number; message: string }
  return [11, 26].includes(errcode & 0xff) || /no such (table|column)|malformed/.test(message)
}

function removeDatabase(path: string): void {
  for (const end of ['', '-wal', '-shm']) rmSync(path + end, { force: true })
}

const tables = `
  CREATE TABLE rooms (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    -- Up to where the file is here; seen: its size and time when all of it was.
    offset INTEGER NOT NULL DEFAULT 0,
    "check" TEXT NOT NULL DEFAULT 'e3b0c442',
    seen TEXT NOT NULL DEFAULT ''
  ) STRICT;
  CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    room INTEGER NOT NULL,
    ordinal INTEGER NOT NULL,
    author TEXT,
    text TEXT NOT NULL,
    hash TEXT NOT NULL
  ) STRICT;
  CREATE INDEX messages_of ON messages (room, ordinal);
  CREATE VIRTUAL TABLE found USING fts5 (
    author, text, content = 'messages', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
  );
  CREATE TRIGGER messages_in AFTER INSERT ON messages BEGIN
    INSERT INTO found (rowid, author, text) VALUES (new.id, new.author, new.text);
  END;
  CREATE TRIGGER messages_out AFTER DELETE ON messages BEGIN
    INSERT INTO found (found, rowid, author, text) VALUES ('delete', old.id, old.author, old.text);
  END`
