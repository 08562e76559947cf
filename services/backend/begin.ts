import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'

/** Begins an answer that is written piece by piece, with the headers that fastify would have sent. */
export function begin(reply: FastifyReply, type: string): ServerResponse {
  reply.hijack()
  const { raw } = reply
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) raw.setHeader(name, value)
  raw.on('error', () => raw.destroy())
  // Proxies would wait for its end otherwise.
  raw.writeHead(200, { 'content-type': type, 'x-accel-buffering': 'no' })
  return raw
}

/** Waits where the client reads more slowly, and no longer than it is there. */
export async function drained(raw: ServerResponse): Promise<void> {
  if (!raw.writableNeedDrain || raw.destroyed) return
  const { promise, resolve } = Promise.withResolvers<void>()
  raw.once('drain', resolve)
  raw.once('close', resolve)
  await promise
  raw.off('drain', resolve)
  raw.off('close', resolve)
}
