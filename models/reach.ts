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

/** How long all of them together may take: a person waits for it. */
const waitMs = 3000

/** `late`: it has not answered in time, of which nothing follows; a download waits longer. */
export type Reached =
  | { readonly type: 'reached' | 'late' }
  | { readonly type: 'fault'; readonly fault: string }

/** Asks all sources at once whether a download from there could begin, in their order. Downloads nothing. */
export async function reachAll(
  sources: readonly { readonly from: Source; readonly cwd: string }[],
  { env, signal }: Pick<ReachOptions, 'env' | 'signal'>,
): Promise<Reached[]> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), waitMs)
  const either = AbortSignal.any([signal, late.signal])
  try {
    return await Promise.all(
      sources.map(async ({ from, cwd }): Promise<Reached> => {
        const fault = await reach(from, { env, cwd, signal: either })
        if (fault !== undefined) return { type: 'fault', fault }
        return { type: either.aborted ? 'late' : 'reached' }
      }),
    )
  } finally {
    clearTimeout(timer)
  }
}

/** Why a download from there would fail at once, as a sentence; undefined where it would not. */
async function reach(from: Source, options: ReachOptions): Promise<string | undefined> {
  if ('shipped' in from || 'file' in from) return undefined
  try {
    // npm may have answered out of its cache: the tarball itself is what will be asked for.
    const place = 'npm' in from ? await locate(from, options) : { url: from.url }
    return await reachUrl(place, sourceName(from), options)
  } catch (error) {
    if (options.signal.aborted) return undefined
    if (error instanceof ProblemError) return error.problem.what
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    return messages.unreachable(sourceName(from), code).what
  }
}

async function reachUrl(
  place: { readonly url: string; readonly headers?: Readonly<Record<string, string>> },
  what: string,
  options: ReachOptions,
): Promise<string | undefined> {
  const { url, headers, hub } = accessTo(place.url, options.env)
  const { request } = await import('undici')
  const agent = await openAgent(options.env, 10_000)
  try {
    const { statusCode, body } = await request(url, {
      method: 'HEAD',
      headers: { ...place.headers, ...headers },
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
