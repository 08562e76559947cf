import { z } from 'zod'

export const scopeSchema = z.enum(['rooms:read', 'rooms:write', 'models', 'voice', 'admin'])
/** What a key may be used for. A key of an admin without the scope `admin` is no admin. */
export type Scope = z.infer<typeof scopeSchema>

export const userRoleSchema = z.enum(['admin', 'user'])
export type UserRole = z.infer<typeof userRoleSchema>

/** Who asks. Made anew for each request, so that what changed in the accounts counts at once. */
export interface Who {
  readonly name: string
  /** `user` for an admin's key that lacks the scope `admin`. */
  readonly role: UserRole
  /** `local`: this machine's user, in single-user mode or by the key of `<home>/run/backend.key`. */
  readonly via: 'local' | 'session' | 'key'
  readonly scopes: ReadonlySet<Scope> | 'all'
  /** The id of the session or of the key that was used. */
  readonly credential?: string
}

export function hasScope(who: Who, scope: Scope): boolean {
  return who.scopes === 'all' || who.scopes.has(scope)
}
