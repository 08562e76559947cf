import { exit } from '../../lib/exit.ts'
import { exitCodeOf, type Io } from '../../lib/io.ts'
import { writeBb } from '../../services/chat/bb/write.ts'
import type { Message } from '../../services/chat/protocol.ts'
import { chatNotes as notes } from '../shared/chat-messages.ts'
import type { Backend } from './backend.ts'
import { messagesFrom, pageOf } from './page.ts'
import { roomStream } from './room-stream.ts'

/**
 * Writes the last messages of a room and each new one, as `.bb` or all events as JSON, until the room goes or Ctrl-C. What
 * is changed afterwards is written again; stderr says so.
 */
export async function follow(
  backend: Backend,
  { room, lines, json }: { room: string; lines: number; json: boolean },
  io: Io,
): Promise<number> {
  const write = (message: Message): void =>
    void io.stdout.write(
      json ? `${JSON.stringify({ type: 'message', message })}\n` : writeBb(message.author, message.text),
    )
  const { messages, cursor } = await pageOf(backend, room, Math.max(1, lines))
  for (const message of messages.slice(Math.max(0, messages.length - lines))) write(message)
  let name = room
  /** The ordinal of the next message that was not written. */
  let next = (messages.at(-1)?.id ?? -1) + 1
  for await (const seen of roomStream(backend, room, cursor, io.signal)) {
    if (json) io.stdout.write(`${JSON.stringify(seen)}\n`)
    switch (seen.type) {
      case 'message':
        if (!json) write(seen.message)
        next = seen.message.id + 1
        break
      case 'rewind':
        if (seen.id < next) io.stderr.write(`${notes.changedFrom(seen.id)}\n`)
        next = seen.id
        break
      case 'reset': {
        io.stderr.write(`${notes.anew(name)}\n`)
        const missed = await messagesFrom(backend, name, next, seen.cursor)
        for (const message of missed) write(message)
        next = (missed.at(-1)?.id ?? next - 1) + 1
        break
      }
      case 'renamed':
        name = seen.to
        break
      default:
    }
  }
  return io.signal.aborted ? exitCodeOf(String(io.signal.reason)) : exit.ok
}

/** The last messages of a room, and no more. */
export async function last(
  backend: Backend,
  { room, lines, json }: { room: string; lines: number; json: boolean },
  io: Io,
): Promise<number> {
  const { messages } = await pageOf(backend, room, Math.max(1, lines))
  for (const { author, text, ...others } of messages.slice(Math.max(0, messages.length - lines))) {
    io.stdout.write(json ? `${JSON.stringify({ author, text, ...others })}\n` : writeBb(author, text))
  }
  return exit.ok
}
