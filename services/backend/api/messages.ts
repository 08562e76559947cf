import { z } from 'zod'
import { nameKey } from '../../chat/agents/agent.ts'
import type { Agents } from '../../chat/agents/agents.ts'
import type { Replies } from '../../chat/agents/replies.ts'
import { cursorSchema, messageSchema, type Cursor, type Message } from '../../chat/protocol.ts'
import type { RoomEntry } from '../../chat/rooms/entry.ts'
import type { Changed, Room } from '../../chat/rooms/room.ts'
import { apiProblems } from '../messages.ts'
import { Refusal } from './refusal.ts'
import { route, type Api, type Ask } from './route.ts'

/** UTF-8 bytes of one message. */
const messageLimit = 256 * 1024
/** Of the file: a page may have 500 messages of that size, and many may ask at once. */
export const pageBytes = 1024 * 1024

const inRoom = z.object({ id: z.string() })
const page = z.strictObject({
  /** Only messages with a smaller ordinal. */
  before: z.coerce.number().int().min(0).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
})
const hash = z.string().regex(/^[0-9a-f]{8}$/)
const text = z
  .string()
  .refine(text => text.trim() !== '', 'says nothing')
  .refine(text => Buffer.byteLength(text) <= messageLimit, `longer than ${messageLimit} bytes`)
const changed = z.object({ message: messageSchema.optional(), cursor: cursorSchema })
const replyId = z.object({ reply: z.string() })

/** Reading and writing in a room. */
export function messageRoutes(api: Api, { agents, replies }: { agents: Agents; replies: Replies }): void {
  route(
    api,
    {
      method: 'GET',
      path: '/api/rooms/:id/messages',
      access: 'reader',
      summary:
        'The last messages of a room, or those before one; oldest first, about 1 MB at most. A stream goes on at `cursor`',
      params: inRoom,
      query: page,
      reply: z.object({
        messages: z.array(messageSchema),
        cursor: cursorSchema,
        count: z.number().int(),
      }),
    },
    async ({ room, query }) => listed(await room(), query),
  )
  route(
    api,
    {
      method: 'POST',
      path: '/api/rooms/:id/messages',
      access: 'writer',
      summary: 'Say something. The same `key` again says it once, also after a crash of the server',
      params: inRoom,
      body: z.strictObject({ text, key: z.string().min(1).max(64).optional() }),
      reply: z.object({
        message: messageSchema,
        cursor: cursorSchema,
        repeated: z.boolean(),
        /** Agents that are going to answer, and the ids of their replies; of a repeated message nobody. */
        answering: z.array(z.object({ agent: z.string(), reply: z.string() })),
      }),
    },
    async ({ room, entry, who, body }) => {
      const opened = await room()
      const upToDate = api.rooms.unread(entry.id, who.name) === 0
      const key = body.key === undefined ? {} : { key: body.key }
      const posted = await opened.post({ author: who.name, text: body.text, ...key })
      // Your own word is no news to you.
      if (upToDate) api.rooms.mark(entry.id, who.name, posted.cursor.offset)
      const answering = posted.repeated ? [] : await replies.posted(opened, posted.message)
      return { ...posted, answering }
    },
  )
  route(
    api,
    {
      method: 'PUT',
      path: '/api/rooms/:id/messages/:message',
      access: 'writer',
      summary:
        'Another text for a message of your own or of an agent; owners: for any. `hash` is of the old text',
      params: z.object({ id: z.string(), message: z.coerce.number().int().min(0) }),
      body: z.strictObject({ text, hash }),
      reply: changed,
    },
    async ask => {
      const opened = await ask.room()
      const { message } = ask.params
      const old = await opened.message(message)
      if (old === undefined) throw new Refusal(404, apiProblems.noSuchMessage())
      mayChange(ask, old)
      return settled(await opened.edit(message, ask.body.hash, ask.body.text, old.author))
    },
  )
  route(
    api,
    {
      method: 'POST',
      path: '/api/rooms/:id/undo',
      access: 'writer',
      summary: 'Take the last message back, which must have this hash',
      params: inRoom,
      body: z.strictObject({ hash }),
      reply: changed,
    },
    async ask => {
      const opened = await ask.room()
      const [last] = await opened.list({ limit: 1 })
      if (last === undefined) throw new Refusal(404, apiProblems.noSuchMessage())
      mayChange(ask, last)
      return settled(await opened.undo(ask.body.hash, last.author))
    },
  )
  route(
    api,
    {
      method: 'POST',
      path: '/api/rooms/:id/clear',
      access: 'owner',
      summary: 'Empty the room; what was there is kept in rooms/.old on the server',
      params: inRoom,
      reply: changed,
    },
    async ({ room, entry }) => {
      if (entry.archived) throw new Refusal(409, apiProblems.archived(entry.id))
      return settled(await (await room()).clear())
    },
  )
  route(
    api,
    {
      method: 'POST',
      path: '/api/rooms/:id/poke',
      access: 'writer',
      summary: 'Ask an agent of the room to say something now',
      params: inRoom,
      body: z.strictObject({ agent: z.string().max(100).optional() }),
      reply: replyId,
      status: 202,
    },
    async ({ room, entry, body }) => {
      const agent = body.agent === undefined ? undefined : agentIn(entry, agents, body.agent)
      return { reply: await replies.poke(await room(), agent) }
    },
  )
  route(
    api,
    {
      method: 'POST',
      path: '/api/rooms/:id/regenerate',
      access: 'writer',
      summary: "Let the last message, an agent's, be answered anew; it goes when the new answer is there",
      params: inRoom,
      body: z.strictObject({ hash }),
      reply: replyId,
      status: 202,
    },
    async ({ room, body }) => ({ reply: await replies.regenerate(await room(), body.hash) }),
  )
  route(
    api,
    {
      method: 'DELETE',
      path: '/api/rooms/:id/replies/:reply',
      access: 'writer',
      summary: 'Stop an answer; what came is kept',
      params: z.object({ id: z.string(), reply: z.string() }),
    },
    ({ entry, params }) => {
      if (!replies.stop(entry.id, params.reply)) throw new Refusal(404, apiProblems.noSuchReply())
    },
  )
}

