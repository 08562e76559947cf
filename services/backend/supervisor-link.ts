import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { Agent, request } from 'undici'
import { z } from 'zod'
import { identitySchema } from '../../lib/identity-schema.ts'
import { jsonOrUndefined } from '../../lib/parse-json.ts'
import type { Problem } from '../../lib/problem.ts'
import { isAlive } from '../../lib/process-identity.ts'
import { Refusal } from './api/refusal.ts'
import { apiProblems } from './messages.ts'

const fileSchema = z.object({ identity: identitySchema, sockets: z.string() })

const serviceSchema = z.object({
  name: z.string(),
  state: z.string(),
  pid: z.number().optional(),
  uptimeMs: z.number().optional(),
  restarts: z.number(),
  port: z.number().optional(),
  usage: z.object({ cpu: z.number(), memory: z.number(), processes: z.number() }).optional(),
  waitingFor: z.array(z.string()).optional(),
  lastEnd: z.object({ code: z.number(), signal: z.string().optional() }).optional(),
  notStarted: z.looseObject({ reason: z.string() }).optional(),
})
export type ServiceStatus = z.infer<typeof serviceSchema>

const statusSchema = z.object({
  stack: z.string(),
  uptimeMs: z.number(),
  ready: z.boolean(),
  services: z.array(serviceSchema),
})
export type StackStatus = z.infer<typeof statusSchema>

const problemSchema = z.object({
  problem: z.object({ code: z.string(), what: z.string(), todo: z.string().optional(), exit: z.number() }),
})

/** The last one: of another supervisor by now, which has ended. */
const gone = new Set(['ENOENT', 'ECONNREFUSED', 'UND_ERR_SOCKET', 'UND_ERR_DESTROYED'])

/** The supervisor's control socket (docs/control.md), where this backend was started by one. */
export class SupervisorLink {
  readonly #home: string
  #agent: { path: string; agent: Agent } | undefined

  constructor(home: string) {
    this.#home = home
  }

  /** Undefined: there is no supervisor. */
  async status(): Promise<StackStatus | undefined> {
    const body = await this.#ask('GET', '/status?usage=1')
    return body === undefined ? undefined : statusSchema.parse(await body.json())
  }

  /** The raw bytes of a service's log. Throws a Refusal where there is no supervisor. */
  async logs(service: string, lines: number, follow: boolean, signal: AbortSignal): Promise<Readable> {
    const query = new URLSearchParams({ service, lines: String(lines), ...(follow ? { follow: '1' } : {}) })
    const body = await this.#ask('GET', `/logs?${query.toString()}`, { signal })
    if (body === undefined) throw new Refusal(503, apiProblems.noStack())
    return body
  }

  /** Resolves when the new process is there. */
  async restart(service: string): Promise<void> {
    const body = await this.#ask('POST', '/restart', { body: JSON.stringify({ services: [service] }) })
    if (body === undefined) throw new Refusal(503, apiProblems.noStack())
    await body.dump()
  }

  async close(): Promise<void> {
    await this.#agent?.agent.destroy()
  }

  async #ask(method: 'GET' | 'POST', path: string, options: { body?: string; signal?: AbortSignal } = {}) {
    const dispatcher = await this.#open()
    if (dispatcher === undefined) return undefined
    try {
      const answer = await request(`http://supervisor${path}`, { method, dispatcher, ...options })
      if (answer.statusCode < 400) return answer.body
      const { problem } = problemSchema.parse(await answer.body.json())
      throw new Refusal(409, problem as Problem)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === undefined || !gone.has(code)) throw error
      return undefined
    }
  }

  /** A supervisor that is started anew has another socket. */
  async #open(): Promise<Agent | undefined> {
    const sockets = await this.#sockets()
    const path = sockets === undefined ? undefined : join(sockets, 'control.sock')
    const before = this.#agent
    if (path === undefined || before?.path === path) return path === undefined ? undefined : before?.agent
    // A log that is followed may say nothing for hours; a restart takes as long as the service's end.
    const agent = new Agent({ connect: { socketPath: path }, headersTimeout: 120_000, bodyTimeout: 0 })
    // Before anything is waited for: who asks at the same time gets the same one.
    this.#agent = { path, agent }
    await before?.agent.destroy()
    return agent
  }

  async #sockets(): Promise<string | undefined> {
    try {
      const text = await readFile(join(this.#home, 'run/supervisor.json'), 'utf8')
      const file = fileSchema.safeParse(jsonOrUndefined(text))
      return file.success && isAlive(file.data.identity) ? file.data.sockets : undefined
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }
}
