import { z } from 'zod'
import type { Invitation } from '../../chat/users/invitations.ts'
import type { Key } from '../../chat/users/keys.ts'
import type { User } from '../../chat/users/users.ts'
import { scopeSchema, userRoleSchema } from '../../chat/users/who.ts'
import {
  auditEntrySchema,
  invitationSchema,
  keySchema,
  userSchema,
  type ApiKey,
  type Invitation as ShownInvitation,
  type User as ShownUser,
} from '../protocol.ts'
import { isoTime } from './login.ts'
import { route, type Api } from './route.ts'

const named = z.object({ name: z.string() })

/** API keys, and what admins do about users. */
export function userRoutes(api: Api): void {
  keyRoutes(api)
  invitationRoutes(api)
  const { accounts } = api
  route(
    api,
    {
      method: 'GET',
      path: '/api/users',
      access: 'user',
      scope: 'rooms:read',
      summary: 'All users: whom one can share a room with',
      reply: z.object({ users: z.array(userSchema) }),
    },
    ({ who }) => ({ users: accounts.users.list().map(user => shownUser(user, who.role === 'admin')) }),
  )
  route(
    api,
    {
      method: 'POST',
      path: '/api/users',
      access: 'admin',
      scope: 'no key',
      summary: 'Make a user with a password; an invitation lets them choose their own',
      body: z.strictObject({
        name: z.string().max(200),
        password: z.string().max(4000),
        role: userRoleSchema.default('user'),
      }),
      reply: userSchema,
      status: 201,
    },
    async ({ who, body }) =>
      shownUser(await accounts.create(who.name, body.name, body.role, body.password), true),
  )
  route(
    api,
    {
      method: 'PATCH',
      path: '/api/users/:name',
      access: 'admin',
      scope: 'no key',
      summary: 'Change the role, disable or enable; disabling ends all sessions',
      params: named,
      body: z.strictObject({ role: userRoleSchema.optional(), disabled: z.boolean().optional() }),
      reply: userSchema,
    },
    ({ who, params, body }) => shownUser(accounts.change(who.name, params.name, body), true),
  )
  route(
    api,
    {
      method: 'POST',
      path: '/api/users/:name/reset',
      access: 'admin',
      // Whoever has the link is that user, an admin perhaps: no key may become more than it is.
      scope: 'no key',
      summary: 'A one-time link by which this user chooses a new password: /welcome#TOKEN, shown this once',
      params: named,
      reply: z.object({ invitation: invitationSchema, token: z.string() }),
      status: 201,
    },
    ({ who, params }) => {
      const { invitation, token } = accounts.reset(who.name, params.name)
      return { invitation: shownInvitation(invitation), token }
    },
  )
  route(
    api,
    {
      method: 'DELETE',
      path: '/api/users/:name',
      access: 'admin',
      summary: "Remove a user for good; their rooms stay, as nobody's",
      params: named,
    },
    ({ who, params }) => accounts.remove(who.name, params.name),
  )
  route(
    api,
    {
      method: 'GET',
      path: '/api/audit',
      access: 'admin',
      summary: 'What happened to accounts, the newest first',
      query: z.object({ limit: z.coerce.number().int().min(1).max(1000).default(100) }),
      reply: z.object({ entries: z.array(auditEntrySchema) }),
    },
    ({ query }) => ({
      entries: accounts.audit.list(query.limit).map(entry => ({ ...entry, at: isoTime(entry.at) })),
    }),
  )
}

function keyRoutes(api: Api): void {
  const { accounts } = api
  route(
    api,
    {
      method: 'GET',
      path: '/api/keys',
      access: 'user',
      summary: 'Your API keys',
      reply: z.object({ keys: z.array(keySchema) }),
    },
    ({ who }) => ({ keys: accounts.keys.list(who.name).map(shownKey) }),
  )
  route(
    api,
    {
      method: 'POST',
      path: '/api/keys',
      access: 'user',
      summary: 'Make an API key; `token` is shown this once',
      body: z.strictObject({ label: z.string().trim().min(1).max(100), scopes: z.array(scopeSchema).min(1) }),
      reply: z.object({ key: keySchema, token: z.string() }),
      status: 201,
    },
    ({ who, body }) => {
      const { key, token } = accounts.createKey(who.name, who.name, body.label, body.scopes)
      return { key: shownKey(key), token }
    },
  )
  route(
    api,
    {
      method: 'DELETE',
      path: '/api/keys/:key',
      access: 'user',
      summary: 'Make a key of yours worthless',
      params: z.object({ key: z.string() }),
    },
    ({ who, params }) => accounts.removeKey(who.name, who.name, params.key),
  )
}

function invitationRoutes(api: Api): void {
  const { accounts } = api
  route(
    api,
    {
      method: 'GET',
      path: '/api/invitations',
      access: 'admin',
      summary: 'One-time links that were not used yet',
      reply: z.object({ invitations: z.array(invitationSchema) }),
    },
    () => ({ invitations: accounts.invitations.list().map(shownInvitation) }),
  )
  route(
    api,
    {
      method: 'POST',
      path: '/api/invitations',
      access: 'admin',
      scope: 'no key',
      summary: 'Invite somebody for 7 days: the link is /welcome#TOKEN, shown this once',
      body: z.strictObject({ role: userRoleSchema.default('user'), name: z.string().max(200).optional() }),
      reply: z.object({ invitation: invitationSchema, token: z.string() }),
      status: 201,
    },
    ({ who, body }) => {
      const { invitation, token } = accounts.invite(who.name, body.role, body.name)
      return { invitation: shownInvitation(invitation), token }
    },
  )
  route(
    api,
    {
      method: 'DELETE',
      path: '/api/invitations/:invitation',
      access: 'admin',
      summary: 'Make a one-time link worthless',
      params: z.object({ invitation: z.string() }),
    },
    ({ who, params }) => accounts.removeInvitation(who.name, params.invitation),
  )
}

function shownKey({ id, label, scopes, created, used }: Key): ApiKey {
  return {
    id,
    label,
    scopes: [...scopes],
    created: isoTime(created),
    used: used === null ? null : isoTime(used),
  }
}

function shownUser(user: User, toAdmin: boolean): ShownUser {
  const { name, role, disabled, created, hasPassword } = user
  return { name, role, disabled, ...(toAdmin ? { created: isoTime(created), hasPassword } : {}) }
}

function shownInvitation(invitation: Invitation): ShownInvitation {
  const { created, expires } = invitation
  return { ...invitation, created: isoTime(created), expires: isoTime(expires) }
}
