import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import { hostname } from 'node:os'
import { timingSafeEqual } from 'node:crypto'
import type { Listen } from '../../lib/listen.ts'
import type { Accounts } from '../chat/users/accounts.ts'
import { tokenHash } from '../chat/users/token.ts'
import type { UserRole, Who } from '../chat/users/who.ts'
import { clientNetwork } from './client-network.ts'
import { sessionTokens } from './session-cookie.ts'

export interface GuardOptions {
  readonly accounts: Accounts
  /** Undefined: single-user mode, in which everybody who may come is the user of this machine. */
  readonly listen?: Listen | undefined
  /** Taken where the program or an agent isn't called so. */
  readonly localName: string
  /** Who brings this as a bearer token is the user of this machine: that of `<home>/run/backend.key`. */
  readonly localKey: string
}

const loopbackHosts = new Set(['127.0.0.1', 'localhost', '[::1]'])

/**
 * Who asks, and whether they may come at all: asked for each request and each upgrade. Browsers carry others' requests to
 * us: a page of another site must not act through a name that it points at our address (DNS rebinding: Host), nor by its
 * script (Origin, Sec-Fetch-Site), nor by a form that brings our cookie along.
 */
export class Guard {
  readonly mode: 'local' | 'accounts'
  readonly localName: string
  readonly #accounts: Accounts
  readonly #localKey: Buffer
  /** Names by which we may be called in accounts mode, beside addresses. */
  readonly #names: ReadonlySet<string>
  readonly #proxy: URL | undefined

  constructor({ accounts, listen, localName, localKey }: GuardOptions) {
    this.mode = listen === undefined ? 'local' : 'accounts'
    this.localName = accounts.users.ensureLocal(localName)
    this.#accounts = accounts
    this.#localKey = tokenHash(localKey)
    this.#proxy = listen?.type === 'proxy' ? new URL(listen.origin) : undefined
    this.#names = namesOf(listen)
  }

  /** Whether Host, Origin and Sec-Fetch-Site allow this request to be looked at. */
  mayCome({ headers, method = 'GET' }: IncomingMessage): boolean {
    const own = this.#ownOrigin(headers.host)
    if (own === undefined) return false
    const { origin } = headers
    if (origin !== undefined && !this.#isOurPage(origin, own)) return false
    const site = headers['sec-fetch-site']
    const reads = (method === 'GET' || method === 'HEAD') && headers.upgrade === undefined
    // A link somewhere that is followed is a visit, and shows nothing to the page that it was on.
    const isVisit = reads && headers['sec-fetch-mode'] === 'navigate'
    if (!isVisit && (site === 'cross-site' || (site === 'same-site' && this.mode === 'accounts')))
      return false
    // Cookies don't know ports, so SameSite alone would let another service of this host act for our users.
    const byCookie = headers.authorization === undefined && sessionTokens(headers.cookie).length > 0
    return this.mode === 'local' || reads || !byCookie || origin !== undefined || site === 'same-origin'
  }

  /** Undefined: nobody. What a request says of itself in other headers than these is not believed. */
  who({ headers }: IncomingMessage): Who | undefined {
    if (this.mode === 'local') return this.#local()
    if (headers.authorization !== undefined) return this.#byKey(headers.authorization)
    for (const token of sessionTokens(headers.cookie)) {
      const session = this.#accounts.sessions.use(token)
      if (session === undefined) continue
      return {
        name: session.name,
        role: session.role,
        via: 'session',
        scopes: 'all',
        credential: session.id,
      }
    }
    return undefined
  }

  /** For what lasts: after each change of accounts `who` has to be asked again. Returns how to stop. */
  onChange(listener: () => void): () => void {
    return this.#accounts.onChange(listener)
  }

  /** Of the client, for limits and the audit log: an IPv6 address by its /64, which is one customer. */
  addressOf({ headers, socket }: IncomingMessage): string {
    const peer = clientNetwork(socket.remoteAddress ?? '')
    const isProxy = this.#proxy !== undefined && (peer === '127.0.0.1' || peer === '::1')
    const forwarded = isProxy ? headers['x-forwarded-for'] : undefined
    // The last one is what our proxy saw; those before are the client's own words.
    const last = [forwarded].flat().join(',').split(',').at(-1)?.trim() ?? ''
    return isIP(last) === 0 ? peer : clientNetwork(last)
  }

  /** Whether the browser speaks TLS with us, or with the proxy before us: cookies are `Secure` then. */
  isSecure({ headers }: IncomingMessage): boolean {
    return this.#proxy !== undefined && this.#ownOrigin(headers.host) === this.#proxy.origin
  }

  #local(): Who {
    return { name: this.localName, role: 'admin', via: 'local', scopes: 'all' }
  }

  #byKey(authorization: string): Who | undefined {
    const [, token] = /^bearer +(\S+)$/i.exec(authorization) ?? []
    if (token === undefined) return undefined
    if (timingSafeEqual(tokenHash(token), this.#localKey)) return this.#local()
    const key = this.#accounts.keys.use(token)
    if (key === undefined) return undefined
    const role: UserRole = key.role === 'admin' && key.scopes.has('admin') ? 'admin' : 'user'
    return { name: key.name, role, via: 'key', scopes: key.scopes, credential: key.id }
  }

  /** What a page of ours has as its origin, if we may be called by this name. */
  #ownOrigin(host: IncomingHttpHeaders['host']): string | undefined {
    if (host === undefined || !/^(\[[\da-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i.test(host)) return undefined
    if (!URL.canParse(`http://${host}`)) return undefined
    const url = new URL(`http://${host}`)
    if (this.mode === 'local') return loopbackHosts.has(url.hostname) ? url.origin : undefined
    if (this.#proxy !== undefined && new URL(`https://${host}`).host === this.#proxy.host)
      return this.#proxy.origin
    const isAddress = url.hostname.startsWith('[') || isIP(url.hostname) !== 0
    return isAddress || this.#names.has(url.hostname) ? url.origin : undefined
  }

  #isOurPage(origin: string, own: string): boolean {
    if (this.mode === 'accounts') return origin === own
    if (!URL.canParse(origin)) return false
    const { protocol, hostname, port } = new URL(origin)
    // All names of this machine are one. Another port is another program; the page's proxy sends its own as Host, too.
    return protocol === 'http:' && loopbackHosts.has(hostname) && port === new URL(own).port
  }
}

function namesOf(listen: Listen | undefined): Set<string> {
  const own = hostname().toLowerCase()
  const [short = own] = own.split('.')
  const names = new Set(['localhost', own, short, `${short}.local`])
  if (listen?.type === 'address') names.add(listen.host.toLowerCase())
  return names
}
