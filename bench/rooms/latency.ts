import { Agent, request } from 'undici'
import { WebSocket } from 'ws'
import { quantile } from '../portal/measure.ts'

export interface Latency {
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

export interface LatencyOptions {
  readonly url: string
  readonly post: string
  readonly stream: string
  readonly kind: 'ws' | 'sse'
  readonly posts: number
}

/** From before a message is posted until another connection has it, one after the other. */
export async function latency({ url, post, stream, kind, posts }: LatencyOptions): Promise<Latency> {
  let heard: (text: string) => void = () => undefined
  const close = await listen(kind, url + stream, text => heard(text))
  const dispatcher = new Agent({ connections: 1 })
  const times: number[] = []
  const warm = 100
  for (let n = -warm; n < posts; n++) {
    const text = `message ${n} of a conversation, about as long as such a thing is`
    const { promise, resolve } = Promise.withResolvers<void>()
    heard = said => {
      if (said.includes(text)) resolve()
    }
    const began = performance.now()
    const answer = request(url + post, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text }),
      dispatcher,
    })
    await promise
    if (n >= 0) times.push(performance.now() - began)
    await (await answer).body.dump()
  }
  close()
  await dispatcher.close()
  times.sort((a, b) => a - b)
  return { p50: quantile(times, 0.5), p95: quantile(times, 0.95), p99: quantile(times, 0.99) }
}

/** Resolves when it is listened; returns what ends it. */
async function listen(kind: 'ws' | 'sse', url: string, heard: (text: string) => void): Promise<() => void> {
  if (kind === 'ws') {
    const socket = new WebSocket(url.replace('http', 'ws'), { perMessageDeflate: false })
    await new Promise((resolve, reject) => {
      socket.on('open', resolve)
      socket.on('error', reject)
    })
    socket.on('message', data => heard((data as Buffer).toString('utf8')))
    return () => socket.terminate()
  }
  const stop = new AbortController()
  const { body } = await request(url, { signal: stop.signal, bodyTimeout: 0 })
  body.setEncoding('utf8').on('data', heard)
  body.on('error', () => undefined)
  return () => stop.abort()
}
