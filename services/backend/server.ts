import { join } from 'node:path'
import { fastify } from 'fastify'
import type { PortalClient } from '../portal/client.ts'
import { healthRoutes } from './health.ts'
import { isOurs } from './loopback.ts'
import { messages } from './messages.ts'
import { metricsRoutes } from './metrics.ts'
import { RealtimeServer } from './realtime.ts'
import { transcriptRoutes } from './transcript.ts'

export interface BackendOptions {
  readonly home: string
  /** Folder of core's sockets. */
  readonly sockets: string
  readonly port: number
  readonly portal: PortalClient
  readonly log: (line: string) => void
}

export interface Backend {
  readonly address: string
  /** Polite until the signal aborts, then short. */
  close(signal: AbortSignal): Promise<void>
}

/** Listens on 127.0.0.1 only. Rejects with EADDRINUSE for a busy port; port 0 takes a free one. */
export async function startBackend(options: BackendOptions): Promise<Backend> {
  const { home, sockets, port, portal, log } = options
  const transcript = join(home, 'transcript.log')
  const stopping = new AbortController()
  const realtime = new RealtimeServer({ portal, transcript, log })
  const app = fastify({ forceCloseConnections: true })
  app.addHook('onRequest', async (request, reply) => {
    const reads = request.method === 'GET' || request.method === 'HEAD'
    if (!isOurs(request.headers, reads ? 'ignored' : 'checked')) {
      return reply.code(403).type('text/plain; charset=utf-8').send(messages.notOurs)
    }
    return undefined
  })
  healthRoutes(app, home)
  metricsRoutes(app, sockets)
  transcriptRoutes(app, { path: transcript, stopping: stopping.signal, log })
  app.server.on('upgrade', (request, socket, head) => realtime.upgrade(request, socket, head))
  const address = await app.listen({ host: '127.0.0.1', port })
  return {
    address,
    close: async signal => {
      stopping.abort()
      await realtime.close(signal)
      await app.close()
    },
  }
}
