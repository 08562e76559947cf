import type { Io } from '../../lib/io.ts'
import { isOffline } from '../../lib/offline.ts'
import { sourceName } from '../../models/source.ts'
import type { Seen } from '../install/look.ts'
import type { Check } from './check.ts'
import { says } from './messages.ts'
import type { Subject } from './subject.ts'

/** Whether what is missing could be downloaded, all of it asked at once. Nothing is opened offline, or where nothing is missing. */
export async function sources(seen: Seen, { dir }: Subject, io: Io): Promise<Check[]> {
  if (isOffline(io.env)) return [says.offline()]
  const missing = seen.models.filter(
    ({ model, state }) => state.type !== 'present' && !('shipped' in model.from),
  )
  if (missing.length === 0) return [says.nothingMissing()]
  const { reachAll } = await import('../../models/reach.ts')
  const found = await reachAll(
    missing.map(({ model: { from } }) => ({ from, cwd: dir })),
    io,
  )
  return missing.map(({ model: { id, from } }, at) => {
    const one = found[at]
    if (one?.type === 'fault') return says.unreached(id, one.fault)
    return one?.type === 'reached' ? says.reached(id, sourceName(from)) : says.late(id, sourceName(from))
  })
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
