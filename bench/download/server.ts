import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { content, patternBytes } from './content.ts'

/**
 * Serves one large file out of memory, as fast as it goes or with a limit for each connection; one thread of a process of its
 * own. Usage: `server.ts BYTES BYTES-A-SECOND` (0: no limit). Prints its port.
 */
const [bytes = 0, rate = 0] = process.argv.slice(2).map(Number)
const pattern = content()
const chunk = rate === 0 ? patternBytes : 256 * 1024

const server = createServer((request, response) => {
  const [, from, to] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '') ?? []
  const start = Number(from ?? 0)
  const end = Math.min(bytes, to === undefined || to === '' ? bytes : Number(to) + 1)
  const head = { etag: '"bench"', 'accept-ranges': 'bytes', 'content-length': end - start }
  if (from === undefined) response.writeHead(200, head)
  else response.writeHead(206, { ...head, 'content-range': `bytes ${start}-${end - 1}/${bytes}` })
  void (async () => {
    const began = performance.now()
    for (let at = start; at < end && !response.destroyed;) {
      const inside = at % patternBytes
      const part = pattern.subarray(inside, inside + Math.min(chunk, end - at, patternBytes - inside))
      at += part.length
      if (!response.write(part)) await drained(response)
      const ahead = rate === 0 ? 0 : ((at - start) / rate) * 1000 - (performance.now() - began)
      if (ahead > 1) await delay(ahead)
    }
    response.end()
  })()
})

function drained(response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const done = (): void => {
    response.off('drain', done).off('close', done)
    resolve()
  }
  response.on('drain', done).on('close', done)
  return promise
}

server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
