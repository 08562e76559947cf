import type { z } from 'zod'
import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { problemSchema } from '../../services/chat/protocol.ts'
import { backendAccess } from '../shared/backend-url.ts'
import { chatProblems } from '../shared/chat-messages.ts'

/** The backend's `/api`, as the commands use it. Whatever it refuses becomes a ProblemError with its own words. */
export class Backend {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly #signal: AbortSignal

  private constructor(url: string, headers: Readonly<Record<string, string>>, signal: AbortSignal) {
    this.url = url
    this.headers = headers
    this.#signal = signal
  }

  static async open(home: string, io: Io): Promise<Backend> {
    const { url, headers } = await backendAccess(home, io.env)
    return new Backend(url, headers, io.signal)
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
    let response: Response
    try {
      response = await fetch(`${this.url}/api${path}`, {
        method,
        headers: { ...this.headers, ...(body === undefined ? {} : { 'content-type': type }) },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        signal: this.#signal,
      })
    } catch (error) {
      this.#signal.throwIfAborted()
      throw new ProblemError(chatProblems.notRunning(), { cause: error })
    }
    if (!response.ok) throw await refusal(response)
    return response
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
  return new ProblemError({
    code,
    what: title,
    ...(detail === undefined ? {} : { todo: detail }),
    exit: exit.failed,
  })
}
