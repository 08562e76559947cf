import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Io } from '../lib/io.ts'
import { isOffline } from '../lib/offline.ts'
import { textOf } from '../lib/reachable.ts'
import { ProblemError } from '../lib/problem.ts'
import { messages } from './messages.ts'

export interface Access {
  /** Where to go in place of the address that was named: the same, or a mirror's. */
  readonly url: string
  /** May hold a secret: only ever for the origin of `url`, and never in a message. */
  readonly headers: Readonly<Record<string, string>>
  /** Whether it is Hugging Face's own hub, or what HF_ENDPOINT names in its place: a refusal is then about a licence or a token. */
  readonly hub: boolean
}

const hub = 'huggingface.co'

/**
 * Where an address is fetched from and with what: `COURANTE_MIRROR` (a URL in place of https://huggingface.co, or
 * `HOST=URL` pairs with commas), HF_ENDPOINT, and the token of Hugging Face's own programs, which goes only to the hub
 * itself. Throws `offline` where no socket may be opened to it.
 */
export function accessTo(address: string, env: Io['env']): Access {
  const asked = new URL(address)
  const host = asked.host === 'hf.co' ? hub : asked.host
  const mirror = mirrorsOf(env).get(host)
  if (mirror !== undefined) return { ...withLogin(moved(asked, mirror), env), hub: false }
  const endpoint = endpointOf(env)
  if (host !== hub && asked.origin !== endpoint?.origin) return { ...withLogin(asked, env), hub: false }
  const url = host === hub && endpoint !== undefined ? moved(asked, endpoint) : asked
  // In clear text it goes only where the person's own HF_ENDPOINT sends it.
  const isPrivate = url.protocol === 'https:' || url.origin === endpoint?.origin
  const token = isPrivate ? tokenOf(env) : undefined
  const headers: Access['headers'] = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const login = withLogin(url, env)
  return { url: login.url, headers: { ...headers, ...login.headers }, hub: true }
}

/** The name and password of an address become a header: clients drop them, and messages must not show them. */
function withLogin(address: URL, env: Io['env']): Pick<Access, 'url' | 'headers'> {
  const url = new URL(address)
  const { username, password } = url
  url.username = url.password = ''
  const login = Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')
  const headers: Access['headers'] = username + password === '' ? {} : { authorization: `Basic ${login}` }
  return { url: allowed(url, env), headers }
}

/** A percent sign that stands for itself is left as it is. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return text
    throw error
  }
}

/** Throws `offline` if nothing may be sent to that address. Also for the targets of redirects. */
export function allowed(url: URL, env: Io['env']): string {
  if (isOffline(env) && !isLoopback(url.hostname)) throw new ProblemError(messages.offline(url.host))
  return url.href
}

export function isLoopback(hostname: string): boolean {
  // URL has made one form of every way to write an address: 127.1 and 0x7f000001 are 127.0.0.1 here.
  return /^127\.\d+\.\d+\.\d+$/.test(hostname) || hostname === '[::1]' || hostname === 'localhost'
}

/** Host → the URL that stands for it. */
function mirrorsOf(env: Io['env']): Map<string, URL> {
  const mirrors = new Map<string, URL>()
  for (const part of (env['COURANTE_MIRROR'] ?? '').split(',').map(part => part.trim())) {
    if (part === '') continue
    const [, host = hub, base = ''] = /^(?:([^=/]+)=)?(.+)$/.exec(part) ?? []
    const url = httpUrl(base)
    if (url === undefined) throw new ProblemError(messages.badMirror('COURANTE_MIRROR'))
    mirrors.set(host.toLowerCase(), url)
  }
  return mirrors
}

function endpointOf(env: Io['env']): URL | undefined {
  const text = env['HF_ENDPOINT'] ?? ''
  if (text === '') return undefined
  const url = httpUrl(text)
  if (url === undefined) throw new ProblemError(messages.badMirror('HF_ENDPOINT'))
  return url
}

function httpUrl(text: string): URL | undefined {
  const url = URL.parse(text)
  return url !== null && /^https?:$/.test(url.protocol) ? url : undefined
}

function moved(asked: URL, base: URL): URL {
  const url = new URL(base)
  url.pathname = base.pathname.replace(/\/$/, '') + asked.pathname
  url.search = asked.search
  return url
}

/** In the order of Hugging Face's own programs. */
function tokenOf(env: Io['env']): string | undefined {
  const given = env['HF_TOKEN'] ?? env['HUGGING_FACE_HUB_TOKEN']
  const token = (given ?? textOf(tokenPath(env))).trim()
  // Anything else would be refused as a header, with the secret in the error.
  return /^[\x21-\x7e]+$/.test(token) ? token : undefined
}

function tokenPath(env: Io['env']): string {
  if (env['HF_TOKEN_PATH']) return env['HF_TOKEN_PATH']
  const home = env['HOME'] ?? homedir()
  const cache = env['XDG_CACHE_HOME'] || join(home, '.cache')
  return join(env['HF_HOME'] || join(cache, 'huggingface'), 'token')
}
