import type { Io } from '../lib/io.ts'
import { ProblemError } from '../lib/problem.ts'
import { accessTo } from './access.ts'
import { openAgent } from './agent.ts'
import { messages } from './messages.ts'
import { locate } from './registry.ts'
import { sourceName, type Source } from './source.ts'

interface ReachOptions {
  readonly env: Io['env']
  readonly cwd: string
  /** Also of who has waited long enough: then nothing is wrong as far as anybody knows. */
  readonly signal: AbortSignal
}

/** Why a download from there would fail at once, as a sentence; undefined where it would not. Downloads nothing. */
export async function reach(from: Source, options: ReachOptions): Promise<string | undefined> {
  if ('shipped' in from || 'file' in from) return undefined
  try {
    if ('npm' in from) await locate(from, options)
    else return await reachUrl(from.url, sourceName(from), options)
    return undefined
  } catch (error) {
    if (options.signal.aborted) return undefined
    if (error instanceof ProblemError) return error.problem.what
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    return messages.unreachable(sourceName(from), code).what
  }
}

async function reachUrl(address: string, what: string, options: ReachOptions): Promise<string | undefined> {
  const { url, headers, hub } = accessTo(address, options.env)
  const { request } = await import('undici')
  const agent = await openAgent(options.env, 10_000)
  try {
    const { statusCode, body } = await request(url, {
      method: 'HEAD',
      headers,
      dispatcher: agent,
      signal: options.signal,
    })
    await body.dump()
    // Who knows no HEAD may well know GET.
    if (statusCode < 400 || statusCode === 405 || statusCode === 501) return undefined
    if (statusCode === 404) return messages.notFound(what).what
    const isGated = hub && (statusCode === 401 || statusCode === 403)
    return (isGated ? messages.gated(what, statusCode) : messages.refused(what, String(statusCode))).what
  } finally {
    await agent.destroy()
  }
}
