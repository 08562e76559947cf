import { z } from 'zod'
import { cursorSchema, messageSchema } from '../../services/chat/protocol.ts'
import { type Backend, roomPath } from './backend.ts'

const pageSchema = z.object({ messages: z.array(messageSchema), cursor: cursorSchema })

/** The last messages of a room, and where its end is. */
export function pageOf(backend: Backend, room: string, limit: number): Promise<z.infer<typeof pageSchema>> {
  return backend.ask('GET', `${roomPath(room)}/messages?limit=${limit}`, pageSchema)
}
