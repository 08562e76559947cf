import assert from 'node:assert/strict'
import { test } from 'node:test'
import { request } from 'undici'
import { apiRig } from '../support/api-rig.ts'
import { Rig } from '../support/supervisor-rig.ts'

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

test('a backend that was started by hand has no services to tell of', async () => {
  await using api = await apiRig()
  assert.equal(((await api.must('GET', '/api/system')) as unknown as Shown).stack, null)
  const { status, json } = await api.call('POST', '/api/system/restart', { body: { service: 'core' } })
  assert.deepEqual([status, json['code']], [503, 'no_stack'])
})
