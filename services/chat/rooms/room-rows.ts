import type { DatabaseSync } from 'node:sqlite'
import { z } from 'zod'

/** What the database knows of a room; the file is the rest. */
export interface RoomRow {
  readonly id: string
  readonly owner: string | null
  readonly archived: boolean
  readonly agents: readonly string[]
  readonly members: ReadonlyMap<string, 'reader' | 'writer'>
}

/** The tables `rooms`, `room_members` and `marks`. */
export class RoomRows {
  readonly #database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** Made if it is missing; then the owner is the given one, if there is such a user. */
  ensure(id: string, owner: string | null, now: number): RoomRow {
    this.#database
      .prepare(
        'INSERT OR IGNORE INTO rooms (id, owner, created) VALUES (?, (SELECT name FROM users WHERE name = ?), ?)',
      )
      .run(id, owner, now)
    // Somebody may have renamed Notes.bb to notes.bb.
    this.#database.prepare('UPDATE rooms SET id = ? WHERE id = ? AND id <> ? COLLATE BINARY').run(id, id, id)
    const row = roomRow.parse(
      this.#database.prepare('SELECT owner, archived, agents FROM rooms WHERE id = ?').get(id),
    )
    const members = memberRows.parse(
      this.#database.prepare('SELECT user, role FROM room_members WHERE room = ?').all(id),
    )
    return { id, ...row, members: new Map(members.map(({ user, role }) => [user, role])) }
  }

  rename(id: string, to: string): void {
    this.#database.prepare('UPDATE OR REPLACE rooms SET id = ? WHERE id = ?').run(to, id)
  }

  /** With all that hangs on it: members, marks, posts, uploads. */
  remove(id: string): void {
    this.#database.prepare('DELETE FROM rooms WHERE id = ?').run(id)
  }

  archive(id: string, archived: boolean): void {
    this.#database.prepare('UPDATE rooms SET archived = ? WHERE id = ?').run(archived ? 1 : 0, id)
  }

  setAgents(id: string, agents: readonly string[]): void {
    this.#database.prepare('UPDATE rooms SET agents = ? WHERE id = ?').run(JSON.stringify(agents), id)
  }

  /** In place of all that were. Who has no account by now is left out. */
  setMembers(id: string, members: Iterable<readonly [string, 'reader' | 'writer']>): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      this.#database.prepare('DELETE FROM room_members WHERE room = ?').run(id)
      const insert = this.#database.prepare(
        'INSERT OR REPLACE INTO room_members (room, user, role) SELECT ?, name, ? FROM users WHERE name = ?',
      )
      for (const [user, role] of members) insert.run(id, role, user)
      this.#database.exec('COMMIT')
    } catch (error) {
      this.#database.exec('ROLLBACK')
      throw error
    }
  }

  /** A user whom the database doesn't know has no mark. */
  mark(id: string, user: string, offset: number): void {
    this.#database
      .prepare(
        'INSERT OR REPLACE INTO marks (room, user, offset) SELECT ?, name, ? FROM users WHERE name = ?',
      )
      .run(id, offset, user)
  }

  markOf(id: string, user: string): number {
    const row = this.#database.prepare('SELECT offset FROM marks WHERE room = ? AND user = ?').get(id, user)
    return Number(row?.['offset'] ?? 0)
  }
}

const roomRow = z.object({
  owner: z.string().nullable(),
  archived: z.number().transform(Boolean),
  agents: z.string().transform(text => z.array(z.string()).parse(JSON.parse(text))),
})
const memberRows = z.array(z.object({ user: z.string(), role: z.enum(['reader', 'writer']) }))
