import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

export type { DatabaseSync } from 'node:sqlite'

/**
 * Opens `<home>/state.db`, of which several processes may have a connection: the backend and `courante users`. Throws an
 * error with code `NEWER_STATE` if a later version of the program has written it.
 */
export function openDatabase(home: string): DatabaseSync {
  const path = join(home, 'state.db')
  mkdirSync(dirname(path), { recursive: true })
  makePrivate(path)
  const database = new DatabaseSync(path, { timeout: 5000 })
  // NORMAL survives the death of any process; a power cut may cost the last moment, never the file.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON')
  migrate(database)
  // A call that waits for another program's lock holds up everybody whom this process serves.
  database.exec('PRAGMA busy_timeout = 500')
  return database
}

/** Only its owner may read the database, from its first byte on; journal files take its mode. Made empty if it is missing. */
export function makePrivate(path: string): void {
  try {
    // Never opened if it is there: closing it would end the locks that SQLite holds on it in this process.
    writeFileSync(path, '', { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    chmodSync(path, 0o600)
  }
}

/** All of it or nothing. Throws what the work or SQLite throws first: after some errors SQLite has rolled back by itself. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** SQLITE_BUSY: another program has locked it. */
export function isBusy(error: unknown): boolean {
  return ((error as { errcode?: number }).errcode ?? 0) % 256 === 5
}

/** Whether SQLite found no space on the disk: SQLITE_FULL, or SQLITE_IOERR_SHMSIZE for its shared memory. */
export function isDiskFull(error: unknown): boolean {
  const { errcode = 0 } = error as { errcode?: number }
  return (errcode & 0xff) === 13 || errcode === 4874
}

/** In one transaction: two processes may start at once. Writes nothing to a file that is up to date: the disk may be full. */
function migrate(database: DatabaseSync): void {
  if (versionOf(database) === migrations.length) return
  inTransaction(database, () => {
    const version = versionOf(database)
    if (version > migrations.length) {
      throw Object.assign(
        new Error(`state.db is of version ${version}, this program knows ${migrations.length}`),
        {
          code: 'NEWER_STATE',
        },
      )
    }
    for (const migration of migrations.slice(version)) database.exec(migration)
    database.exec(`PRAGMA user_version = ${migrations.length}`)
  })
}

function versionOf(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version'])
}

/** Each brings the file from the version before to its own; one that was released never changes. Times are ms since 1970. */
const migrations = [
  `
  CREATE TABLE users (
    name TEXT PRIMARY KEY COLLATE NOCASE,
    role TEXT NOT NULL CHECK (role IN ('admin', 'user')),
    -- PHC string; null: can't log in (the local user)
    password TEXT,
    disabled INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE sessions (
    hash BLOB PRIMARY KEY,
    user TEXT NOT NULL COLLATE NOCASE REFERENCES users(name) ON DELETE CASCADE ON UPDATE CASCADE,
    created INTEGER NOT NULL,
    used INTEGER NOT NULL,
    -- the browser's word about itself, for the list of one's sessions
    agent TEXT NOT NULL
  ) STRICT;
  CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    user TEXT NOT NULL COLLATE NOCASE REFERENCES users(name) ON DELETE CASCADE ON UPDATE CASCADE,
    label TEXT NOT NULL,
    -- words with a space between
    scopes TEXT NOT NULL,
    created INTEGER NOT NULL,
    used INTEGER
  ) STRICT;
  CREATE TABLE invitations (
    hash BLOB PRIMARY KEY,
    role TEXT NOT NULL CHECK (role IN ('admin', 'user')),
    -- to become a user, or to choose a new password
    kind TEXT NOT NULL CHECK (kind IN ('invitation', 'reset')),
    -- set: who may use it
    name TEXT COLLATE NOCASE,
    made_by TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    who TEXT,
    what TEXT NOT NULL,
    about TEXT,
    address TEXT
  ) STRICT;
  CREATE TABLE rooms (
    id TEXT PRIMARY KEY COLLATE NOCASE,
    owner TEXT COLLATE NOCASE REFERENCES users(name) ON DELETE SET NULL ON UPDATE CASCADE,
    archived INTEGER NOT NULL DEFAULT 0,
    -- JSON array of names
    agents TEXT NOT NULL DEFAULT '[]',
    created INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE room_members (
    room TEXT NOT NULL COLLATE NOCASE REFERENCES rooms(id) ON DELETE CASCADE ON UPDATE CASCADE,
    user TEXT NOT NULL COLLATE NOCASE REFERENCES users(name) ON DELETE CASCADE ON UPDATE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('reader', 'writer')),
    PRIMARY KEY (room, user)
  ) STRICT;
  -- Before its message is appended, so that the same key never appends twice.
  CREATE TABLE posts (
    room TEXT NOT NULL COLLATE NOCASE REFERENCES rooms(id) ON DELETE CASCADE ON UPDATE CASCADE,
    key TEXT NOT NULL,
    offset INTEGER NOT NULL,
    length INTEGER NOT NULL,
    hash TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- The bytes, until it is sure that they are in the file: after a crash they are written from here.
    record BLOB,
    PRIMARY KEY (room, key)
  ) STRICT;
  CREATE INDEX posts_begun ON posts (room) WHERE record IS NOT NULL;
  CREATE TABLE marks (
    room TEXT NOT NULL COLLATE NOCASE REFERENCES rooms(id) ON DELETE CASCADE ON UPDATE CASCADE,
    user TEXT NOT NULL COLLATE NOCASE REFERENCES users(name) ON DELETE CASCADE ON UPDATE CASCADE,
    offset INTEGER NOT NULL,
    PRIMARY KEY (room, user)
  ) STRICT;
  CREATE TABLE files (
    -- 128 random bits: who knows it may read the file
    id TEXT PRIMARY KEY,
    room TEXT NOT NULL COLLATE NOCASE REFERENCES rooms(id) ON DELETE CASCADE ON UPDATE CASCADE,
    name TEXT NOT NULL,
    type TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    uploaded_by TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  `,
]
