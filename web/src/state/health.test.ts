import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { askHealth, watchHealth } from './health.ts'

async function serve(answer: () => { status: number; body: string }) {
  const server = createServer((_request, response) => {
    const { status, body } = answer()
    response.writeHead(status, { connection: 'close' }).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/healthz`,
    [Symbol.asyncDispose]: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}

test('the core’s state is what /healthz says; no answer says nothing about it', async () => {
  let body = '{"status":"ok","core":"running"}'
  let status = 200
  await using server = await serve(() => ({ status, body }))
  const { signal } = new AbortController()
  assert.equal(await askHealth(server.url, signal), 'ready')
  body = '{"status":"ok","core":"absent"}'
  assert.equal(await askHealth(server.url, signal), 'not ready')
  status = 502
  body = 'Bad Gateway'
  assert.equal(await askHealth(server.url, signal), 'unknown')
  assert.equal(await askHealth('http://127.0.0.1:1/healthz', signal), 'unknown')
})

test('asks until the core is there', async () => {
  let asked = 0
  await using server = await serve(() => ({
    status: 200,
    body: JSON.stringify({ status: 'ok', core: ++asked < 2 ? 'absent' : 'running' }),
  }))
  const life = new AbortController()
  const seen: string[] = []
  await new Promise<void>(resolve => {
    const watch = watchHealth(
      server.url,
      core => {
        seen.push(core)
        if (core === 'ready') resolve()
        else watch.askNow()
      },
      life.signal,
    )
  })
  life.abort()
  assert.deepEqual(seen, ['not ready', 'ready'])
})
