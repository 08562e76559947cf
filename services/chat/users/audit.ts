import type { DatabaseSync } from '../database.ts'

/** What happened to accounts: one line of the audit log. */
export interface AuditEntry {
  /** ms since 1970 */
  readonly at: number
  /** Null: nobody who is known, as with a wrong login. */
  readonly who: string | null
  readonly what: AuditWhat
  /** The user, key, room that it happened to. */
  readonly about: string | null
  readonly address: string | null
}

export type AuditWhat =
  | 'login'
  | 'login.failed'
  | 'logout'
  | 'password.changed'
  | 'password.reset'
  | 'session.ended'
  | 'user.created'
  | 'user.disabled'
  | 'user.enabled'
  | 'user.removed'
  | 'user.role'
  | 'key.created'
  | 'key.removed'
  | 'invitation.created'
  | 'invitation.removed'
  | 'room.created'
  | 'room.renamed'
  | 'room.removed'
  | 'room.members'

/**
 * The oldest of a group go first; the log never takes more than some 4 MB. Whatever anybody can cause as often as they like
 * must not wash away the rest: wrong logins, what users do with rooms, what they do for themselves.
 */
const groups: readonly { readonly which: string; readonly most: number }[] = [
  { which: "what = 'login.failed'", most: 5000 },
  { which: "what LIKE 'room.%'", most: 5000 },
  {
    which: "what IN ('login', 'logout', 'password.changed', 'session.ended', 'key.created', 'key.removed')",
    most: 10_000,
  },
  { which: "what LIKE 'user.%' OR what LIKE 'invitation.%' OR what = 'password.reset'", most: 20_000 },
]
/** Checked so seldom that it costs nothing. */
const trimEvery = 200

export class Audit {
  readonly #database: DatabaseSync
  readonly #now: () => number

  constructor(database: DatabaseSync, now: () => number) {
    this.#database = database
    this.#now = now
  }

  write(entry: { who?: string; what: AuditWhat; about?: string; address?: string }): void {
    const { lastInsertRowid } = this.#database
      .prepare('INSERT INTO audit (at, who, what, about, address) VALUES (?, ?, ?, ?, ?)')
      .run(
        this.#now(),
        entry.who ?? null,
        entry.what,
        // A login's name is whatever somebody typed.
        entry.about?.slice(0, 200) ?? null,
        entry.address ?? null,
      )
    if (Number(lastInsertRowid) % trimEvery === 0) this.#trim()
  }

  /** The newest first. */
  list(most: number): AuditEntry[] {
    return this.#database
      .prepare('SELECT at, who, what, about, address FROM audit ORDER BY id DESC LIMIT ?')
      .all(most) as unknown as AuditEntry[]
  }

  /** Whether this user has logged in from there before. */
  knows(user: string, address: string): boolean {
    return (
      this.#database
        .prepare(
          "SELECT 1 FROM audit WHERE what = 'login' AND address = ? AND who = ? COLLATE NOCASE LIMIT 1",
        )
        .get(address, user) !== undefined
    )
  }

  #trim(): void {
    for (const { which, most } of groups) {
      this.#database.exec(
        `DELETE FROM audit WHERE (${which}) AND id <= (SELECT id FROM audit WHERE ${which} ORDER BY id DESC LIMIT 1 OFFSET ${most})`,
      )
    }
  }
}
