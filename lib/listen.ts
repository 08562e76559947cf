import { isIP } from 'node:net'

/** Where others than this machine may come in, as `--listen` and COURANTE_LISTEN say it. */
export type Listen =
  /** A port of an address of this machine. `host`: a name or an address, IPv6 without brackets; all are 0.0.0.0 and ::. */
  | { readonly type: 'address'; readonly host: string; readonly port?: number }
  /** Nothing new: a proxy on this machine takes TLS off and asks us on loopback. `origin`: how the world calls it. */
  | { readonly type: 'proxy'; readonly origin: string }

/** `0.0.0.0`, `192.168.1.5:8080`, `[::]:8080`, `::`, `box.lan`, `https://chat.example.com`; undefined for what is none of these. */
export function parseListen(text: string): Listen | undefined {
  if (text.startsWith('https://')) return proxyOf(text)
  const [, bracketed, open, port] = /^(?:\[([^\]]*)\]|([^[\]]*?))(?::(\d{1,5}))?$/.exec(text) ?? []
  // More than one colon and no brackets: an IPv6 address, whose last part is no port.
  const bare = isIP(text) === 6
  const host = bare ? text : (bracketed ?? open ?? '')
  if (bracketed !== undefined && isIP(bracketed) !== 6) return undefined
  if (bracketed === undefined && !bare && !isName(host)) return undefined
  if (bare || port === undefined) return { type: 'address', host }
  const number = Number(port)
  return number >= 1 && number <= 65_535 ? { type: 'address', host, port: number } : undefined
}

function proxyOf(text: string): Listen | undefined {
  if (!URL.canParse(text)) return undefined
  const url = new URL(text)
  const isBare =
    url.pathname === '/' && url.search === '' && url.hash === '' && url.username === '' && url.password === ''
  return isBare ? { type: 'proxy', origin: url.origin } : undefined
}

function isName(host: string): boolean {
  if (isIP(host) === 4) return true
  // `1.2.3` and `300.1.1.1` are no names, but mistyped addresses.
  if (/^[\d.]*$/.test(host)) return false
  return host.length <= 253 && /^(?!-)[a-z\d-]{1,63}(?<!-)(\.(?!-)[a-z\d-]{1,63}(?<!-))*$/i.test(host)
}
