import { ProblemError } from '../../../lib/problem.ts'
import { type DatabaseSync, inTransaction } from '../database.ts'
import { userProblems as problems } from '../messages.ts'
import type { Invitations } from './invitations.ts'
import { checkUserName, isReserved } from './user-name.ts'
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
  readonly #invitations: Invitations

  /** `otherNames`: who speaks in rooms without being a user: the agents. */
  constructor(
    database: DatabaseSync,
    options: { now: () => number; otherNames: () => Iterable<string>; invitations: Invitations },
  ) {
    this.#database = database
    this.#now = options.now
    this.#otherNames = options.otherNames
    this.#invitations = options.invitations
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

  /** `password`: a PHC string. Links that were made for this name before are worthless from now on. */
  create(name: string, role: UserRole, password: string): User {
    const chosen = this.checkName(name)
    this.#database
      .prepare('INSERT INTO users (name, role, password, created) VALUES (?, ?, ?, ?)')
      .run(chosen, role, password, this.#now())
    this.#invitations.removeFor(chosen)
    return this.get(chosen)
  }

  /**
   * The user of this machine, whom no password can be, until somebody sets one by the first link. Returns the name, another
   * one where the program or an agent is called so: what an agent says is answered by nobody.
   */
  ensureLocal(wanted: string): string {
    const name = this.#localName(wanted)
    this.#database
      .prepare("INSERT OR IGNORE INTO users (name, role, password, created) VALUES (?, 'admin', NULL, ?)")
      .run(name, this.#now())
    return this.get(name).name
  }

  #localName(wanted: string): string {
    const others = Array.from(this.#otherNames(), name => name.toLowerCase())
    // Names have 32 letters at most.
    const stem = wanted.slice(0, 22)
    for (let n = 0, name = wanted; ; n++, name = `${stem}-admin${n === 1 ? '' : n}`) {
      if (!isReserved(name) && !others.includes(name.toLowerCase())) return name
    }
  }

  setPassword(name: string, password: string): void {
    this.#database.prepare('UPDATE users SET password = ? WHERE name = ?').run(password, name)
  }

  /** The links of an admin who is none any more are worthless. */
  setRole(name: string, role: UserRole): void {
    this.#change(name, role === 'user', () => {
      this.#database.prepare('UPDATE users SET role = ? WHERE name = ?').run(role, name)
      if (role === 'user') this.#invitations.removeBy(name)
    })
  }

  /** Ends the sessions, too, and makes their links worthless; keys rest. */
  setDisabled(name: string, disabled: boolean): void {
    this.#change(name, disabled, () => {
      this.#database.prepare('UPDATE users SET disabled = ? WHERE name = ?').run(disabled ? 1 : 0, name)
      if (!disabled) return
      this.#database.prepare('DELETE FROM sessions WHERE user = ?').run(name)
      this.#invitations.removeBy(name)
    })
  }

  /** Sessions, keys, links and memberships go with it; rooms stay, as nobody's. */
  remove(name: string): void {
    this.#change(name, true, () => {
      this.#invitations.removeFor(name)
      this.#invitations.removeBy(name)
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

const select = 'SELECT name, role, disabled, created, password IS NOT NULL AS hasPassword FROM users' as const

function asUser(row: Record<string, unknown>): User {
  const { name, role, created } = row as { name: string; role: UserRole; created: number }
  return { name, role, created, disabled: row['disabled'] === 1, hasPassword: row['hasPassword'] === 1 }
}
