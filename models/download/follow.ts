import type { Dispatcher } from 'undici'
import { ProblemError } from '../../lib/problem.ts'
import { type Access, allowed } from '../access.ts'
import { messages } from '../messages.ts'
import { get, type Head, type Receive } from './get.ts'

/** Where redirects led to, and what is sent there. */
export interface Place {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

interface Job {
  readonly what: string
  readonly access: Access
  readonly env: Readonly<Record<string, string | undefined>>
  readonly agent: Dispatcher
  readonly onFirstHead: (head: Head) => void
}

const mostRedirects = 10

/**
 * A request, and those that redirects make of it; from `place` on where that is known. What may be secret goes only to the
 * origin that it is meant for.
 */
export async function follow(
  job: Job,
  place: Place | undefined,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
  onHead: (head: Head, at: Place) => Promise<Receive>,
): Promise<void> {
  const { access, what } = job
  const { origin } = new URL(access.url)
  const seen = new Set<string>()
  for (let url = place?.url ?? access.url; ;) {
    seen.add(url)
    const secret = new URL(url).origin === origin ? access.headers : {}
    const at = { url, headers: secret }
    const isFirst = place === undefined && seen.size === 1
    const head = await get(job.agent, url, { ...secret, ...headers }, signal, async head => {
      if (isFirst) job.onFirstHead(head)
      if (!isRedirect(head)) return onHead(head, at)
      // A short page is read, so that the connection can be used again.
      return Number(head.headers['content-length'] ?? Infinity) < 65_536 ? () => undefined : undefined
    })
    if (!isRedirect(head)) return
    url = nextHop(head.headers['location'], url, seen, { what, env: job.env })
  }
}

/** Where a redirect leads to. Throws a ProblemError for one that is not followed. `seen`: where it has led so far. */
export function nextHop(
  location: string | undefined,
  from: string,
  seen: ReadonlySet<string>,
  { what, env }: Pick<Job, 'what' | 'env'>,
): string {
  const next = URL.parse(location ?? '', from)
  if (next !== null) next.hash = ''
  const fault = faultOf(next, from, seen)
  if (next === null || fault !== undefined) throw new ProblemError(messages.redirects(what, fault ?? ''))
  return allowed(next, env)
}

function isRedirect({ status, headers }: Head): boolean {
  return [301, 302, 303, 307, 308].includes(status) && headers['location'] !== undefined
}

function faultOf(next: URL | null, from: string, seen: ReadonlySet<string>): string | undefined {
  if (next === null || !/^https?:$/.test(next.protocol))
    return 'to something that is no http or https address'
  if (next.protocol === 'http:' && from.startsWith('https:'))
    return `from https to http (${next.host}), where anybody can change it`
  if (seen.has(next.href)) return 'in a circle'
  if (seen.size > mostRedirects) return `more than ${mostRedirects} times`
  return undefined
}
