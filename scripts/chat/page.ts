import { z } from 'zod'
import { type Cursor, cursorSchema, type Message, messageSchema } from '../../services/chat/protocol.ts'
import { type Backend, roomPath } from './backend.ts'

const pageSchema = z.object({ messages: z.array(messageSchema), cursor: cursorSchema })

type Page = z.infer<typeof pageSchema>

/** The last messages of a room, or those before one, and where its end is; a server may send less than `limit`. */
export function pageOf(backend: Backend, room: string, limit: number, before?: number): Promise<Page> {
  const range = before === undefined ? '' : `&before=${before}`
  return backend.ask('GET', `${roomPath(room)}/messages?limit=${limit}${range}`, pageSchema)
}

/** Those from one ordinal on, up to a cursor, in pages from the last to the first. */
export async function messagesFrom(
  backend: Backend,
  room: string,
  from: number,
  { offset }: Cursor,
): Promise<Message[]> {
  const found: Message[] = []
  for (let before: number | undefined; before !== 0;) {
    const { messages } = await pageOf(backend, room, 500, before)
    found.unshift(...messages.filter(({ id, end }) => id >= from && end <= offset))
    before = messages[0]?.id ?? 0
    if (before <= from) break
  }
  return found
}
