import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { request } from 'undici'
import { identify } from '../../lib/process-identity.ts'
import { apiRig, ask } from '../support/api-rig.ts'
import { Rig } from '../support/supervisor-rig.ts'
import { tempDir } from '../support/temp.ts'

interface Shown {
  stack: { services: { name: string; state: string; pid?: number; why?: string }[] } | null
  disk: { free: number; total: number }
}

test('the services as their supervisor has them; a restart by name; what is no name is 404', async () => {
  await using rig = await Rig.make({
    one: { ready: { type: 'log', pattern: 'ready' }, command: ['sh', '-c', 'echo ready; exec sleep 1000'] },
    two: { command: ['/nowhere/program'], maxFailures: 1, restart: 'never' },
  })
  await rig.start()
  await rig.event('service_ready', ({ service }) => service === 'one')
  await rig.event('service_not_started', ({ service }) => service === 'two')
  await using api = await apiRig({ home: rig.stack.home })
  const before = (await api.must('GET', '/api/system')) as unknown as Shown
  const [one, two] = before.stack?.services ?? []
  assert.deepEqual([one?.name, one?.state], ['one', 'ready'])
  assert.match(two?.why ?? '', /no program \/nowhere\/program/)
  assert.ok(before.disk.free > 0 && before.disk.total > before.disk.free)
  await api.must('POST', '/api/system/restart', { body: { service: 'one' } })
  const after = (await api.must('GET', '/api/system')) as unknown as Shown
  assert.notEqual(after.stack?.services[0]?.pid, one?.pid)
  for (const [method, path, body] of [
    ['POST', '/api/system/restart', { service: 'three' }],
    ['GET', '/api/system/logs/three', undefined],
  ] as const) {
    const { status, json } = await api.call(method, path, { body })
    assert.deepEqual([status, json['code']], [404, 'no_such_service'])
  }
})

test('a log is its last lines, byte by byte, and with follow what comes', async () => {
  await using rig = await Rig.make({
    one: {
      command: ['sh', '-c', 'for n in 1 2 3; do echo "line $n"; done; read word; echo "heard $word"; cat'],
    },
  })
  await rig.start()
  await using api = await apiRig({ home: rig.stack.home })
  const followed = await request(`${api.backend.address}/api/system/logs/one?lines=300&follow=true`)
  assert.equal(followed.headers['content-type'], 'text/plain; charset=utf-8')
  let text = ''
  for await (const chunk of followed.body.setEncoding('utf8')) {
    const had = text
    text += String(chunk)
    if (!had.includes('line 3') && text.includes('line 3')) await rig.client.input('one', 'you\n')
    if (text.includes('heard you')) break
  }
  assert.match(text, /^line 1\r?\nline 2\r?\nline 3/)
  const last = await api.call('GET', '/api/system/logs/one?lines=1')
  assert.match(last.text, /^heard you\r?\n$/)
})

test('a person follows eight logs at a time; one that is left makes room', async () => {
  await using rig = await Rig.make({ one: { command: ['sh', '-c', 'echo here; exec sleep 1000'] } })
  await rig.start()
  await rig.event('service_ready')
  await using api = await apiRig({ home: rig.stack.home })
  const url = `${api.backend.address}/api/system/logs/one?follow=true`
  const left = new AbortController()
  const follow = async () => await request(url, { signal: left.signal })
  for (let n = 0; n < 8; n++) assert.equal((await follow()).statusCode, 200)
  const refused = await ask(url, 'GET', {})
  assert.deepEqual([refused.status, refused.json['code']], [429, 'too_many_streams'])
  assert.equal((await api.call('GET', '/api/system/logs/one')).status, 200)
  left.abort()
  for (;;) {
    const again = new AbortController()
    const { statusCode } = await request(url, { signal: again.signal })
    again.abort()
    if (statusCode === 200) break
  }
})

test('who leaves before the supervisor has answered is no mistake of the server', async () => {
  await using home = await tempDir()
  const asked = Promise.withResolvers<IncomingMessage>()
  const server = createServer((incoming, response) => {
    const services = [{ name: 'one', state: 'ready', restarts: 0 }]
    if (incoming.url?.startsWith('/logs') === true) asked.resolve(incoming)
    else response.end(JSON.stringify({ stack: 'x', uptimeMs: 1, ready: true, services }))
  })
  server.listen(join(home.path, 'control.sock'))
  await once(server, 'listening')
  await mkdir(join(home.path, 'run'))
  const facts = { identity: identify(process.pid), sockets: home.path }
  await writeFile(join(home.path, 'run/supervisor.json'), JSON.stringify(facts))
  {
    await using api = await apiRig({ home: home.path })
    const left = new AbortController()
    const { signal } = left
    const rejected = assert.rejects(
      request(`${api.backend.address}/api/system/logs/one?follow=true`, { signal }),
    )
    const { socket } = await asked.promise
    left.abort()
    await rejected
    if (!socket.destroyed) await once(socket, 'close')
    await api.must('GET', '/api/system')
    assert.deepEqual(api.logged, [])
  }
  server.close()
})

test('a backend that was started by hand has no services to tell of', async () => {
  await using api = await apiRig()
  assert.equal(((await api.must('GET', '/api/system')) as unknown as Shown).stack, null)
  const { status, json } = await api.call('POST', '/api/system/restart', { body: { service: 'core' } })
  assert.deepEqual([status, json['code']], [503, 'no_stack'])
})
