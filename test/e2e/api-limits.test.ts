import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { apiRig, ask, type ApiRig } from '../support/api-rig.ts'
import { tempDir } from '../support/temp.ts'

test('a head that dribbles in is cut off', async () => {
  await using rig = await apiRig({ limits: { headersMs: 200 } })
  await using socket = await dial(rig)
  const dribble = setInterval(() => socket.raw.write('x-a: b\r\n'), 20)
  socket.raw.write('GET /api/whoami HTTP/1.1\r\n')
  await socket.ended
  clearInterval(dribble)
  assert.match(socket.text(), /^HTTP\/1\.1 408 /)
})

test('JSON that dribbles in is cut off', async () => {
  await using rig = await apiRig({ limits: { bodyMs: 200 } })
  await using socket = await dial(rig)
  const dribble = setInterval(() => socket.raw.write(' '), 20)
  socket.raw.write(
    head(rig, 'POST /api/rooms', 'content-type: application/json\r\ncontent-length: 100000\r\n'),
  )
  await socket.ended
  clearInterval(dribble)
  assert.match(socket.text(), /^HTTP\/1\.1 408 [\s\S]*"too_slow"/)
})

test('an upload that dribbles in is cut off, later', async () => {
  await using rig = await apiRig({ limits: { headersMs: 200, bodyMs: 100, requestMs: 600 } })
  await rig.must('POST', '/api/rooms', { body: { id: 'kitchen', agents: [] } })
  await using socket = await dial(rig)
  const dribble = setInterval(() => socket.raw.write('x'), 20)
  const type = 'content-type: application/octet-stream\r\ncontent-length: 100000\r\n'
  socket.raw.write(head(rig, 'POST /api/rooms/kitchen/files?name=a', type))
  await socket.ended
  clearInterval(dribble)
  assert.deepEqual((await rig.must('GET', '/api/rooms/kitchen/files'))['files'], [])
})

test('a server with many idle connections still answers', async () => {
  await using rig = await apiRig({ limits: { headersMs: 60_000 } })
  await using all = new AsyncDisposableStack()
  for (let n = 0; n < 200; n++) {
    const socket = all.use(await dial(rig))
    socket.raw.write('GET /api/whoami HTTP/1.1\r\nhost: ')
  }
  await rig.must('GET', '/api/whoami')
})

test('a connection too many is closed, and there is room again when one goes', async () => {
  await using rig = await apiRig({ limits: { connections: 2 } })
  const first = await dial(rig)
  await using second = await dial(rig)
  await using third = await dial(rig)
  await third.ended
  await first[Symbol.asyncDispose]()
  // The server hears of that a moment later.
  while (!(await isLetIn(rig))) await new Promise(setImmediate)
  second.raw.write(head(rig, 'GET /api/whoami'))
  await once(second.raw, 'data')
  assert.match(second.text(), /^HTTP\/1\.1 200 /)
})

test('idle connections can’t take all files that the process may open', async () => {
  await using home = await tempDir()
  // As a program would be started where few are allowed.
  const main = resolve(import.meta.dirname, '../../services/backend/main.ts')
  const env = { ...process.env, COURANTE_HOME: home.path, COURANTE_SOCKETS: home.path, PORT: '0' }
  const child = spawn('sh', ['-c', 'ulimit -n 150; exec "$0" "$1"', process.execPath, main], { env })
  await using _end = {
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'close')
    },
  }
  let url = ''
  child.stderr.resume()
  for await (const chunk of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    url = /listening on (\S+)/.exec(String(chunk))?.[1] ?? ''
    if (url !== '') break
  }
  child.stdout.resume()
  let closed = 0
  const many = Promise.withResolvers<void>()
  const sockets = Array.from({ length: 200 }, () =>
    connect(Number(new URL(url).port), '127.0.0.1')
      .on('error', () => undefined)
      .on('close', () => {
        if (++closed === 100) many.resolve()
      })
      .resume(),
  )
  await many.promise
  for (const socket of sockets) socket.destroy()
  assert.equal((await ask(`${url}/api/whoami`, 'GET', {})).status, 200)
})

test('bodies that are too large are refused before they are read', async () => {
  await using rig = await apiRig()
  await rig.must('POST', '/api/rooms', { body: { id: 'kitchen', agents: [] } })
  const json = await rig.call('POST', '/api/rooms', { body: { id: 'x'.repeat(2_000_000) } })
  assert.deepEqual([json.status, json.json['code']], [413, 'too_large'])
  const long = await rig.call('POST', '/api/rooms/kitchen/messages', { body: { text: 'ä'.repeat(150_000) } })
  assert.deepEqual([long.status, long.json['code']], [400, 'bad_request'])
  await using socket = await dial(rig)
  socket.raw.write(
    head(
      rig,
      'POST /api/rooms/import?id=big',
      'content-type: application/octet-stream\r\ncontent-length: 999999999\r\n',
    ),
  )
  await once(socket.raw, 'data')
  assert.match(socket.text(), /^HTTP\/1\.1 413 /)
  const { rooms } = await rig.must('GET', '/api/rooms')
  assert.equal((rooms as unknown[]).length, 1)
})

test('what is no HTTP gets a short answer', async () => {
  await using rig = await apiRig()
  const requests = [
    'rubbish\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
    head(rig, 'POST /api/rooms', 'content-length: 5\r\ntransfer-encoding: chunked\r\n'),
    head(rig, 'POST /api/rooms', 'content-length: -5\r\n'),
    head(rig, 'GET /api/whoami', `x: ${'y'.repeat(100_000)}\r\n`),
  ]
  for (const request of requests) {
    await using socket = await dial(rig)
    socket.raw.write(request)
    await socket.ended
    assert.match(socket.text(), /^HTTP\/1\.1 4\d\d /, request.slice(0, 60))
    assert.ok(!/at .*\.ts|node:/.test(socket.text()))
  }
  await rig.must('GET', '/api/whoami')
})

function head(rig: ApiRig, line: string, more = ''): string {
  return `${line} HTTP/1.1\r\nhost: ${new URL(rig.backend.address).host}\r\n${more}\r\n`
}

async function isLetIn(rig: ApiRig): Promise<boolean> {
  try {
    return (await rig.call('GET', '/api/whoami')).status === 200
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ECONNRESET' || code === 'UND_ERR_SOCKET') return false
    throw error
  }
}

async function dial(rig: ApiRig) {
  const { hostname, port } = new URL(rig.backend.address)
  const raw: Socket = connect(Number(port), hostname)
  let text = ''
  raw.setEncoding('utf8').on('data', (more: string) => (text += more))
  // Being cut off in the middle of a write is what is wanted here.
  raw.on('error', () => raw.destroy())
  const ended = new Promise<void>(resolve => raw.on('close', () => resolve()))
  await once(raw, 'connect')
  return {
    raw,
    ended,
    text: () => text,
    [Symbol.asyncDispose]: async () => {
      raw.destroy()
      await ended
    },
  }
}
