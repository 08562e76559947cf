import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { tail, type TailOptions } from '../../lib/tail.ts'
import { hasScope } from '../chat/users/who.ts'
import { Refusal } from './api/refusal.ts'
import type { Guard } from './guard.ts'
import { apiProblems, log } from './messages.ts'

export interface TranscriptOptions {
  readonly path: string
  readonly guard: Guard
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
 * offset behind its line, so a browser that reconnects goes on where it stopped. It holds what everybody at this machine
 * said, so it is for admins.
 */
export function transcriptRoutes(app: FastifyInstance, options: TranscriptOptions): void {
  const { path, stopping } = options
  // A HEAD would be a stream without end as well.
  app.get('/api/transcript', { exposeHeadRoute: false }, async (request, reply) => {
    const who = options.guard.who(request.raw)
    if (who === undefined) throw new Refusal(401, apiProblems.notLoggedIn())
    if (!hasScope(who, 'voice')) throw new Refusal(403, apiProblems.keyTooWeak('voice'))
    if (who.role !== 'admin') throw new Refusal(403, apiProblems.adminsOnly())
    reply.hijack()
    const gone = new AbortController()
    const stop = options.guard.onChange(() => {
      if (options.guard.who(request.raw)?.role !== 'admin') gone.abort()
    })
    reply.raw.on('close', stop)
    const after = lastEventId.parse(request.headers['last-event-id'])
    const from = after === undefined ? { lines: shownAtFirst } : { offset: after, orLines: shownAtFirst }
    try {
      await streamLines(reply.raw, path, from, stopping, gone)
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
  gone: AbortController,
): Promise<void> {
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
