import { deepEqual } from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempDir } from '../../test/support/temp.ts'
import { PortalClient } from '../portal/client.ts'
import { sttRequestSchema } from '../portal/stt-request.ts'
import { PortalWorker } from '../portal/worker.ts'
import { EngineLink, type LinkEnd } from './engine-link.ts'

test('a load takes what it takes; only until core says something the limit is short', async () => {
  await using place = await linkIn({ hasCore: true })
  const { limits, opened } = place
  const short = await limits.next()
  const long = await limits.next()
  deepEqual([short.ms, long.ms], [15_000, 600_000])
  // It is over before the model is there.
  short.over()
  place.loaded.resolve()
  await opened
})

test('a load that does not end is told, with how long that was', async () => {
  await using place = await linkIn({ hasCore: true })
  await place.limits.next()
  const long = await place.limits.next()
  long.over()
  deepEqual(await place.ended, { reason: 'unavailable', seconds: 600 })
})

test('without a core that says something it is told soon', async () => {
  await using place = await linkIn({ hasCore: false })
  const short = await place.limits.next()
  short.over()
  deepEqual(await place.ended, { reason: 'unavailable', seconds: 15 })
})

interface Limit {
  readonly ms: number
  readonly over: () => void
}

/** A link through the real portal. Core says that it loads a model until the test says that it has. */
async function linkIn({ hasCore }: { hasCore: boolean }) {
  await using cleanup = new AsyncDisposableStack()
  const { path } = cleanup.use(await tempDir())
  const spool = join(path, 'portals')
  const loaded = Promise.withResolvers<void>()
  const server = createServer(socket => void hangUp(socket))
  const worker = new PortalWorker({
    spool,
    service: 'stt',
    schema: sttRequestSchema,
    log: () => undefined,
    handle: async job => {
      await job.setStatus({ state: 'running', stage: 'loading', model: 'large', progress: 0 })
      await Promise.race([loaded.promise, once(job.signal, 'abort')])
      if (job.signal.aborted) return { type: 'released' }
      const socket = join(path, 's')
      server.listen(socket)
      await once(server, 'listening')
      await job.setStatus({ state: 'running', socket })
      await once(server, 'close')
      return { type: 'done', body: {} }
    },
  })
  if (hasCore) await worker.start()
  cleanup.defer(() => worker.stop())
  cleanup.defer(() => void server.close())
  const client = cleanup.use(new PortalClient({ spool, service: 'stt', user: 'me' }))
  const limits = limitsOf()
  const ready = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<LinkEnd>()
  const handlers = {
    onReady: ready.resolve,
    onEvent: () => undefined,
    onDrain: () => undefined,
    onEnd: ended.resolve,
  }
  const shutdown = new AbortController()
  cleanup.defer(() => shutdown.abort())
  const settings = { sampleRate: 16_000, endpointMs: 500 }
  const link = new EngineLink(client, settings, handlers, shutdown.signal, limits.after)
  cleanup.defer(() => link.end(AbortSignal.abort()))
  const all = cleanup.move()
  return {
    loaded,
    limits,
    opened: ready.promise,
    ended: ended.promise,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

/** Those that are set, in their order; a test says when one is over. */
function limitsOf() {
  const set: Limit[] = []
  let wake = (): void => {}
  return {
    after: (ms: number): AbortSignal => {
      const abort = new AbortController()
      set.push({ ms, over: () => abort.abort() })
      wake()
      return abort.signal
    },
    next: async (): Promise<Limit> => {
      for (;;) {
        const limit = set.shift()
        if (limit !== undefined) return limit
        await new Promise<void>(resolve => (wake = resolve))
      }
    },
  }
}

async function hangUp(socket: Socket): Promise<void> {
  socket.on('error', () => undefined)
  socket.resume()
  await once(socket, 'end')
  socket.end()
}
