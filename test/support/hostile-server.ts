import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** What the server does with one request. Offsets are of the whole file. */
export type Misdeed =
  | { readonly type: 'none' }
  /** All of it with 200, whatever was asked for. */
  | { readonly type: 'ignores_range' }
  /** The connection is torn down when the file has been sent up to there. */
  | { readonly type: 'resets'; readonly at: number }
  /** Says nothing more from there on. */
  | { readonly type: 'stalls'; readonly at: number }
  /** Without a length, and without the end that a chunked body has. */
  | { readonly type: 'cuts_chunked'; readonly at: number }
  /** Ends politely, before what it had announced; by a body without a length. */
  | { readonly type: 'ends_early'; readonly at: number }
  | { readonly type: 'status'; readonly status: number; readonly headers?: Record<string, string> }
  | { readonly type: 'redirects'; readonly to: string; readonly headers?: Record<string, string> }
  /** One bit of what it sends is another. */
  | { readonly type: 'flips'; readonly at: number }
  | { readonly type: 'other_total'; readonly bytes: number }
  /** Sends what lies so many bytes further on, and says so. */
  | { readonly type: 'shifts'; readonly by: number }
  | { readonly type: 'too_much' }

export interface Asked {
  readonly path: string
  readonly start: number
  readonly range: string | undefined
  readonly ifRange: string | undefined
  readonly authorization: string | undefined
}

export interface HostileServer extends AsyncDisposable {
  readonly url: string
  readonly file: string
  content: Buffer
  /** With quotes; undefined: none is sent. */
  etag: string | undefined
  readonly sha256: string
  /** For the requests that come; without one left, all goes well. */
  readonly misdeeds: Misdeed[]
  /** Instead, for servers that decide by what is asked. */
  decide: ((asked: Asked) => Misdeed) | undefined
  /** Bytes a second of each connection; 0: no limit. */
  rate: number
  readonly asked: readonly Asked[]
  /** Bytes of the file that have been sent, over all requests. */
  readonly sent: number
  /** Resolves when a connection has been brought to a halt. */
  stalled(): Promise<void>
}

const step = 32 * 1024

/** A server of one file on loopback that keeps the rules of HTTP as little as it is told to. */
export async function startHostileServer(content: Buffer): Promise<HostileServer> {
  const asked: Asked[] = []
  const misdeeds: Misdeed[] = []
  let halted = Promise.withResolvers<void>()
  let sent = 0
  const http = createServer((request, response) => {
    response.on('error', () => undefined)
    const one = askedBy(request)
    asked.push(one)
    const misdeed = server.decide?.(one) ?? misdeeds.shift() ?? { type: 'none' }
    void answer(one, misdeed, response)
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`

  async function answer(one: Asked, misdeed: Misdeed, response: ServerResponse): Promise<void> {
    const { content, etag } = server
    if (misdeed.type === 'status' || misdeed.type === 'redirects') {
      const location = misdeed.type === 'redirects' ? { location: misdeed.to } : {}
      const status = misdeed.type === 'redirects' ? 302 : misdeed.status
      response.writeHead(status, { ...misdeed.headers, ...location, 'content-length': 0 }).end()
      return
    }
    const fresh = one.ifRange === undefined || one.ifRange === etag
    const [, from, to] = (fresh && /^bytes=(\d+)-(\d*)$/.exec(one.range ?? '')) || []
    const isPart = from !== undefined && misdeed.type !== 'ignores_range'
    const shift = misdeed.type === 'shifts' ? misdeed.by : 0
    const start = isPart ? Number(from) + shift : 0
    const end = Math.min(
      content.length,
      isPart && to !== undefined && to !== '' ? Number(to) + 1 + shift : content.length,
    )
    const total = misdeed.type === 'other_total' ? misdeed.bytes : content.length
    const hasLength = !['cuts_chunked', 'ends_early', 'too_much'].includes(misdeed.type)
    response.writeHead(isPart ? 206 : 200, {
      ...(etag === undefined ? {} : { etag }),
      ...(isPart ? { 'content-range': `bytes ${start}-${end - 1}/${total}` } : {}),
      ...(hasLength ? { 'content-length': isPart ? end - start : total } : {}),
    })
    const began = performance.now()
    const stop = 'at' in misdeed && misdeed.type !== 'flips' ? misdeed.at : end
    for (let at = start; at < end && !response.destroyed;) {
      if (at >= stop) return ended(misdeed, response)
      const part = Buffer.from(content.subarray(at, Math.min(end, stop, at + step)))
      if (misdeed.type === 'flips' && misdeed.at >= at && misdeed.at < at + part.length)
        part.writeUInt8(part.readUInt8(misdeed.at - at) ^ 1, misdeed.at - at)
      at += part.length
      await new Promise<void>(resolve => {
        response.once('close', resolve)
        response.write(part, error => {
          if (!error) sent += part.length
          response.off('close', resolve)
          resolve()
        })
      })
      const ahead = server.rate === 0 ? 0 : ((at - start) / server.rate) * 1000 - (performance.now() - began)
      if (ahead > 1) await delay(ahead)
    }
    if (misdeed.type === 'too_much') response.write(Buffer.alloc(step))
    if (!response.destroyed) ended(misdeed, response)
  }

  function ended(misdeed: Misdeed, response: ServerResponse): void {
    if (misdeed.type === 'stalls') halted.resolve()
    else if (misdeed.type === 'resets') response.socket?.resetAndDestroy()
    else if (misdeed.type === 'cuts_chunked') response.destroy()
    else response.end()
  }

  const server: HostileServer = {
    url,
    file: `${url}/model.gguf`,
    content,
    etag: '"one"',
    misdeeds,
    decide: undefined,
    rate: 0,
    asked,
    get sha256() {
      return createHash('sha256').update(server.content).digest('hex')
    },
    get sent() {
      return sent
    },
    stalled: () => halted.promise,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections()
      http.close()
      await once(http, 'close')
      halted = Promise.withResolvers()
    },
  }
  return server
}

function askedBy({ url = '/', headers }: IncomingMessage): Asked {
  const { range, 'if-range': ifRange, authorization } = headers
  const start = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0)
  return { path: url, start, range, ifRange: ifRange as string | undefined, authorization }
}
