import assert from 'node:assert/strict'
import { join } from 'node:path'
import { request } from 'undici'
import type { Limits } from '../../services/backend/api/limits.ts'
import { startBackend, type Backend } from '../../services/backend/server.ts'
import { PortalClient } from '../../services/portal/client.ts'
import { tempDir } from './temp.ts'

/** What somebody brings along. */
export type Credentials = Readonly<Record<string, string>>

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** Undefined if it is no JSON. */
  readonly json: Record<string, unknown>
}

export interface Asked {
  /** JSON, unless it is bytes. */
  readonly body?: unknown
  readonly headers?: Credentials
}

export const password = 'a long enough password'

/** The whole backend in this process, on a home of its own, answers checked against their schemas. */
export async function apiRig(
  options: { limits?: Partial<Limits>; accounts?: boolean; home?: string; env?: Record<string, string> } = {},
) {
  await using cleanup = new AsyncDisposableStack()
  const home = options.home ?? cleanup.use(await tempDir()).path
  const logged: string[] = []
  const clients = new Map<string, PortalClient>()
  const backend: Backend = await startBackend({
    home,
    sockets: home,
    port: 0,
    listen: options.accounts === true ? { type: 'address', host: '127.0.0.1' } : undefined,
    localName: 'me',
    portal: service => {
      const spool = join(home, 'portals')
      const client = clients.get(service) ?? new PortalClient({ spool, service, user: 'test' })
      clients.set(service, client)
      return client
    },
    log: line => logged.push(line),
    limits: options.limits ?? {},
    checkReplies: true,
    models: { modelsDir: join(home, 'models'), dir: home, env: { HOME: home, ...options.env } },
  })
  cleanup.defer(() => {
    for (const client of clients.values()) client[Symbol.dispose]()
  })
  cleanup.defer(() => backend.close(AbortSignal.timeout(1000)))
  const all = cleanup.move()
  const call = (method: string, path: string, asked: Asked = {}): Promise<Answer> =>
    ask(`${backend.address}${path}`, method, asked)
  return {
    home,
    backend,
    logged,
    call,
    /** As `call`, but must succeed. */
    must: async (method: string, path: string, asked: Asked = {}): Promise<Record<string, unknown>> => {
      const answer = await call(method, path, asked)
      assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`)
      return answer.json
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

export type ApiRig = Awaited<ReturnType<typeof apiRig>>

/** In accounts mode: the first admin, by the link that the backend shows. */
export async function firstAdmin(rig: ApiRig, name = 'root'): Promise<Credentials> {
  const token = rig.backend.firstLink?.split('#')[1]
  const answer = await rig.call('POST', '/api/redeem', {
    body: { token, name, password },
    headers: { origin: rig.backend.address },
  })
  assert.equal(answer.status, 200, answer.text)
  return cookieOf(rig, answer)
}

/** A user that an admin makes, logged in. */
export async function newUser(rig: ApiRig, admin: Credentials, name: string): Promise<Credentials> {
  await rig.must('POST', '/api/users', { body: { name, password }, headers: admin })
  return await logIn(rig, name)
}

export async function logIn(rig: ApiRig, name: string): Promise<Credentials> {
  const answer = await rig.call('POST', '/api/login', { body: { name, password } })
  assert.equal(answer.status, 200, answer.text)
  return cookieOf(rig, answer)
}

export async function newKey(
  rig: ApiRig,
  user: Credentials,
  scopes: readonly string[],
): Promise<Credentials> {
  const { token } = await rig.must('POST', '/api/keys', { body: { label: 'test', scopes }, headers: user })
  return { authorization: `Bearer ${String(token)}` }
}

/** The answer of any server to one request. */
export async function ask(url: string, method: string, { body, headers = {} }: Asked): Promise<Answer> {
  const bytes = body instanceof Uint8Array
  const type = bytes ? 'application/octet-stream' : 'application/json'
  const answer = await request(url, {
    method: method as 'GET',
    headers: { ...(body === undefined ? {} : { 'content-type': type }), ...headers },
    body: body === undefined ? null : bytes ? body : JSON.stringify(body),
  })
  const text = await answer.body.text()
  const isJson = String(answer.headers['content-type']).includes('json')
  return {
    status: answer.statusCode,
    headers: answer.headers,
    text,
    json: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
  }
}

/** As a browser on our page sends it back. */
function cookieOf(rig: ApiRig, answer: Answer): Credentials {
  const [cookie = ''] = [answer.headers['set-cookie']].flat()
  return { cookie: cookie.split(';')[0] ?? '', origin: rig.backend.address }
}
