import type { Dispatcher, Pool as PoolType } from 'undici'
import type { Io } from '../lib/io.ts'
import { isOffline } from '../lib/offline.ts'
import { ProblemError } from '../lib/problem.ts'
import { allowed } from './access.ts'
import { messages } from './messages.ts'
import { trustingSystem } from './system-certificates.ts'

/** More than anybody has to say about a model. */
export const mostProbeBytes = 16 * 2 ** 20

/**
 * How this folder reaches other machines: through the usual proxy variables, and never waiting without end. Offline, it
 * opens nothing but loopback, whoever asks. Throws a ProblemError for a proxy that can't be one. `mostBytes` of a body;
 * without it, all. Destroy it.
 */
export async function openAgent(env: Io['env'], stallMs: number, mostBytes = -1): Promise<Dispatcher> {
  // Only here: most starts download nothing.
  const { EnvHttpProxyAgent, Pool } = await import('undici')
  const timeouts = { headersTimeout: stallMs, bodyTimeout: stallMs }
  const options = { ...timeouts, allowH2: false, maxResponseSize: mostBytes }
  // What loopback would be reached through may itself lie elsewhere.
  if (isOffline(env))
    return guarded(new EnvHttpProxyAgent({ httpProxy: '', httpsProxy: '', noProxy: '*', ...options }), env)
  const agent = new EnvHttpProxyAgent({
    httpProxy: proxyOf(['http_proxy', 'HTTP_PROXY'], env),
    httpsProxy: proxyOf(['https_proxy', 'HTTPS_PROXY'], env),
    noProxy: env['no_proxy'] ?? env['NO_PROXY'] ?? '',
    ...options,
    // Undici gives its own clients of a proxy no timeouts: one that accepts and is silent would be waited for for minutes.
    clientFactory: (origin, its) => new Pool(origin, { ...its, ...timeouts }),
    factory: (origin, its) => new Pool(origin, { ...(its as PoolType.Options), ...options }),
  })
  return trustingSystem(agent)
}

/** As other programs have it, `host:port` is a proxy that speaks http. */
function proxyOf(names: readonly string[], env: Io['env']): string {
  const name = names.find(name => env[name] !== undefined) ?? ''
  const text = (env[name] ?? '').trim()
  if (text === '') return ''
  const url = URL.parse(text.includes('://') ? text : `http://${text}`)
  if (url === null || !/^https?:$/.test(url.protocol)) throw new ProblemError(messages.badProxy(name))
  return url.href
}

function guarded(agent: Dispatcher, env: Io['env']): Dispatcher {
  return agent.compose(dispatch => (options, handler) => {
    allowed(new URL(String(options.origin)), env)
    return dispatch(options, handler)
  })
}
