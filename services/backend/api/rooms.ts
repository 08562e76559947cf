import { basename } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { openPlain } from '../../../lib/open-plain.ts'
import { nameKey } from '../../chat/agents/agent.ts'
import type { Agents } from '../../chat/agents/agents.ts'
import type { Replies } from '../../chat/agents/replies.ts'
import { nameSchema, roomIdSchema, roomSchema, type RoomInfo, type RoomRole } from '../../chat/protocol.ts'
import { roleIn } from '../../chat/rooms/access.ts'
import type { RoomEntry } from '../../chat/rooms/entry.ts'
import type { Uploads } from '../../chat/rooms/uploads.ts'
import type { Who } from '../../chat/users/who.ts'
import { apiProblems } from '../messages.ts'
import { memberRoleSchema, roomDetailSchema } from '../protocol.ts'
import { bytesOf } from './bytes.ts'
import { disposition } from './disposition.ts'
import { Refusal } from './refusal.ts'
import { route, type Api } from './route.ts'
import type { Streams } from './streams.ts'

const inRoom = z.object({ id: z.string() })
const importLimit = { admin: 64 * 1024 * 1024, user: 16 * 1024 * 1024 }

interface RoomRoutesOptions {
  readonly agents: Agents
  readonly replies: Replies
  readonly streams: Streams
  readonly uploads: Uploads
  /** Of who is no admin. */
  readonly roomsPerUser: number
  /** How much is unread is another number for this user. */
  readonly onRead: (user: string) => void
}

