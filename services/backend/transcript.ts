import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { tail, type TailOptions } from '../../lib/tail.ts'
import { log } from './messages.ts'

export interface TranscriptOptions {
  readonly path: string
  readonly stopping: AbortSignal
  readonly log: (line: string) => void
}

const shownAtFirst = 100
const lastEventId = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number)
  .optional()
  .catch(undefined)

/**
 * `GET /api/transcript`: transcript.log as server-sent events, the last lines and then live. An event's id is the byte
 * offset behind its line, so a browser that reconnects goes on where it stopped.
 */
export function transcriptRoutes(app: FastifyInstance, options: TranscriptOptions): void {
  const { path, stopping } = options
  // A HEAD would be a stream without end as well.
  app.get('/api/transcript', { exposeHeadRoute: false }, async (request, reply) => {
    reply.hijack()
    const after = lastEventId.parse(request.headers['last-event-id'])
    const from = after === undefined ? { lines: shownAtFirst } : { offset: after, orLines: shownAtFirst }
    try {
      await streamLines(reply.raw, path, from, stopping)
    } catch (error) {
      options.log(log.transcriptUnread(path, error))
    }
  })
}

async function streamLines(
  response: ServerResponse,
  path: string,
  from: TailOptions['from'],
  stopping: AbortSignal,
): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  response.on('error', () => gone.abort())
  const signal = AbortSignal.any([gone.signal, stopping])
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  })
  response.write('retry: 1000\n\n')
  // Proxies close what is silent, and only a write shows that the reader has gone.
  const beat = setInterval(() => response.write(': here\n\n'), 15_000)
  try {
    for await (const { offset, line } of tail(path, { from, signal })) {
      // A carriage return would end the field.
      const more = response.write(`id: ${offset}\ndata: ${line.replaceAll('\r', '')}\n\n`)
      if (!more) await once(response, 'drain', { signal })
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    clearInterval(beat)
    response.end()
  }
}
