import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Caller, LoggedIn } from '../../chat/users/accounts.ts'
import { idOf, tokenHash } from '../../chat/users/token.ts'
import { userRoleSchema, type Who } from '../../chat/users/who.ts'
import { meSchema, sessionSchema, type Me } from '../protocol.ts'
import { sessionCookies, sessionTokens } from '../session-cookie.ts'
import { route, type Api, type Ask } from './route.ts'

/** Any text: what can't be right is told so by the accounts, after as much work as for what could. */
const typed = z.string().max(4000)
const oneTime = z.string().min(1).max(200)

/** Logging in and out, and what belongs to oneself: password, sessions. */
export function loginRoutes(api: Api): void {
  const { accounts, guard } = api
  const me = (who: Pick<Who, 'name' | 'role' | 'via' | 'scopes'>): Me => ({
    mode: guard.mode,
    name: who.name,
    role: who.role,
    via: who.via,
    scopes: who.scopes === 'all' ? 'all' : [...who.scopes],
  })
  const callerOf = ({ raw, headers }: FastifyRequest): Caller => ({
    address: guard.addressOf(raw),
    agent: headers['user-agent'] ?? '',
  })
  /** A cookie that came along is never taken over: whoever put it there would know it. */
  const welcome = ({ request, reply }: Pick<Ask, 'request' | 'reply'>, { user, token }: LoggedIn): Me => {
    void reply.header('set-cookie', sessionCookies(token, guard.isSecure(request.raw)))
    return me({ name: user.name, role: user.role, via: 'session', scopes: 'all' })
  }

  route(
    api,
    {
      method: 'POST',
      path: '/api/login',
      access: 'anyone',
      summary: 'Log in: sets the session cookie',
      body: z.strictObject({ name: typed, password: typed }),
      reply: meSchema,
    },
    async ask => welcome(ask, await accounts.login(ask.body.name, ask.body.password, callerOf(ask.request))),
  )
  route(
    api,
    { method: 'POST', path: '/api/logout', access: 'user', summary: 'End this session' },
    ({ who, request, reply }) => {
      if (who.via === 'session' && who.credential !== undefined) accounts.logout(who.name, who.credential)
      void reply.header('set-cookie', sessionCookies(undefined, guard.isSecure(request.raw)))
    },
  )
  route(
    api,
    {
      method: 'GET',
      path: '/api/whoami',
      access: 'user',
      scope: 'any',
      summary: 'Who asks, and by what right. Keeps the session cookie alive',
      reply: meSchema,
    },
    ({ who, request, reply }) => {
      const token = sessionTokens(request.headers.cookie).find(
        token => idOf(tokenHash(token)) === who.credential,
      )
      if (who.via === 'session' && token !== undefined)
        void reply.header('set-cookie', sessionCookies(token, guard.isSecure(request.raw)))
      return me(who)
    },
  )
  route(
    api,
    {
      method: 'POST',
      path: '/api/password',
      access: 'user',
      summary: 'Change your password; ends all your other sessions',
      body: z.strictObject({ old: typed, password: typed }),
    },
    async ({ who, body, request }) =>
      await accounts.changePassword(who.name, body.old, body.password, callerOf(request), who.credential),
  )
  route(
    api,
    {
      method: 'GET',
      path: '/api/sessions',
      access: 'user',
      summary: 'Where you are logged in',
      reply: z.object({ sessions: z.array(sessionSchema) }),
    },
    ({ who }) => ({
      sessions: accounts.sessions.list(who.name).map(({ id, created, used, agent }) => ({
        id,
        created: isoTime(created),
        used: isoTime(used),
        agent,
        own: id === who.credential,
      })),
    }),
  )
  route(
    api,
    {
      method: 'DELETE',
      path: '/api/sessions/:session',
      access: 'user',
      summary: 'End a session of yours',
      params: z.object({ session: z.string() }),
    },
    ({ who, params }) => accounts.endSession(who.name, params.session),
  )
  route(
    api,
    {
      method: 'POST',
      path: '/api/redeem/look',
      access: 'anyone',
      summary: 'What a one-time link is good for',
      body: z.strictObject({ token: oneTime }),
      reply: z.object({
        /** A new password for a user that exists, or a new user. */
        kind: z.enum(['reset', 'invitation']),
        role: userRoleSchema,
        /** Null: to be chosen. */
        name: z.string().nullable(),
        expires: z.string(),
      }),
    },
    ({ body, request }) => {
      const { kind, role, name, expires } = accounts.look(body.token, guard.addressOf(request.raw))
      return { kind, role, name, expires: isoTime(expires) }
    },
  )
  route(
    api,
    {
      method: 'POST',
      path: '/api/redeem',
      access: 'anyone',
      summary: 'Use a one-time link: become a user, or choose a new password; logs in',
      body: z.strictObject({ token: oneTime, name: typed.optional(), password: typed }),
      reply: meSchema,
    },
    async ask => {
      const { token, ...given } = ask.body
      return welcome(ask, await accounts.redeem(token, given, callerOf(ask.request)))
    },
  )
}

export function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
