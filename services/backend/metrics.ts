import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { Agent, request } from 'undici'
import { Refusal } from './api/refusal.ts'
import type { Guard } from './guard.ts'
import { apiProblems, messages } from './messages.ts'

/** `GET /metrics` in Prometheus's text format: what core tells on its own socket. For admins. */
export function metricsRoutes(app: FastifyInstance, sockets: string, guard: Guard): void {
  const agent = new Agent({ connect: { socketPath: join(sockets, 'core.sock') }, headersTimeout: 5000 })
  app.addHook('onClose', async () => agent.destroy())
  app.get('/metrics', async (asked, reply) => {
    const who = guard.who(asked.raw)
    if (who === undefined) throw new Refusal(401, apiProblems.notLoggedIn())
    if (who.role !== 'admin') throw new Refusal(403, apiProblems.adminsOnly())
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
