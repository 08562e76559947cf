import type { IncomingHttpHeaders } from 'node:http'

const loopback = new Set(['127.0.0.1', 'localhost', '[::1]'])

/**
 * Whether a request may be served: a page of another site must not reach us through a name that it points at 127.0.0.1
 * (DNS rebinding), nor by its script (Origin). Browsers leave Origin out of plain GETs, which change nothing here.
 */
export function isOurs(headers: IncomingHttpHeaders, needsOrigin: 'checked' | 'ignored'): boolean {
  if (!isLoopback(`http://${headers.host ?? ''}`)) return false
  return needsOrigin === 'ignored' || headers.origin === undefined || isLoopback(headers.origin)
}

function isLoopback(url: string): boolean {
  return URL.canParse(url) && loopback.has(new URL(url).hostname)
}
