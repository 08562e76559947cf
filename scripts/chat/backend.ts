import { setTimeout as delay } from 'node:timers/promises'
import type { z } from 'zod'
import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { problemSchema } from '../../services/chat/protocol.ts'
import { backendAccess, type BackendAccess } from '../shared/backend-url.ts'
import { chatProblems } from '../shared/chat-messages.ts'
import { supervisorLives } from '../shared/core-life.ts'

/** A backend that is being restarted is there again within this. */
const comebackMs = 15_000
const retryMs = 100

/** The backend's `/api`, as the commands use it. Whatever it refuses becomes a ProblemError with its own words. */
export class Backend {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly #home: string
  readonly #signal: AbortSignal

  private constructor(access: BackendAccess, home: string, signal: AbortSignal) {
    this.url = access.url
    this.headers = access.headers
    this.#home = home
    this.#signal = signal
  }

  static async open(home: string, io: Io): Promise<Backend> {
    return new Backend(await backendAccess(home, io.env), home, io.signal)
  }

  /** `path` without `/api`. */
  async ask<T>(method: string, path: string, schema: z.ZodType<T>, body?: unknown): Promise<T> {
    const response = await this.fetch(method, path, body)
    return schema.parse(await response.json())
  }

  async tell(method: string, path: string, body?: unknown): Promise<void> {
    await (await this.fetch(method, path, body)).body?.cancel()
  }

  /** The answer as it comes; a string as the body goes as bytes. */
  async fetch(method: string, path: string, body?: unknown): Promise<Response> {
    const type = typeof body === 'string' ? 'application/octet-stream' : 'application/json'
    const options = {
      method,
      headers: { ...this.headers, ...(body === undefined ? {} : { 'content-type': type }) },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: this.#signal,
    }
    const response = await this.#connected(() => fetch(`${this.url}/api${path}`, options))
    if (!response.ok) throw await refusal(response)
    return response
  }

  /** One that was just restarted is waited for, as long as its supervisor runs. */
  async #connected(request: () => Promise<Response>): Promise<Response> {
    for (const began = performance.now(); ;) {
      try {
        return await request()
      } catch (error) {
        this.#signal.throwIfAborted()
        const isOver = performance.now() - began > comebackMs || !(await supervisorLives(this.#home))
        // What was sent before the connection broke may have been done.
        if (isOver || !isRefused(error)) throw new ProblemError(chatProblems.notRunning(), { cause: error })
      }
      await delay(retryMs, undefined, { signal: this.#signal })
    }
  }
}

/** Where a room's routes are. */
export function roomPath(room: string): string {
  return `/rooms/${encodeURIComponent(room)}`
}

async function refusal(response: Response): Promise<ProblemError> {
  const problem = problemSchema.safeParse(await response.json().catch(() => undefined))
  if (!problem.success) return new ProblemError(chatProblems.notOurs(response.url, response.status))
  const { code, title, detail } = problem.data
  const room = /\/api\/rooms\/([^/?]+)/.exec(response.url)?.[1]
  if (code === 'no_such_room' && room !== undefined) {
    return new ProblemError(chatProblems.noSuchRoom(decodeURIComponent(room)))
  }
  return new ProblemError({
    code,
    what: title,
    ...(detail === undefined ? {} : { todo: detail }),
    exit: exit.failed,
  })
}

function isRefused(error: unknown): boolean {
  const { cause } = error as { cause?: { code?: string } }
  return cause?.code === 'ECONNREFUSED'
}
