import type { DatabaseSync } from '../database.ts'
import { idOf, newToken, tokenHash } from './token.ts'
import type { UserRole } from './who.ts'

/** After the last use. */
export const sessionMs = 30 * 24 * 3600_000
/** More would be a file that is written with each request. */
const usedEveryMs = 60_000
/** Of one user; the one that was used least lately goes. */
const mostSessions = 100

export interface Session {
  readonly id: string
  readonly created: number
  readonly used: number
  /** What the browser said of itself. */
  readonly agent: string
}

export interface SessionUser {
  readonly id: string
  readonly name: string
  readonly role: UserRole
}

/** Who has logged in. A token is made here and nowhere else: what a client brings along is only ever looked up. */
export class Sessions {
  readonly #database: DatabaseSync
  readonly #now: () => number
  /** Kept, since each request asks. */
  readonly #find: ReturnType<DatabaseSync['prepare']>

  constructor(database: DatabaseSync, now: () => number) {
    this.#database = database
    this.#now = now
    this.#find = database.prepare(
      'SELECT name, role, used FROM sessions JOIN users ON users.name = sessions.user WHERE hash = ? AND disabled = 0',
    )
  }

  /** Returns the token, of which only a hash is kept. */
  start(user: string, agent: string): { token: string; id: string } {
    const token = newToken()
    const now = this.#now()
    const hash = tokenHash(token)
    this.#database.prepare('DELETE FROM sessions WHERE used < ?').run(now - sessionMs)
    this.#database
      .prepare('INSERT INTO sessions (hash, user, created, used, agent) VALUES (?, ?, ?, ?, ?)')
      .run(hash, user, now, now, agent.slice(0, 300))
    this.#database
      .prepare(
        'DELETE FROM sessions WHERE user = ? AND hash NOT IN (SELECT hash FROM sessions WHERE user = ? ORDER BY used DESC, created DESC LIMIT ?)',
      )
      .run(user, user, mostSessions)
    return { token, id: idOf(hash) }
  }

  /** Whose token this is, if it is good now. */
  use(token: string): SessionUser | undefined {
    const hash = tokenHash(token)
    const row = this.#find.get(hash) as { name: string; role: UserRole; used: number } | undefined
    const now = this.#now()
    if (row === undefined || now - row.used > sessionMs) return undefined
    if (now - row.used > usedEveryMs)
      this.#database.prepare('UPDATE sessions SET used = ? WHERE hash = ?').run(now, hash)
    return { id: idOf(hash), name: row.name, role: row.role }
  }

  /** Those of one user, the last used first. */
  list(user: string): Session[] {
    const rows = this.#database
      .prepare(
        'SELECT hash, created, used, agent FROM sessions WHERE user = ? AND used >= ? ORDER BY used DESC',
      )
      .all(user, this.#now() - sessionMs) as unknown as (Session & { hash: Uint8Array })[]
    return rows.map(({ hash, created, used, agent }) => ({ id: idOf(hash), created, used, agent }))
  }

  /** False if the user has no such session. */
  end(user: string, id: string): boolean {
    return (
      this.#database
        .prepare('DELETE FROM sessions WHERE user = ? AND substr(lower(hex(hash)), 1, 16) = ?')
        .run(user, id).changes > 0
    )
  }

  /** All of a user, but for one. */
  endAll(user: string, butId = ''): void {
    this.#database
      .prepare('DELETE FROM sessions WHERE user = ? AND substr(lower(hex(hash)), 1, 16) <> ?')
      .run(user, butId)
  }
}
