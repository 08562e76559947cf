import type { EnvHttpProxyAgent } from 'undici'
import type { Io } from '../lib/io.ts'

/** How this folder reaches other machines: through the usual proxy variables, and never waiting without end. Destroy it. */
export async function openAgent(env: Io['env'], stallMs: number): Promise<EnvHttpProxyAgent> {
  // Only here: most starts download nothing.
  const { EnvHttpProxyAgent } = await import('undici')
  return new EnvHttpProxyAgent({
    httpProxy: env['http_proxy'] ?? env['HTTP_PROXY'] ?? '',
    httpsProxy: env['https_proxy'] ?? env['HTTPS_PROXY'] ?? '',
    noProxy: env['no_proxy'] ?? env['NO_PROXY'] ?? '',
    headersTimeout: stallMs,
    bodyTimeout: stallMs,
  })
}
