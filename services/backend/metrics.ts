import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { Agent, request } from 'undici'
import { messages } from './messages.ts'

/** `GET /metrics` in Prometheus's text format: what core tells on its own socket. */
export function metricsRoutes(app: FastifyInstance, sockets: string): void {
  const agent = new Agent({ connect: { socketPath: join(sockets, 'core.sock') }, headersTimeout: 5000 })
  app.addHook('onClose', async () => agent.destroy())
  app.get('/metrics', async (_request, reply) => {
    try {
      const { statusCode, headers, body } = await request('http://core/metrics', { dispatcher: agent })
      return await reply
        .code(statusCode)
        .type(String(headers['content-type']))
        .send(await body.text())
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ENOENT' && code !== 'ECONNREFUSED' && code !== 'UND_ERR_SOCKET') throw error
      return reply.code(503).type('text/plain; charset=utf-8').send(messages.noCore)
    }
  })
}
