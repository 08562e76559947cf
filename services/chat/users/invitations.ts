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
  readonly role: UserRole
  /** Set: for this name only, to choose its first password or a new one. */
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
  create(invitation: { role: UserRole; name?: string; madeBy: string; lifeMs: number }): {
    token: string
    invitation: Invitation
  } {
    const { role, name, madeBy, lifeMs } = invitation
    const now = this.#now()
    const token = newToken()
    const hash = tokenHash(token)
    this.#database.prepare('DELETE FROM invitations WHERE expires <= ?').run(now)
    if (name !== undefined) this.#database.prepare('DELETE FROM invitations WHERE name = ?').run(name)
    if (madeBy === firstUser) this.removeFirst()
    this.#database
      .prepare(
        'INSERT INTO invitations (hash, role, name, made_by, created, expires) VALUES (?, ?, ?, ?, ?, ?)',
      )
      .run(hash, role, name ?? null, madeBy, now, now + lifeMs)
    return {
      token,
      invitation: { id: idOf(hash), role, name: name ?? null, madeBy, created: now, expires: now + lifeMs },
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

  /** The links for the first user, once there is one. */
  removeFirst(): void {
    this.#database.prepare('DELETE FROM invitations WHERE made_by = ?').run(firstUser)
  }
}

const select = 'SELECT hash, role, name, made_by, created, expires FROM invitations' as const

function asInvitation(row: Record<string, unknown>): Invitation {
  const { hash, role, name, made_by, created, expires } = row as {
    hash: Uint8Array
    role: UserRole
    name: string | null
    made_by: string
    created: number
    expires: number
  }
  return { id: idOf(hash), role, name, madeBy: made_by, created, expires }
}
