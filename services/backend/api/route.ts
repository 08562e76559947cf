import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { RoomRole } from '../../chat/protocol.ts'
import type { RoomEntry } from '../../chat/rooms/entry.ts'
import type { Room } from '../../chat/rooms/room.ts'
import type { Accounts } from '../../chat/users/accounts.ts'
import type { Scope, Who } from '../../chat/users/who.ts'
import { apiProblems } from '../messages.ts'
import { admit, type Access, type Admitted, type Doors } from './access.ts'
import { Refusal } from './refusal.ts'

/** What the routes are registered with. */
export interface Api extends Doors {
  readonly app: FastifyInstance
  readonly accounts: Accounts
  readonly log: (line: string) => void
  /** All that were registered, for OpenAPI and for the tests that go through every one. */
  readonly routes: RouteSpec[]
  /** Tests only: an answer that isn't what its schema says becomes a 500. */
  readonly checkReplies: boolean
}

/** One declaration makes the route, its checks and its part of the OpenAPI document. */
export interface RouteSpec<A extends Access = Access, P = unknown, Q = unknown, B = unknown, R = unknown> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** As fastify has it: `/api/rooms/:id/messages`. A room's id is always the parameter `id`. */
  readonly path: string
  readonly access: A
  /**
   * What an API key must be good for. If left out: `admin` for admins' routes, `rooms:read` and `rooms:write` where a role in
   * a room is needed, and else `no key`: only a person who has logged in.
   */
  readonly scope?: Scope | 'any' | 'no key'
  readonly summary: string
  readonly params?: z.ZodType<P>
  readonly query?: z.ZodType<Q>
  /** JSON by a schema, or `bytes`: `application/octet-stream`, which the handler reads from `request.raw` and limits. */
  readonly body?: z.ZodType<B> | 'bytes'
  /** Bytes of a JSON body; 1 MB if left out. */
  readonly bodyLimit?: number
  /** JSON by a schema; other types are sent by the handler itself; left out: 204. */
  readonly reply?: z.ZodType<R> | { readonly type: string; readonly about: string }
  readonly status?: 200 | 201 | 202
}

/** What a handler is given: everything is checked. */
export interface Ask<A extends Access = Access, P = unknown, Q = unknown, B = unknown> {
  /** Not asked for where anyone may come. */
  readonly who: A extends 'anyone' ? undefined : Who
  readonly entry: A extends RoomRole ? RoomEntry : undefined
  readonly role: A extends RoomRole ? RoomRole : undefined
  readonly room: A extends RoomRole ? () => Promise<Room> : undefined
  readonly params: P
  readonly query: Q
  readonly body: B
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

/** Refuse by throwing a `Refusal`, or a `ProblemError` whose code has a status (`problem-reply.ts`). */
export function route<A extends Access, P, Q, B, R>(
  api: Api,
  spec: RouteSpec<A, P, Q, B, R>,
  handler: (ask: Ask<A, P, Q, B>) => R | Promise<R>,
): void {
  api.routes.push(spec)
  const need = { access: spec.access, scope: scopeOf(spec) }
  // Before the body is read: nobody makes us read a megabyte for a 401.
  const admitted = new WeakMap<FastifyRequest, Admitted>()
  api.app.route({
    method: spec.method,
    url: spec.path,
    onRequest: async request => {
      const id = (request.params as Record<string, string>)['id']
      admitted.set(request, admit(api, need, request.raw, id))
    },
    handler: async (request, reply) => {
      const { who, entry, role } = admitted.get(request) ?? {}
      const ask = {
        who,
        entry,
        role,
        room: entry === undefined ? undefined : () => api.rooms.room(entry.id),
        params: parsed('path', spec.params, request.params),
        query: parsed('query', spec.query, request.query),
        body: spec.body === 'bytes' ? undefined : parsed('body', spec.body, request.body),
        request,
        reply,
      } as unknown as Ask<A, P, Q, B>
      const answer = await handler(ask)
      if (spec.reply === undefined) return reply.code(204).send()
      if (!(spec.reply instanceof z.ZodType)) return reply
      if (api.checkReplies) spec.reply.parse(answer)
      return reply.code(spec.status ?? 200).send(answer)
    },
    ...(spec.bodyLimit === undefined ? {} : { bodyLimit: spec.bodyLimit }),
    ...(spec.method === 'GET' ? { exposeHeadRoute: false } : {}),
  })
}

export function scopeOf(spec: Pick<RouteSpec, 'access' | 'scope'>): Scope | 'any' | 'no key' {
  if (spec.scope !== undefined) return spec.scope
  if (spec.access === 'admin') return 'admin'
  if (spec.access === 'anyone' || spec.access === 'user') return 'no key'
  return spec.access === 'reader' ? 'rooms:read' : 'rooms:write'
}

function parsed(where: 'path' | 'query' | 'body', schema: z.ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) return undefined
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const field = issue?.path.join('.') ?? ''
  throw new Refusal(400, apiProblems.badField(where, field, issue?.message ?? ''))
}
