import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { z } from 'zod'
import { tail, type TailOptions } from '../../lib/tail.ts'
import { route, type Api } from './api/route.ts'
import { log } from './messages.ts'

export interface TranscriptOptions {
  readonly path: string
  readonly stopping: AbortSignal
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
export function transcriptRoutes(api: Api, { path, stopping }: TranscriptOptions): void {
  const { guard } = api
  route(
    api,
    {
      method: 'GET',
      path: '/api/transcript',
      access: 'admin',
      scope: 'voice',
      summary: 'What was said at this machine: the last 100 lines, and each new one',
      query: z.strictObject({}),
      reply: {
        type: 'text/event-stream',
        about: 'Each `data:` is a line, its `id:` the offset behind it, to come back with (Last-Event-ID).',
      },
    },
    async ({ request, reply }) => {
      reply.hijack()
      const gone = new AbortController()
      const stop = guard.onChange(() => {
        if (guard.who(request.raw)?.role !== 'admin') gone.abort()
      })
      reply.raw.on('close', stop)
      const after = lastEventId.parse(request.headers['last-event-id'])
      const from = after === undefined ? { lines: shownAtFirst } : { offset: after, orLines: shownAtFirst }
      try {
        await streamLines(reply.raw, path, from, stopping, gone)
      } catch (error) {
        api.log(log.transcriptUnread(path, error))
      }
    },
  )
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
