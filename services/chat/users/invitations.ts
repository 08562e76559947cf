import type { DatabaseSync } from '../database.ts'
import { idOf, newToken, tokenHash } from './token.ts'
import type { UserRole } from './who.ts'

export const invitationMs = 7 * 24 * 3600_000
export const resetMs = 24 * 3600_000
/** Who makes the link for the first user; nobody can be called so. */
export const firstUser = '(start)'
/** Who has the command line, which may write state.db itself. */
export const commandLine = '(console)'

export interface Invitation {
  readonly id: string
  /** To become a user, or to choose a new password for one that there is. What it is for never changes. */
  readonly kind: 'invitation' | 'reset'
  readonly role: UserRole
  /** Set: for this name only. */
  readonly name: string | null
  readonly madeBy: string
  readonly created: number
  readonly expires: number
}

/** One-time links: to become a user, or to choose a new password. */
export class Invitations {
  readonly #database: DatabaseSync
  readonly #now: () => number

  constructor(database: DatabaseSync, now: () => number) {
    this.#database = database
    this.#now = now
  }

  /** Returns the token, of which only a hash is kept. One for a name takes the place of the one before. */
  create(wanted: {
    kind: Invitation['kind']
    role: UserRole
    name?: string
    madeBy: string
    lifeMs: number
  }): { token: string; invitation: Invitation } {
    const { kind, role, madeBy, lifeMs } = wanted
    const name = wanted.name ?? null
    const now = this.#now()
    const token = newToken()
    const hash = tokenHash(token)
    this.#database.prepare('DELETE FROM invitations WHERE expires <= ?').run(now)
    if (name !== null) this.removeFor(name)
    if (madeBy === firstUser) this.removeFirst()
    this.#database
      .prepare(
        'INSERT INTO invitations (hash, kind, role, name, made_by, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?)',
      )
      .run(hash, kind, role, name, madeBy, now, now + lifeMs)
    return {
      token,
      invitation: { id: idOf(hash), kind, role, name, madeBy, created: now, expires: now + lifeMs },
    }
  }

  /** What a link is good for; undefined if it was used, is over, or never was. */
  look(token: string): Invitation | undefined {
    const row = this.#database
      .prepare(`${select} WHERE hash = ? AND expires > ?`)
      .get(tokenHash(token), this.#now())
    return row === undefined ? undefined : asInvitation(row)
  }

  /** Uses it up. False if somebody was faster. */
  take(token: string): boolean {
    return (
      this.#database
        .prepare('DELETE FROM invitations WHERE hash = ? AND expires > ?')
        .run(tokenHash(token), this.#now()).changes > 0
    )
  }

  list(): Invitation[] {
    return this.#database
      .prepare(`${select} WHERE expires > ? ORDER BY created`)
      .all(this.#now())
      .map(asInvitation)
  }

  remove(id: string): boolean {
    return (
      this.#database.prepare('DELETE FROM invitations WHERE substr(lower(hex(hash)), 1, 16) = ?').run(id)
        .changes > 0
    )
  }

  /** Those that are for this name, in any case: SQLite compares ASCII alone without it. */
  removeFor(name: string): void {
    for (const { id, name: other } of this.#all()) {
      if (other !== null && other.toLowerCase() === name.toLowerCase()) this.remove(id)
    }
  }

  /** Whose maker is no admin any more. */
  removeBy(madeBy: string): void {
    this.#database.prepare('DELETE FROM invitations WHERE made_by = ?').run(madeBy)
  }

  /** The links for the first user, once there is one. */
  removeFirst(): void {
    this.removeBy(firstUser)
  }

  #all(): Invitation[] {
    return this.#database.prepare(select).all().map(asInvitation)
  }
}

const select = 'SELECT hash, kind, role, name, made_by, created, expires FROM invitations' as const

function asInvitation(row: Record<string, unknown>): Invitation {
  const { hash, kind, role, name, made_by, created, expires } = row as {
    hash: Uint8Array
    kind: Invitation['kind']
    role: UserRole
    name: string | null
    made_by: string
    created: number
    expires: number
  }
  return { id: idOf(hash), kind, role, name, madeBy: made_by, created, expires }
}