/** With the cursor that belongs to these messages, whatever is posted while they are read. */
async function listed(
  room: Room,
  query: z.infer<typeof page>,
): Promise<{ messages: Message[]; cursor: Cursor; count: number }> {
  for (;;) {
    const { cursor, count } = room
    const messages = await room.list({ ...query, bytes: pageBytes })
    // A busy room is read again; what it gets meanwhile can only be a few messages.
    if (room.cursor.offset === cursor.offset && room.cursor.check === cursor.check) {
      return { messages, cursor, count }
    }
  }
}

function mayChange(
  { who, role, entry }: Pick<Ask<'writer'>, 'who' | 'role' | 'entry'>,
  { author }: Message,
): void {
  if (role === 'owner') return
  const own = author !== null && nameKey(author) === nameKey(who.name)
  // An agent can't mind, and its answers are everybody's.
  const agents = author !== null && entry.agents.some(agent => nameKey(agent) === nameKey(author))
  if (!own && !agents) throw new Refusal(403, apiProblems.notYours())
}

function agentIn(entry: RoomEntry, agents: Agents, name: string): string {
  const agent = agents.get(name)
  if (agent === undefined || !entry.agents.some(inRoom => nameKey(inRoom) === nameKey(agent.name))) {
    throw new Refusal(404, apiProblems.noSuchAgent())
  }
  return agent.name
}

function settled(result: Changed): { message?: Message; cursor: Cursor } {
  if ('conflict' in result) throw new Refusal(409, apiProblems.conflict())
  return result
}
