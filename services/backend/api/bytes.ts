import type { Readable } from 'node:stream'
import type { FastifyRequest } from 'fastify'
import { apiProblems } from '../messages.ts'
import { Refusal } from './refusal.ts'

/** The whole body of a route that takes bytes; a 413 as soon as it is too large. */
export async function bytesOf(request: FastifyRequest, limit: number): Promise<Buffer> {
  const tooLarge = new Refusal(413, apiProblems.tooLarge(`${limit / 1024 / 1024} MB`))
  if (announced(request) > limit) throw tooLarge
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of gently(request.raw)) {
    bytes += chunk.length
    if (bytes > limit) throw tooLarge
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/**
 * The body's chunks. Whoever stops early gets the rest read and thrown away (the server's time limit ends that, too), since a
 * sender whose connection just breaks never sees the answer that says why.
 */
export async function* gently(body: Readable): AsyncGenerator<Buffer> {
  try {
    yield* body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>
  } finally {
    body.resume()
  }
}

/** What the sender says that it will send; 0 if it doesn't. */
export function announced(request: FastifyRequest): number {
  return Number(request.headers['content-length'] ?? 0)
}
