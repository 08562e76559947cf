import type { Dispatcher } from 'undici'
import type { Io } from '../lib/io.ts'
import { isOffline } from '../lib/offline.ts'
import { allowed } from './access.ts'

/**
 * How this folder reaches other machines: through the usual proxy variables, and never waiting without end. Offline, it
 * opens nothing but loopback, whoever asks. Destroy it.
 */
export async function openAgent(env: Io['env'], stallMs: number): Promise<Dispatcher> {
  // Only here: most starts download nothing.
  const { EnvHttpProxyAgent } = await import('undici')
  const timeouts = { headersTimeout: stallMs, bodyTimeout: stallMs, allowH2: false }
  // What loopback would be reached through may itself lie elsewhere.
  if (isOffline(env))
    return guarded(new EnvHttpProxyAgent({ httpProxy: '', httpsProxy: '', noProxy: '*', ...timeouts }), env)
  return new EnvHttpProxyAgent({
    httpProxy: env['http_proxy'] ?? env['HTTP_PROXY'] ?? '',
    httpsProxy: env['https_proxy'] ?? env['HTTPS_PROXY'] ?? '',
    noProxy: env['no_proxy'] ?? env['NO_PROXY'] ?? '',
    ...timeouts,
  })
}

function guarded(agent: Dispatcher, env: Io['env']): Dispatcher {
  return agent.compose(dispatch => (options, handler) => {
    allowed(new URL(String(options.origin)), env)
    return dispatch(options, handler)
  })
}
