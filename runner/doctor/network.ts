import type { Io } from '../../lib/io.ts'
import { isOffline } from '../../lib/offline.ts'
import { sourceName } from '../../models/source.ts'
import type { Seen } from '../install/look.ts'
import type { Check } from './check.ts'
import { says } from './messages.ts'
import type { Subject } from './subject.ts'

/** How long all hosts together may take. */
const waitMs = 3000

/** Whether what is missing could be downloaded, all of it asked at once. Nothing is opened offline, or where nothing is missing. */
export async function sources(seen: Seen, { dir }: Subject, io: Io): Promise<Check[]> {
  if (isOffline(io.env)) return [says.offline()]
  const missing = seen.models.filter(
    ({ model, state }) => state.type !== 'present' && !('shipped' in model.from),
  )
  if (missing.length === 0) return [says.nothingMissing()]
  const { reach } = await import('../../models/reach.ts')
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), waitMs)
  const signal = AbortSignal.any([io.signal, late.signal])
  try {
    return await Promise.all(
      missing.map(async ({ model: { id, from } }) => {
        const fault = await reach(from, { env: io.env, cwd: dir, signal })
        if (fault !== undefined) return says.unreached(id, fault)
        return late.signal.aborted ? says.late(id, sourceName(from)) : says.reached(id, sourceName(from))
      }),
    )
  } finally {
    clearTimeout(timer)
  }
}

/** Which proxies are set, without the passwords in them. */
export function proxies(env: Io['env']): Check[] {
  const names = [
    'http_proxy',
    'HTTP_PROXY',
    'https_proxy',
    'HTTPS_PROXY',
    'no_proxy',
    'NO_PROXY',
    'COURANTE_MIRROR',
  ]
  return names.flatMap(name => {
    const value = env[name]
    if (value === undefined || value === '') return []
    if (!name.toLowerCase().endsWith('s_proxy') && !name.toLowerCase().startsWith('http'))
      return [says.proxy(name, value.replaceAll(/\/\/[^/@\s,]*@/g, '//***@'))]
    const url = URL.parse(value)
    if (url === null || url.host === '') return [says.proxyBad(name)]
    const user = url.username === '' && url.password === '' ? '' : '***@'
    return [says.proxy(name, `${url.protocol}//${user}${url.host}`)]
  })
}
