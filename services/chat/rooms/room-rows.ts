import { z } from 'zod'
import { type DatabaseSync, inTransaction } from '../database.ts'
import { storing } from './storing.ts'

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
    storing(id, () => this.#insert(id, owner, now))
    const row = roomRow.parse(
      this.#database.prepare('SELECT owner, archived, agents FROM rooms WHERE id = ?').get(id),
    )
    const members = memberRows.parse(
      this.#database.prepare('SELECT user, role FROM room_members WHERE room = ?').all(id),
    )
    return { id, ...row, members: new Map(members.map(({ user, role }) => [user, role])) }
  }

  #insert(id: string, owner: string | null, now: number): void {
    this.#database
      .prepare(
        'INSERT OR IGNORE INTO rooms (id, owner, created) VALUES (?, (SELECT name FROM users WHERE name = ?), ?)',
      )
      .run(id, owner, now)
    // Somebody may have renamed Notes.bb to notes.bb.
    this.#database.prepare('UPDATE rooms SET id = ? WHERE id = ? AND id <> ? COLLATE BINARY').run(id, id, id)
  }

  /** Of all rooms that were ever made and not removed. */
  all(): RoomRow[] {
    const members = Map.groupBy(
      allMembers.parse(this.#database.prepare('SELECT room, user, role FROM room_members').all()),
      ({ room }) => room,
    )
    const rows = allRows.parse(this.#database.prepare('SELECT id, owner, archived, agents FROM rooms').all())
    return rows.map(row => ({
      ...row,
      members: new Map(members.get(row.id)?.map(({ user, role }) => [user, role])),
    }))
  }

  rename(id: string, to: string): void {
    this.#run(id, 'UPDATE OR REPLACE rooms SET id = ? WHERE id = ?', to, id)
  }

  /** With all that hangs on it: members, marks, posts, uploads. */
  remove(id: string): void {
    this.#run(id, 'DELETE FROM rooms WHERE id = ?', id)
  }

  archive(id: string, archived: boolean): void {
    this.#run(id, 'UPDATE rooms SET archived = ? WHERE id = ?', archived ? 1 : 0, id)
  }

  setAgents(id: string, agents: readonly string[]): void {
    this.#run(id, 'UPDATE rooms SET agents = ? WHERE id = ?', JSON.stringify(agents), id)
  }

  /** In place of all that were. Who has no account by now is left out. */
  setMembers(id: string, members: Iterable<readonly [string, 'reader' | 'writer']>): void {
    storing(id, () =>
      inTransaction(this.#database, () => {
        this.#database.prepare('DELETE FROM room_members WHERE room = ?').run(id)
        const insert = this.#database.prepare(
          'INSERT OR REPLACE INTO room_members (room, user, role) SELECT ?, name, ? FROM users WHERE name = ?',
        )
        for (const [user, role] of members) insert.run(id, role, user)
      }),
    )
  }

  /** A user whom the database doesn't know has no mark. */
  mark(id: string, user: string, offset: number): void {
    this.#run(
      id,
      'INSERT OR REPLACE INTO marks (room, user, offset) SELECT ?, name, ? FROM users WHERE name = ?',
      id,
      offset,
      user,
    )
  }

  markOf(id: string, user: string): number {
    const row = this.#database.prepare('SELECT offset FROM marks WHERE room = ? AND user = ?').get(id, user)
    return Number(row?.['offset'] ?? 0)
  }

  #run(id: string, sql: string, ...values: (string | number)[]): void {
    storing(id, () => this.#database.prepare(sql).run(...values))
  }
}

const roomRow = z.object({
  owner: z.string().nullable(),
  archived: z.number().transform(Boolean),
  agents: z.string().transform(text => z.array(z.string()).parse(JSON.parse(text))),
})
const memberRow = z.object({ user: z.string(), role: z.enum(['reader', 'writer']) })
const memberRows = z.array(memberRow)
const allRows = z.array(roomRow.extend({ id: z.string() }))
const allMembers = z.array(memberRow.extend({ room: z.string() }))
