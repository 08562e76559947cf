import { exit } from '../../lib/exit.ts'
import { exitCodeOf, type Io } from '../../lib/io.ts'
import { writeBb } from '../../services/chat/bb/write.ts'
import type { Backend } from './backend.ts'
import { pageOf } from './page.ts'
import { roomStream } from './room-stream.ts'

/** Writes the last messages of a room and each new one, as `.bb` or all events as JSON, until the room goes or Ctrl-C. */
export async function follow(
  backend: Backend,
  { room, lines, json }: { room: string; lines: number; json: boolean },
  io: Io,
): Promise<number> {
  const { messages, cursor } = await pageOf(backend, room, Math.max(1, lines))
  for (const message of messages.slice(messages.length - lines)) {
    io.stdout.write(
      json ? `${JSON.stringify({ type: 'message', message })}\n` : writeBb(message.author, message.text),
    )
  }
  for await (const seen of roomStream(backend, room, cursor, io.signal)) {
    if (json) io.stdout.write(`${JSON.stringify(seen)}\n`)
    else if (seen.type === 'message') io.stdout.write(writeBb(seen.message.author, seen.message.text))
  }
  return io.signal.aborted ? exitCodeOf(String(io.signal.reason)) : exit.ok
}