/** Rooms as such: making, naming, sharing and removing them. */
export function roomRoutes(api: Api, options: RoomRoutesOptions): void {
  const { rooms } = api
  const { agents, replies, streams, uploads, roomsPerUser, onRead } = options
  const info = (entry: RoomEntry, who: Who, role: RoomRole): RoomInfo => ({
    id: entry.id,
    owner: entry.owner,
    role,
    archived: entry.archived,
    agents: [...entry.agents],
    bytes: entry.bytes,
    changed: new Date(entry.changed).toISOString(),
    unread: rooms.unread(entry.id, who.name),
    present: streams.present(entry.id),
  })
  const detail = (id: string, who: Who) => {
    const entry = rooms.entry(id)
    const role = entry === undefined ? undefined : roleIn(entry, who)
    if (entry === undefined || role === undefined) throw new Refusal(404, apiProblems.noSuchRoom())
    const members = [...entry.members].map(([name, role]) => ({ name, role }))
    return { ...info(entry, who, role), members }
  }
  const knownAgents = (names: readonly string[]): string[] =>
    names.map(name => {
      const agent = agents.get(name)
      if (agent === undefined) throw new Refusal(400, apiProblems.unknownAgent(name))
      return agent.name
    })
  const mayMake = (id: string, who: Who): void => {
    mayName(id, who)
    if (who.role === 'admin') return
    const own = rooms.list().filter(({ owner }) => owner !== null && nameKey(owner) === nameKey(who.name))
    if (own.length >= roomsPerUser) throw new Refusal(409, apiProblems.tooManyRooms(roomsPerUser))
  }
  const ownerOf = (id: string, who: Who): string => {
    const slash = id.indexOf('/')
    if (slash === -1) return who.name
    // As it is written in the account: the database knows other cases of ASCII letters only.
    return api.accounts.users.find(id.slice(0, slash))?.name ?? id.slice(0, slash)
  }
  const audit = (
    who: Who,
    what: 'room.created' | 'room.renamed' | 'room.removed' | 'room.members',
    about: string,
  ) => api.accounts.audit.write({ who: who.name, what, about })

  route(
    api,
    {
      method: 'GET',
      path: '/api/rooms',
      access: 'user',
      scope: 'rooms:read',
      summary: 'The rooms that you may read; archived ones only with `archived=true`',
      query: z.strictObject({ archived: z.enum(['true', 'false']).default('false') }),
      reply: z.object({ rooms: z.array(roomSchema) }),
    },
    ({ who, query }) => ({
      rooms: rooms
        .list()
        .filter(({ archived }) => !archived || query.archived === 'true')
        .flatMap(entry => {
          const role = roleIn(entry, who)
          return role === undefined ? [] : [info(entry, who, role)]
        }),
    }),
  )
  route(
    api,
    {
      method: 'POST',
      path: '/api/rooms',
      access: 'user',
      scope: 'rooms:write',
      summary: 'A new room: `kitchen` for everybody, `you/notes` for you. Without `agents`: those that ship',
      body: z.strictObject({ id: roomIdSchema, agents: z.array(nameSchema).max(100).optional() }),
      reply: roomDetailSchema,
      status: 201,
    },
    async ({ who, body }) => {
      mayMake(body.id, who)
      const chosen = body.agents === undefined ? agents.defaults() : knownAgents(body.agents)
      await rooms.create(body.id, { owner: ownerOf(body.id, who), agents: chosen })
      audit(who, 'room.created', body.id)
      return detail(body.id, who)
    },
  )
  route(
    api,
    {
      method: 'POST',
      path: '/api/rooms/import',
      access: 'user',
      scope: 'rooms:write',
      summary:
        'A new room with the text of a .bb file; of who is no admin below their own name, 16 MB at most',
      query: z.strictObject({ id: roomIdSchema }),
      body: 'bytes',
      reply: roomDetailSchema,
      status: 201,
    },
    async ({ who, query, request }) => {
      mayMake(query.id, who)
      // Its labels may say anything.
      if (isPublic(query.id) && who.role !== 'admin')
        throw new Refusal(403, apiProblems.importBelow(who.name))
      const bytes = await bytesOf(request, importLimit[who.role])
      const text = utf8(bytes)
      await rooms.importText(query.id, text, { owner: ownerOf(query.id, who), agents: agents.defaults() })
      audit(who, 'room.created', query.id)
      return detail(query.id, who)
    },
  )
  route(
    api,
    {
      method: 'GET',
      path: '/api/rooms/:id',
      access: 'reader',
      summary: 'One room, and with whom it is shared',
      params: inRoom,
      reply: roomDetailSchema,
    },
    ({ entry, who }) => detail(entry.id, who),
  )
  route(
    api,
    {
      method: 'PATCH',
      path: '/api/rooms/:id',
      access: 'owner',
      summary: 'Change what is given: its name, whether it is archived, its agents, with whom it is shared',
      params: inRoom,
      body: z.strictObject({
        id: roomIdSchema.optional(),
        archived: z.boolean().optional(),
        agents: z.array(nameSchema).max(100).optional(),
        members: z.record(nameSchema, memberRoleSchema).optional(),
      }),
      reply: roomDetailSchema,
    },
    async ({ entry, who, body }) => {
      const chosen = body.agents === undefined ? undefined : knownAgents(body.agents)
      const members = body.members === undefined ? undefined : knownUsers(api, body.members)
      const id = body.id ?? entry.id
      if (nameKey(id) !== nameKey(entry.id)) mayName(id, who)
      // By a detour it would be an import.
      if (isPublic(id) && !isPublic(entry.id) && who.role !== 'admin') {
        throw new Refusal(403, apiProblems.importBelow(who.name))
      }
      // First, as the name may be taken: then nothing has changed.
      if (id !== entry.id) {
        await rooms.rename(entry.id, id)
        audit(who, 'room.renamed', `${entry.id} ${id}`)
      }
      if (chosen !== undefined) await rooms.setAgents(id, chosen)
      // The same once more is no line of the audit log.
      if (members !== undefined && !isDeepStrictEqual(entry.members, members)) {
        await rooms.setMembers(id, members)
        audit(who, 'room.members', `${id}: ${[...members].map(pair => pair.join(' ')).join(', ')}`)
      }
      // What is being written ends, and is kept, while it still can be.
      if (body.archived === true) await replies.leave(id)
      if (body.archived !== undefined) await rooms.archive(id, body.archived)
      streams.recheck()
      return detail(id, who)
    },
  )
  route(
    api,
    {
      method: 'DELETE',
      path: '/api/rooms/:id',
      access: 'owner',
      summary: 'Remove the room and what was sent to it; its file is kept in rooms/.old on the server',
      params: inRoom,
    },
    async ({ entry, who }) => {
      // Before their rows go with the room's.
      const files = uploads.list(entry.id)
      await rooms.remove(entry.id)
      audit(who, 'room.removed', entry.id)
      streams.recheck()
      for (const file of files) await uploads.remove(file)
    },
  )
  route(
    api,
    {
      method: 'PUT',
      path: '/api/rooms/:id/read',
      access: 'reader',
      summary: 'You have read up to this offset: what is behind it is unread',
      params: inRoom,
      body: z.strictObject({ offset: z.number().int().min(0) }),
    },
    ({ entry, who, body }) => {
      rooms.mark(entry.id, who.name, body.offset)
      onRead(who.name)
    },
  )
  route(
    api,
    {
      method: 'GET',
      path: '/api/rooms/:id/export',
      access: 'reader',
      summary: 'The room as its .bb file',
      params: inRoom,
      reply: { type: 'text/plain; charset=utf-8', about: 'The file as it lies on the server' },
    },
    async ({ entry, reply }) => {
      const file = await openPlain(rooms.path(entry.id))
      // What is appended while it is sent would be more than was announced.
      const { size } = await file.stat()
      if (size === 0) await file.close()
      await reply
        .headers({
          'content-type': 'text/plain; charset=utf-8',
          'content-disposition': disposition('attachment', `${basename(entry.id)}.bb`),
          'content-length': size,
        })
        .send(size === 0 ? '' : file.createReadStream({ start: 0, end: size - 1 }))
    },
  )
}

/** Public rooms are anybody's to make; below a user's name only that user's, and admins'. */
function mayName(id: string, who: Who): void {
  const slash = id.indexOf('/')
  if (isPublic(id) || who.role === 'admin' || nameKey(id.slice(0, slash)) === nameKey(who.name)) return
  throw new Refusal(403, apiProblems.notYourFolder(id.slice(0, slash)))
}

function isPublic(id: string): boolean {
  return !id.includes('/')
}

function knownUsers(
  api: Api,
  members: Record<string, 'reader' | 'writer'>,
): Map<string, 'reader' | 'writer'> {
  return new Map(
    Object.entries(members).map(([name, role]) => {
      const user = api.accounts.users.find(name)
      if (user === undefined) throw new Refusal(400, apiProblems.noSuchUser(name))
      return [user.name, role]
    }),
  )
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    if (error instanceof TypeError) throw new Refusal(400, apiProblems.notUtf8())
    throw error
  }
}
