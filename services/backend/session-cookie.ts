import { sessionMs } from '../chat/users/sessions.ts'

const name = 'courante_session'
/** Not `/`: files that somebody uploaded are served where no cookie comes along. */
const paths = ['/api', '/v1']

/** What a request's `Cookie` header offers. Several, where another service of the same host set one, too. */
export function sessionTokens(header: string | undefined): string[] {
  if (header === undefined) return []
  return header
    .split(';')
    .map(part => part.trim().split('='))
    .filter(([key, value]) => key === name && value !== undefined && /^[\w-]{43}$/.test(value))
    .map(([, value = '']) => value)
    .slice(0, 4)
}

/**
 * `Set-Cookie` headers that give a session, or take it away. Strict costs nothing here: the page is no secret, and what it
 * asks for comes from itself. `Secure` only where the browser speaks TLS: over plain http it would never come back.
 */
export function sessionCookies(token: string | undefined, isSecure: boolean): string[] {
  const maxAge = token === undefined ? 0 : sessionMs / 1000
  return paths.map(
    path =>
      `${name}=${token ?? ''}; Path=${path}; Max-Age=${maxAge}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`,
  )
}
