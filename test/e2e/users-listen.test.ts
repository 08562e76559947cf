import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { ask } from '../support/api-rig.ts'
import { freePort } from '../support/free-port.ts'
import { Spawned } from '../support/spawned.ts'
import { tempDir } from '../support/temp.ts'
import { password, usersRig } from '../support/users-rig.ts'

test('another address is served beside 127.0.0.1, upgrades and accounts included', async () => {
  await using rig = await usersRig({ listen: '127.0.0.2' })
  const { port } = new URL(rig.url)
  const other = `http://127.0.0.2:${port}`
  assert.match(rig.backend.stdout, new RegExp(`open to others, who need an account: ${other}\n`))
  assert.ok(rig.backend.stdout.includes(`${other}/welcome#${rig.firstToken}`))
  for (const url of [rig.url, other]) {
    assert.equal((await ask(`${url}/healthz`, 'GET', {})).status, 200)
    assert.equal((await ask(`${url}/api/whoami`, 'GET', {})).status, 401)
    const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/realtime`)
    const [error] = (await once(socket, 'error')) as [Error]
    assert.match(error.message, /401/)
  }
  const done = await ask(`${other}/api/redeem`, 'POST', {
    body: { token: rig.firstToken, name: 'alice', password },
    headers: { origin: other },
  })
  assert.equal(done.status, 200, done.text)
  rig.backend.child.kill('SIGTERM')
  assert.equal(await rig.backend.ended(), 0, 'and it ends')
})

test('all addresses hold 127.0.0.1; another port is one more', async () => {
  await using wild = await usersRig({ listen: '0.0.0.0' })
  const { port } = new URL(wild.url)
  assert.equal((await ask(`http://127.0.0.2:${port}/healthz`, 'GET', {})).status, 200)
  const second = await freePort()
  await using both = await usersRig({ listen: `0.0.0.0:${second}` })
  assert.equal((await ask(`${both.url}/healthz`, 'GET', {})).status, 200)
  assert.equal((await ask(`http://127.0.0.2:${second}/healthz`, 'GET', {})).status, 200)
})

test('behind a proxy it stays on loopback, its links and cookies are the proxy’s', async () => {
  await using rig = await usersRig({ listen: 'https://chat.example.com' })
  assert.ok(rig.backend.stdout.includes(`https://chat.example.com/welcome#${rig.firstToken}`))
  const { port } = new URL(rig.url)
  await assert.rejects(() => ask(`http://127.0.0.2:${port}/healthz`, 'GET', {}), /ECONNREFUSED/)
  const done = await rig.call('POST', '/api/redeem', {
    body: { token: rig.firstToken, name: 'alice', password },
    headers: {
      host: 'chat.example.com',
      origin: 'https://chat.example.com',
      'x-forwarded-for': '203.0.113.9',
    },
  })
  assert.equal(done.status, 200, done.text)
  assert.match(String(done.headers['set-cookie']), /; Secure/)
  assert.match((await rig.users(['audit'])).out, /login .* alice {2}203\.0\.113\.9\n/)
})

test('an address of nobody, a busy port, a word that is none: in words, and no half start', async () => {
  await using home = await tempDir()
  const busy = createServer().listen(0, '127.0.0.2')
  await once(busy, 'listening')
  const { port } = busy.address() as { port: number }
  for (const [listen, code, pattern] of [
    ['192.0.2.99', 2, /192\.0\.2\.99 is no address of this machine/],
    [`127.0.0.2:${port}`, 1, new RegExp(`port ${port} on 127\\.0\\.0\\.2 is in use`)],
    ['300.1.1.1', 2, /COURANTE_LISTEN can't be "300\.1\.1\.1"/],
  ] as const) {
    const env = { COURANTE_HOME: home.path, COURANTE_SOCKETS: home.path, PORT: '0', COURANTE_LISTEN: listen }
    await using backend = new Spawned('services/backend/main.ts', [], env)
    assert.equal(await backend.ended(), code, backend.stderr)
    assert.match(backend.stderr, pattern)
    assert.doesNotMatch(backend.stdout, /listening|welcome/)
  }
  busy.close()
})

test('up --listen tells the services, and whoever starts them; what can’t be is refused before anything starts', async () => {
  await using folder = await tempDir()
  const file = join(folder.path, 'stack.yaml')
  await mkdir(join(folder.path, 'run'), { mode: 0o700 })
  const command = `[sh, -c, 'echo "listen is <$COURANTE_LISTEN>"; exec sleep 1000']`
  await writeFile(
    file,
    `version: 1\nname: small\nservices:\n  one: { command: ${command}, ready: { log: listen is } }\n`,
  )
  const courante = async (...words: string[]): Promise<{ code: number | null; out: string; err: string }> => {
    await using program = new Spawned('runner/main.ts', [...words, '--stack', file], {
      XDG_RUNTIME_DIR: join(folder.path, 'run'),
    })
    return { code: await program.ended(), out: program.stdout, err: program.stderr }
  }
  for (const [listen, pattern] of [
    ['nope:99999', /--listen takes an address of this machine, not "nope:99999"/],
    ['192.0.2.99', /192\.0\.2\.99 is no address of this machine/],
  ] as const) {
    const refused = await courante('up', '-d', '--listen', listen)
    assert.equal(refused.code, 2, refused.err)
    assert.match(refused.err, pattern)
  }
  const up = await courante('up', '-d', '--listen', '127.0.0.2')
  try {
    assert.equal(up.code, 0, up.err)
    assert.match(up.err, /open to others \(--listen 127\.0\.0\.2\): everybody needs an account/)
    assert.match((await courante('logs', 'one')).out, /listen is <127\.0\.0\.2>/)
    assert.match((await courante('up', '-d', '--listen', '127.0.0.3')).err, /count only at its start/)
  } finally {
    await courante('down')
  }
})
