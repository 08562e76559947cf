import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { EventSource } from 'undici'
import type { FeedEvent } from './feed.ts'
import { followTranscript, reconnectDelay } from './feed.ts'

test('lines come with their offset, and a restart behind a proxy that answers 502 is survived', async () => {
  let answers = 0
  const server = createServer((_request, response) => {
    answers++
    // The browser's own reconnection would give up for good at the second.
    if (answers === 2) {
      response.writeHead(502).end()
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('retry: 10\n\nid: 5\ndata: first < line\n\n')
    if (answers === 1) setImmediate(() => response.destroy())
    else response.write('id: 9\ndata: second\n\ndata: no id of a number\nid: x\n\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const life = new AbortController()
  const events: FeedEvent[] = []
  const { promise: secondCame, resolve } = Promise.withResolvers<void>()
  followTranscript(
    () => new EventSource(`http://127.0.0.1:${port}/api/transcript`),
    event => {
      events.push(event)
      if (event.type === 'line' && event.offset === 9) resolve()
    },
    life.signal,
  )
  await secondCame
  life.abort()
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
  assert.equal(answers, 3)
  const lines = events.filter(event => event.type === 'line')
  assert.deepEqual(
    lines.map(({ offset, line }) => `${offset} ${line}`),
    ['5 first < line', '5 first < line', '9 second'],
  )
  const order = events.map(event => event.type)
  assert.ok(order.indexOf('stream_broken') < order.lastIndexOf('stream_opened'), order.join())
})

test('tries again soon, then less often, and never less than every two seconds', () => {
  assert.deepEqual([0, 1, 2, 3, 4, 50].map(reconnectDelay), [200, 400, 800, 1600, 2000, 2000])
})
