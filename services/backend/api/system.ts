import { readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { z } from 'zod'
import { readCore } from '../../../models/core-view.ts'
import { apiProblems, log, whyDown } from '../messages.ts'
import { systemSchema, type System } from '../protocol.ts'
import type { ServiceStatus, SupervisorLink } from '../supervisor-link.ts'
import { Refusal } from './refusal.ts'
import { route, type Api } from './route.ts'
import { StreamCount } from './stream-count.ts'

export interface SystemOptions {
  readonly home: string
  readonly supervisor: SupervisorLink
  /** What the supervisor calls us; undefined: it did not start us. */
  readonly ownName: string | undefined
}

/** Logs that one person follows at a time: each holds a connection to the supervisor. */
const mostFollowed = 8

/** The machine room: services, memory, logs. For admins. */
export function systemRoutes(api: Api, options: SystemOptions): void {
  const { home, supervisor, ownName } = options
  const followed = new StreamCount(mostFollowed)
  const mustBe = async (name: string): Promise<void> => {
    const stack = await supervisor.status()
    if (stack === undefined) throw new Refusal(503, apiProblems.noStack())
    if (!stack.services.some(service => service.name === name))
      throw new Refusal(404, apiProblems.noSuchService(name))
  }
  route(
    api,
    {
      method: 'GET',
      path: '/api/system',
      access: 'admin',
      summary: 'Services, the memory of models, queues, the disk',
      reply: systemSchema,
    },
    async (): Promise<System> => {
      const [stack, { bavail, blocks, bsize }] = await Promise.all([supervisor.status(), statfs(home)])
      const core = readCore(home)
      return {
        version,
        home,
        stack:
          stack === undefined
            ? null
            : {
                name: stack.stack,
                uptimeMs: stack.uptimeMs,
                ready: stack.ready,
                services: stack.services.map(described),
              },
        core: core === undefined ? 'absent' : 'running',
        budget: core?.budget ?? {},
        used: core?.used ?? {},
        queues: core?.queues ?? {},
        disk: { free: bavail * bsize, total: blocks * bsize },
      }
    },
  )
  route(
    api,
    {
      method: 'GET',
      path: '/api/system/logs/:service',
      access: 'admin',
      summary: 'What a service printed: the last lines, and with `follow` what comes',
      params: z.object({ service: z.string() }),
      query: z.strictObject({
        lines: z.coerce.number().int().min(0).max(10_000).default(300),
        follow: z.enum(['true', 'false']).default('false'),
      }),
      reply: { type: 'text/plain; charset=utf-8', about: 'The bytes as they were printed, with colours' },
    },
    async ({ who, params, query, reply }) => {
      const follow = query.follow === 'true'
      const gone = new AbortController()
      if (follow) followed.check(who.name)
      if (follow) followed.take(who.name)
      reply.raw.on('close', () => {
        if (follow) followed.give(who.name)
        gone.abort()
      })
      let bytes: Readable
      try {
        await mustBe(params.service)
        bytes = await supervisor.logs(params.service, query.lines, follow, gone.signal)
      } catch (error) {
        if (!gone.signal.aborted) throw error
        // Nobody is there to be told.
        return void reply.hijack()
      }
      await reply
        .headers({ 'content-type': 'text/plain; charset=utf-8', 'x-accel-buffering': 'no' })
        .send(bytes)
    },
  )
  route(
    api,
    {
      method: 'POST',
      path: '/api/system/restart',
      access: 'admin',
      summary:
        'Restart a service; answers when its new process is there, for this server itself before it goes',
      body: z.strictObject({ service: z.string().min(1).max(100) }),
    },
    async ({ body, reply }) => {
      await mustBe(body.service)
      if (body.service !== ownName) return await supervisor.restart(body.service)
      reply.raw.on('finish', () => {
        supervisor.restart(body.service).catch((error: unknown) => {
          // It ends us, and with us the answer that we wait for.
          api.log(log.failed('POST', '/api/system/restart', error))
        })
      })
    },
  )
}

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8')) as {
  version: string
}

function described(service: ServiceStatus): NonNullable<System['stack']>['services'][number] {
  const { name, state, pid, uptimeMs, restarts, port, usage } = service
  const why = whyDown(service)
  return {
    name,
    state,
    restarts,
    ...(pid === undefined ? {} : { pid }),
    ...(uptimeMs === undefined ? {} : { uptimeMs }),
    ...(port === undefined ? {} : { port }),
    ...(usage === undefined ? {} : { usage }),
    ...(why === undefined ? {} : { why }),
  }
}
