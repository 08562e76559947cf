import { ProblemError } from '../../../lib/problem.ts'
import type { DatabaseSync } from '../database.ts'
import { userProblems as problems } from '../messages.ts'
import { checkUserName } from './user-name.ts'
import type { UserRole } from './who.ts'

export interface User {
  readonly name: string
  readonly role: UserRole
  readonly disabled: boolean
  /** ms since 1970 */
  readonly created: number
  /** False for the user of this machine, who can't log in. */
  readonly hasPassword: boolean
}

/** The table of users. Who may change it is asked elsewhere; that an admin is left is seen to here. */
export class Users {
  readonly #database: DatabaseSync
  readonly #now: () => number
  readonly #otherNames: () => Iterable<string>

  /** `otherNames`: who speaks in rooms without being a user: the agents. */
  constructor(database: DatabaseSync, now: () => number, otherNames: () => Iterable<string>) {
    this.#database = database
    this.#now = now
    this.#otherNames = otherNames
  }

  list(): User[] {
    return this.#database.prepare(`${select} ORDER BY name`).all().map(asUser)
  }

  find(name: string): User | undefined {
    const wanted = name.normalize('NFC')
    const row = this.#database.prepare(`${select} WHERE name = ?`).get(wanted)
    if (row !== undefined) return asUser(row)
    // SQLite's NOCASE knows ASCII only, and a telephone's keyboard begins with a capital.
    return this.list().find(user => user.name.toLowerCase() === wanted.toLowerCase())
  }

  /** Throws a ProblemError if there is none. */
  get(name: string): User {
    const user = this.find(name)
    if (user === undefined) throw new ProblemError(problems.noSuchUser(name))
    return user
  }

  /** A PHC string; undefined for nobody and for who can't log in now. */
  passwordOf(name: string): string | undefined {
    const user = this.find(name)
    if (user === undefined || user.disabled) return undefined
    const row = this.#database.prepare('SELECT password FROM users WHERE name = ?').get(user.name)
    return (row?.['password'] as string | null) ?? undefined
  }

  /** The name as it would be kept; throws a ProblemError for one that can't be taken. */
  checkName(name: string): string {
    return checkUserName(name, [...this.list().map(user => user.name), ...this.#otherNames()])
  }

  /** `password`: a PHC string. */
  create(name: string, role: UserRole, password: string): User {
    const chosen = this.checkName(name)
    this.#database
      .prepare('INSERT INTO users (name, role, password, created) VALUES (?, ?, ?, ?)')
      .run(chosen, role, password, this.#now())
    return this.get(chosen)
  }

  /** The user of this machine, whom no password can be, until somebody sets one by the first link. */
  ensureLocal(name: string): void {
    this.#database
      .prepare("INSERT OR IGNORE INTO users (name, role, password, created) VALUES (?, 'admin', NULL, ?)")
      .run(name, this.#now())
  }

  setPassword(name: string, password: string): void {
    this.#database.prepare('UPDATE users SET password = ? WHERE name = ?').run(password, name)
  }

  setRole(name: string, role: UserRole): void {
    this.#change(name, role === 'user', () =>
      this.#database.prepare('UPDATE users SET role = ? WHERE name = ?').run(role, name),
    )
  }

  /** Ends the sessions, too; keys rest. */
  setDisabled(name: string, disabled: boolean): void {
    this.#change(name, disabled, () => {
      this.#database.prepare('UPDATE users SET disabled = ? WHERE name = ?').run(disabled ? 1 : 0, name)
      if (disabled) this.#database.prepare('DELETE FROM sessions WHERE user = ?').run(name)
    })
  }

  /** Sessions, keys and memberships go with it; rooms stay, as nobody's. */
  remove(name: string): void {
    this.#change(name, true, () => {
      this.#database.prepare('DELETE FROM invitations WHERE name = ?').run(name)
      this.#database.prepare('DELETE FROM users WHERE name = ?').run(name)
    })
  }

  /** Whether anybody could log in as an admin. */
  hasAdmin(): boolean {
    return this.#admins() > 0
  }

  #admins(): number {
    const count = this.#database.prepare(
      "SELECT count(*) AS n FROM users WHERE role = 'admin' AND disabled = 0 AND password IS NOT NULL",
    )
    return Number(count.get()?.['n'])
  }

  /** In one transaction, or two admins could remove each other at once. */
  #change(name: string, mayLeaveNoAdmin: boolean, change: () => void): void {
    inTransaction(this.#database, () => {
      if (!this.get(name).hasPassword) throw new ProblemError(problems.localUser(name))
      const before = this.#admins()
      change()
      if (mayLeaveNoAdmin && before > 0 && this.#admins() === 0)
        throw new ProblemError(problems.lastAdmin(name))
    })
  }
}

export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

const select = 'SELECT name, role, disabled, created, password IS NOT NULL AS hasPassword FROM users' as const

function asUser(row: Record<string, unknown>): User {
  const { name, role, created } = row as { name: string; role: UserRole; created: number }
  return { name, role, created, disabled: row['disabled'] === 1, hasPassword: row['hasPassword'] === 1 }
}
