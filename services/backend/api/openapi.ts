import { z } from 'zod'
import {
  cursorSchema,
  liveReplySchema,
  messageSchema,
  problemSchema,
  roomEventSchema,
  roomSchema,
} from '../../chat/protocol.ts'
import { changeSchema } from '../protocol.ts'
import { route, scopeOf, type Api, type RouteSpec } from './route.ts'

export function openApiRoute(api: Api): void {
  let document: Record<string, unknown> | undefined
  route(
    api,
    {
      method: 'GET',
      path: '/api/openapi.json',
      access: 'user',
      scope: 'any',
      summary: 'This document: OpenAPI 3.1, made of the declarations that the server itself checks by',
      reply: z.record(z.string(), z.unknown()),
    },
    () => (document ??= openApi(api.routes)),
  )
}

type Json = Record<string, unknown>

/** Schemas that have a name of their own in the document. */
const named = z.registry<{ id: string }>()
named.add(cursorSchema, { id: 'Cursor' })
named.add(messageSchema, { id: 'Message' })
named.add(roomSchema, { id: 'Room' })
named.add(liveReplySchema, { id: 'LiveReply' })
named.add(problemSchema, { id: 'Problem' })
named.add(roomEventSchema, { id: 'RoomEvent' })
named.add(changeSchema, { id: 'Change' })

export function openApi(routes: readonly RouteSpec[]): Json {
  const schemas: Json = {}
  const ref = (schema: z.ZodType, io: 'input' | 'output'): Json => {
    const made = z.toJSONSchema(schema, { metadata: named, io, unrepresentable: 'any' })
    const { $defs, $schema: _, ...rest } = lifted(made) as Json
    Object.assign(schemas, $defs)
    return rest
  }
  // The events of the streams, and what every route may answer.
  ref(roomEventSchema, 'output')
  ref(changeSchema, 'output')
  ref(problemSchema, 'output')
  const paths: Record<string, Json> = {}
  for (const spec of routes) {
    const path = spec.path.replace(/:(\w+)/g, '{$1}')
    const operations = (paths[path] ??= {})
    operations[spec.method.toLowerCase()] = operationOf(spec, ref)
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Courante', version: '1', description: about },
    paths,
    components: {
      schemas,
      responses: {
        problem: {
          description: 'Problem details (RFC 9457)',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
      securitySchemes: {
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: 'courante_session',
          description: 'From POST /api/login',
        },
        key: { type: 'http', scheme: 'bearer', description: 'An API key' },
      },
    },
  }
}

const about =
  'A room id with a slash is written with %2F in a path. In single-user mode no request needs a session or a key.'

function operationOf(spec: RouteSpec, ref: (schema: z.ZodType, io: 'input' | 'output') => Json): Json {
  const scope = scopeOf(spec)
  const session = { session: [] }
  const security =
    spec.access === 'anyone' ? [{}] : scope === 'no key' ? [session] : [session, { key: [scope] }]
  const parameters = [
    ...parametersOf('path', spec.params, ref, pathNames(spec.path)),
    ...parametersOf('query', spec.query, ref, []),
  ]
  return {
    summary: spec.summary,
    operationId: `${spec.method.toLowerCase()}${spec.path.replace(/[^A-Za-z]+(\w?)/g, (_, next: string) => next.toUpperCase())}`,
    description: `Who: ${who[spec.access]}.`,
    security,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(spec.body === undefined ? {} : { requestBody: bodyOf(spec.body, ref) }),
    responses: { ...responseOf(spec, ref), default: { $ref: '#/components/responses/problem' } },
  }
}

const who = {
  anyone: 'anyone',
  user: 'every account',
  admin: 'admins',
  reader: 'whoever may read the room',
  writer: 'whoever may write in the room',
  owner: 'the owner of the room, and admins',
} as const

function parametersOf(
  place: 'path' | 'query',
  schema: z.ZodType | undefined,
  ref: (schema: z.ZodType, io: 'input' | 'output') => Json,
  names: readonly string[],
): Json[] {
  const made = schema === undefined ? {} : ref(schema, 'input')
  const properties = (made['properties'] ?? {}) as Record<string, Json>
  const required = new Set((made['required'] ?? []) as string[])
  const all = new Set([...names, ...Object.keys(properties)])
  return [...all].map(name => ({
    name,
    in: place,
    required: place === 'path' || required.has(name),
    schema: properties[name] ?? { type: 'string' },
  }))
}

function pathNames(path: string): string[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => name)
}

function bodyOf(
  body: NonNullable<RouteSpec['body']>,
  ref: (schema: z.ZodType, io: 'input' | 'output') => Json,
): Json {
  if (body === 'bytes') return { required: true, content: { 'application/octet-stream': {} } }
  return { required: true, content: { 'application/json': { schema: ref(body, 'input') } } }
}

function responseOf(spec: RouteSpec, ref: (schema: z.ZodType, io: 'input' | 'output') => Json): Json {
  if (spec.reply === undefined) return { 204: { description: 'Done' } }
  if (!(spec.reply instanceof z.ZodType)) {
    return { 200: { description: spec.reply.about, content: { [spec.reply.type]: {} } } }
  }
  const schema = ref(spec.reply, 'output')
  return { [spec.status ?? 200]: { description: 'Done', content: { 'application/json': { schema } } } }
}

/** zod puts named schemas beside each schema that uses them; here they have one place. */
function lifted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lifted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === '$ref' ? String(inner).replace('#/$defs/', '#/components/schemas/') : lifted(inner),
    ]),
  )
}
