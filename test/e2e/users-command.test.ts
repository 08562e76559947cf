import assert from 'node:assert/strict'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Spawned } from '../support/spawned.ts'
import { tempDir } from '../support/temp.ts'
import { cookieOf, password, usersRig } from '../support/users-rig.ts'

test('a forgotten password: courante users reset prints a link that works once, while the backend runs', async () => {
  await using rig = await usersRig()
  const first = await rig.browse('POST', '/api/redeem', { token: rig.firstToken, name: 'alice', password })
  const { out, err } = await rig.users(['reset', 'alice'])
  const [, origin, token] = /^(http:\/\/\S+)\/welcome#([\w-]{43})\n$/.exec(out) ?? []
  assert.equal(origin, rig.url)
  assert.match(err, /^One use, until \d{4}-.*alice chooses a new password/)
  const redeem = (word: string) => rig.browse('POST', '/api/redeem', { token, password: word })
  const done = await redeem('another horse')
  assert.equal(done.json['name'], 'alice')
  assert.equal((await redeem('third horse!')).status, 410)
  assert.equal((await rig.browse('GET', '/api/whoami', undefined, cookieOf(first))).status, 401)
  assert.equal(
    (await rig.browse('POST', '/api/login', { name: 'alice', password: 'another horse' })).status,
    200,
  )
})

test('add, invite, role, disable, enable, rm, links, keys, audit: each does what it says', async () => {
  await using rig = await usersRig()
  await rig.users(['add', 'alice', '--admin', '--password-stdin'], 0, `${password}\n`)
  const cookie = await rig.logIn('alice')
  const bob = await rig.users(['add', 'bob', '--json'])
  const { link } = JSON.parse(bob.out) as { link: string }
  // The name is settled; another one is of no use.
  const joined = await rig.browse('POST', '/api/redeem', { token: link.split('#')[1], name: 'eve', password })
  assert.equal(joined.json['name'], 'bob')
  await rig.users(['invite', '--admin'])
  assert.match(
    (await rig.users(['links'])).out,
    /^[\da-f]{16} {2}admin {2}until .* for anybody, by \(console\)\n$/,
  )
  const [id = ''] = (await rig.users(['links'])).out.split(' ')
  await rig.users(['links', 'rm', id])
  assert.equal((await rig.users(['links'])).out, '')
  await rig.users(['role', 'bob', 'admin'])
  await rig.users(['disable', 'alice'])
  assert.equal((await rig.browse('GET', '/api/whoami', undefined, cookie)).status, 401)
  assert.match((await rig.users(['disable', 'bob'], 1)).err, /last admin/)
  await rig.users(['enable', 'alice'])
  const key = await rig.users(['keys', 'bob', 'add', 'a script', 'rooms:read'])
  const bearer = { authorization: `Bearer ${key.out.trim()}` }
  assert.equal((await rig.call('GET', '/api/whoami', { headers: bearer })).json['name'], 'bob')
  assert.match((await rig.users(['keys', 'bob'])).out, /rooms:read {2}made .* used .* a script\n$/)
  await rig.users(['rm', 'bob'])
  assert.equal((await rig.call('GET', '/api/whoami', { headers: bearer })).status, 401)
  const list = JSON.parse((await rig.users(['ls', '--json'])).out) as { name: string; hasPassword: boolean }[]
  assert.deepEqual(
    list.filter(user => user.hasPassword).map(user => user.name),
    ['alice'],
  )
  const audit = (await rig.users(['audit', '-n', '2'])).out
  assert.match(audit, /key\.created .*\n.* user\.removed {8}\(console\) {2}bob\n$/)
})

test('wrong words: exit 2 with the usage; a home that is none is not made', async () => {
  await using home = await tempDir()
  const missing = join(home.path, 'typo')
  for (const [words, pattern] of [
    [['frobnicate'], /there is no "frobnicate".*\n.*Usage: courante users/],
    [['add'], /a name is missing/],
    [['ls', 'x'], /"x" is too much/],
    [['role', 'alice', 'boss'], /no role/],
    [['--home', missing], /there is no folder/],
  ] as const) {
    await using program = new Spawned('scripts/users.ts', [...words], { COURANTE_HOME: home.path })
    assert.equal(await program.ended(), 2, program.stderr)
    assert.match(program.stderr, pattern)
  }
  await assert.rejects(() => stat(missing))
})

