import { randomBytes } from 'node:crypto'
import { ProblemError } from '../../../lib/problem.ts'
import type { DatabaseSync } from '../database.ts'
import { userProblems as problems } from '../messages.ts'
import { newToken, tokenHash } from './token.ts'
import { type Scope, scopeSchema, type UserRole } from './who.ts'

const usedEveryMs = 60_000
const mostKeys = 100

export interface Key {
  readonly id: string
  readonly label: string
  readonly scopes: readonly Scope[]
  readonly created: number
  /** Null: never. At most a minute old. */
  readonly used: number | null
}

export interface KeyUser {
  readonly id: string
  readonly name: string
  readonly role: UserRole
  readonly scopes: ReadonlySet<Scope>
}

/** API keys, which programs use in place of a login. */
export class Keys {
  readonly #database: DatabaseSync
  readonly #now: () => number
  /** Kept, since each request asks. */
  readonly #find: ReturnType<DatabaseSync['prepare']>

  constructor(database: DatabaseSync, now: () => number) {
    this.#database = database
    this.#now = now
    this.#find = database.prepare(
      'SELECT id, name, role, scopes, used FROM api_keys JOIN users ON users.name = api_keys.user WHERE hash = ? AND disabled = 0',
    )
  }

  /** `token` is shown once: only its hash is kept. */
  create(user: string, label: string, scopes: readonly Scope[]): { key: Key; token: string } {
    if (this.list(user).length >= mostKeys) throw new ProblemError(problems.tooManyKeys(mostKeys))
    const token = newToken('ck_')
    const key: Key = {
      id: randomBytes(6).toString('hex'),
      label,
      scopes: scopeSchema.options.filter(scope => scopes.includes(scope)),
      created: this.#now(),
      used: null,
    }
    this.#database
      .prepare('INSERT INTO api_keys (id, hash, user, label, scopes, created) VALUES (?, ?, ?, ?, ?, ?)')
      .run(key.id, tokenHash(token), user, label, key.scopes.join(' '), key.created)
    return { key, token }
  }

  use(token: string): KeyUser | undefined {
    const row = this.#find.get(tokenHash(token)) as
      | { id: string; name: string; role: UserRole; scopes: string; used: number | null }
      | undefined
    if (row === undefined) return undefined
    const now = this.#now()
    if (row.used === null || now - row.used > usedEveryMs)
      this.#database.prepare('UPDATE api_keys SET used = ? WHERE id = ?').run(now, row.id)
    return { id: row.id, name: row.name, role: row.role, scopes: new Set(scopesOf(row.scopes)) }
  }

  list(user: string): Key[] {
    const rows = this.#database
      .prepare('SELECT id, label, scopes, created, used FROM api_keys WHERE user = ? ORDER BY created')
      .all(user) as unknown as (Omit<Key, 'scopes'> & { scopes: string })[]
    return rows.map(({ id, label, scopes, created, used }) => ({
      id,
      label,
      scopes: scopesOf(scopes),
      created,
      used,
    }))
  }

  /** False if the user has no such key. */
  remove(user: string, id: string): boolean {
    return this.#database.prepare('DELETE FROM api_keys WHERE user = ? AND id = ?').run(user, id).changes > 0
  }
}

function scopesOf(words: string): Scope[] {
  return words.split(' ').filter((word): word is Scope => scopeSchema.safeParse(word).success)
}
