import { z } from 'zod'

/**
 * What goes over `/api`, for the server, the page and the shell alike. web/ takes types from here, so this file may import
 * zod and nothing of node.
 */

/** A user's or an agent's name, which is also the label of its messages. NFC; compared without case. */
export const nameSchema = z
  .string()
  .normalize('NFC')
  .regex(
    /^(?!.*\p{Default_Ignorable_Code_Point})[\p{L}\p{N}][\p{L}\p{M}\p{N}_.-]{0,31}$/u,
    'letters, digits, _ . - (32 at most), the first a letter or digit, none invisible',
  )

const roomPart = /^(?!.*[. ]$)(?!.*\p{Default_Ignorable_Code_Point})[\p{L}\p{N}][\p{L}\p{M}\p{N} _.-]{0,63}$/u
/** UTF-8; a file's name has 255, of which our endings need some. */
const mostPartBytes = 200

/** `kitchen`, a public room, or `alice/notes`, a room of alice's. The file is `rooms/<id>.bb`. In URLs: encodeURIComponent. */
export const roomIdSchema = z
  .string()
  .normalize('NFC')
  .max(130)
  .refine(id => {
    const parts = id.split('/')
    return parts.length <= 2 && parts.every(part => roomPart.test(part) && bytesOf(part) <= mostPartBytes)
  }, 'a name, or user/name: letters, digits, spaces, _ . - (64 and 200 bytes at most), not beginning with a dot, not ending with a dot or space')

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length
}

/** First 8 hex digits of a SHA-256. */
const shortHash = z.string().regex(/^[0-9a-f]{8}$/)

/**
 * A place between two messages of a room's file: so many bytes are before it, and `check` begins the SHA-256 of those
 * bytes. It stays good over restarts, and fails when anything before it was edited.
 */
export const cursorSchema = z.object({ offset: z.number().int().min(0), check: shortHash })
export type Cursor = z.infer<typeof cursorSchema>

export const messageSchema = z.object({
  /** Its ordinal in the room, from 0. */
  id: z.number().int().min(0),
  /** Null: narrative, which nobody says. */
  author: z.string().nullable(),
  text: z.string(),
  /** Of the text without trailing white space, and a newline. */
  hash: shortHash,
  /** Bytes of the file: where it begins, and where the next one does. */
  offset: z.number().int(),
  end: z.number().int(),
})
export type Message = z.infer<typeof messageSchema>

export const roleSchema = z.enum(['reader', 'writer', 'owner'])
/** What somebody may do in a room; each may what those before may. */
export type RoomRole = z.infer<typeof roleSchema>

export const roomSchema = z.object({
  id: roomIdSchema,
  /** Null: nobody's, as a file that somebody put there. */
  owner: z.string().nullable(),
  /** Of the one who asks. */
  role: roleSchema,
  archived: z.boolean(),
  /** Names of the agents that are in the room. */
  agents: z.array(z.string()),
  bytes: z.number().int(),
  /** When the file last changed, ISO 8601. */
  changed: z.string(),
  /** Messages behind the asker's mark. */
  unread: z.number().int(),
  /** Users who have a stream of it open. */
  present: z.array(z.string()),
})
export type RoomInfo = z.infer<typeof roomSchema>

/** An answer that is being written. */
export const liveReplySchema = z.object({
  /** Its id, for stopping it. */
  reply: z.string(),
  agent: z.string(),
  /** All of it so far. */
  text: z.string(),
  state: z.enum(['waiting', 'writing']),
})
export type LiveReply = z.infer<typeof liveReplySchema>

/** Problem details (RFC 9457), `application/problem+json`. */
export const problemSchema = z.object({
  /** One word for programs. */
  code: z.string(),
  /** What happened. */
  title: z.string(),
  status: z.number().int(),
  /** What to do about it. */
  detail: z.string().optional(),
})
export type ApiProblem = z.infer<typeof problemSchema>

/** Events of `/api/rooms/:id/stream`: JSON text over WebSocket, or `data:` of server-sent events. */
export const roomEventSchema = z.discriminatedUnion('type', [
  /** The first. `cursor` is where the stream begins; messages up to the end of the room follow at once. */
  z.object({
    type: z.literal('hello'),
    cursor: cursorSchema,
    present: z.array(z.string()),
    replies: z.array(liveReplySchema),
  }),
  /** A whole message, in the file's order. `reply`: it ends that answer. `cursor` is behind it. */
  z.object({
    type: z.literal('message'),
    message: messageSchema,
    cursor: cursorSchema,
    reply: z.string().optional(),
  }),
  /** Forget all messages from this ordinal (and offset) on: edited, undone, cleared. What is there now follows as messages. */
  z.object({ type: z.literal('rewind'), id: z.number().int(), cursor: cursorSchema }),
  /** Your cursor belongs to another text, or too much changed to be sent: list the messages anew. The stream goes on at `cursor`. */
  z.object({ type: z.literal('reset'), cursor: cursorSchema }),
  z.object({ type: z.literal('reply.started'), reply: z.string(), agent: z.string() }),
  /** More of an answer. `at`: how many UTF-16 units of it were there before. */
  z.object({ type: z.literal('reply.delta'), reply: z.string(), at: z.number().int(), text: z.string() }),
  /** If anything was said, its message came just before. */
  z.object({
    type: z.literal('reply.ended'),
    reply: z.string(),
    how: z.enum(['done', 'stopped', 'failed', 'interrupted']),
    problem: problemSchema.optional(),
  }),
  z.object({ type: z.literal('presence'), present: z.array(z.string()) }),
  /** The room has another name from now on; the stream goes on. */
  z.object({ type: z.literal('renamed'), to: roomIdSchema }),
  /** The room has gone, or may no longer be read; the stream ends. */
  z.object({ type: z.literal('gone') }),
  /** Nothing. Over WebSocket, every 15 s: whoever hears nothing for 40 s has lost the connection. */
  z.object({ type: z.literal('beat') }),
])
export type RoomEvent = z.infer<typeof roomEventSchema>

/** What an agent does unasked. `always` answers each message of a person, `natural` where it is named or spoke last. */
export const turnPolicySchema = z.enum(['mention', 'always', 'natural', 'manual'])
export type TurnPolicy = z.infer<typeof turnPolicySchema>