test('passwords that are none, and names that can’t be taken, are refused in words', async () => {
  await using home = await tempDir()
  const add = async (name: string, stdin: string): Promise<string> => {
    await using program = new Spawned('scripts/users.ts', ['add', name, '--password-stdin'], {
      COURANTE_HOME: home.path,
    })
    program.child.stdin?.end(stdin)
    await program.ended()
    return program.stderr
  }
  assert.equal(await add('alice', password), '')
  assert.match(await add('bob', 'short'), /less than 8 characters/)
  assert.match(await add('Al1ce', password), /looks too much like "alice"/)
  assert.match(await add('../bob', password), /can't be a name/)
})

test('the commands of this machine need no account: backend.key, for its owner only, new at each start', async () => {
  await using rig = await usersRig()
  const path = join(rig.home, 'run/backend.key')
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  const key = (await readFile(path, 'utf8')).trim()
  const me = await rig.call('GET', '/api/whoami', { headers: { authorization: `Bearer ${key}` } })
  assert.deepEqual([me.status, me.json['via'], me.json['role']], [200, 'local', 'admin'])
  const port = new URL(rig.url).port
  const recording = join(rig.home, 'x.wav')
  await writeFile(recording, silence())
  const mike = (env: Record<string, string>): Spawned =>
    new Spawned('scripts/mike.ts', ['--file', recording, '--fast'], { COURANTE_PORT_BACKEND: port, ...env })
  await using stranger = mike({ COURANTE_HOME: join(rig.home, 'elsewhere') })
  assert.equal(await stranger.ended(), 1)
  assert.match(stranger.stderr, /401/)
  await using core = new Spawned('test/support/portal-engine.ts', ['{}'], {
    COURANTE_HOME: rig.home,
    COURANTE_SOCKETS: rig.home,
  })
  await core.saw(/^core ready$/m)
  await using own = mike({ COURANTE_HOME: rig.home })
  assert.equal(await own.ended(), 0, own.stderr)
  // One that can't have the port must not take the key away from the one that has it.
  await using second = new Spawned('services/backend/main.ts', [], {
    COURANTE_HOME: rig.home,
    COURANTE_SOCKETS: rig.home,
    PORT: port,
  })
  assert.equal(await second.ended(), 1)
  assert.equal((await readFile(path, 'utf8')).trim(), key)
})

test('in single-user mode nobody logs in, and a link says that it is for later', async () => {
  await using home = await tempDir()
  await mkdir(join(home.path, 'run'))
  const env = { COURANTE_HOME: home.path, COURANTE_SOCKETS: home.path, PORT: '0', COURANTE_LISTEN: '' }
  await using backend = new Spawned('services/backend/main.ts', [], env)
  const [, url = ''] = await backend.saw(/^backend listening on (http:\/\/\S+)$/m)
  const me = (await (await fetch(`${url}/api/whoami`)).json()) as Record<string, unknown>
  assert.deepEqual([me['mode'], me['via'], me['role']], ['local', 'local', 'admin'])
  assert.doesNotMatch(backend.stdout, /welcome/)
  await using invite = new Spawned('scripts/users.ts', ['invite'], env)
  assert.equal(await invite.ended(), 0)
  assert.match(invite.stderr, /single-user mode/)
})

/** A quarter of a second of it, as WAV. */
function silence(): Buffer {
  const data = Buffer.alloc(8000)
  const header = Buffer.alloc(44)
  header.write('RIFF', 0)
  header.writeUInt32LE(36 + data.length, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(16_000, 24)
  header.writeUInt32LE(32_000, 28)
  header.writeUInt16LE(2, 32)
  header.writeUInt16LE(16, 34)
  header.write('data', 36)
  header.writeUInt32LE(data.length, 40)
  return Buffer.concat([header, data])
}
