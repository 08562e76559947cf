import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { hostname } from 'node:os'
import { test } from 'node:test'
import { parseListen } from '../../lib/listen.ts'
import { tempDir } from '../../test/support/temp.ts'
import { openDatabase } from '../chat/database.ts'
import { Accounts } from '../chat/users/accounts.ts'
import { Guard } from './guard.ts'
import { sessionCookies, sessionTokens } from './session-cookie.ts'

const localKey = 'cl_local'
const token = 'A'.repeat(43)

interface Rig extends AsyncDisposable {
  readonly accounts: Accounts
  readonly guard: Guard
}

async function makeRig(listen?: string): Promise<Rig> {
  await using cleanup = new AsyncDisposableStack()
  const home = cleanup.use(await tempDir())
  const database = cleanup.adopt(openDatabase(home.path), database => database.close())
  const accounts = new Accounts({ database })
  const guard = new Guard({
    accounts,
    listen: listen === undefined ? undefined : parseListen(listen),
    localName: 'otto',
    localKey,
  })
  const all = cleanup.move()
  return { accounts, guard, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

function asked(
  headers: Record<string, string>,
  method = 'GET',
  remoteAddress = '192.168.1.77',
): IncomingMessage {
  return { headers, method, socket: { remoteAddress } } as unknown as IncomingMessage
}

/** Whether these headers may come, as GET, POST and an upgrade. */
function comes(guard: Guard, headers: Record<string, string>): string {
  const upgrade = { ...headers, connection: 'upgrade', upgrade: 'websocket' }
  return [asked(headers), asked(headers, 'POST'), asked(upgrade)]
    .map(request => (guard.mayCome(request) ? 'yes' : 'no'))
    .join(' ')
}

const all = 'yes yes yes'
const none = 'no no no'

test('single-user mode answers to loopback names only, and to no page of another site', async () => {
  await using rig = await makeRig()
  const { guard } = rig
  for (const host of ['127.0.0.1:8770', 'localhost', 'LOCALHOST:5173', '[::1]:8770'])
    assert.equal(comes(guard, { host }), all, host)
  for (const host of [
    'evil.example',
    '127.0.0.1.evil.example:8770',
    'localhost.evil.example',
    '192.168.1.5:8770',
    '0.0.0.0:8770',
    'evil@127.0.0.1',
    '127.0.0.1/evil',
    '',
    `${hostname()}:8770`,
  ])
    assert.equal(comes(guard, { host }), none, host)
  assert.equal(comes(guard, {}), none)
  const host = '127.0.0.1:8770'
  assert.equal(comes(guard, { host, origin: 'http://localhost:8770' }), all)
  for (const origin of ['https://evil.example', 'null', '', 'http://127.0.0.1.evil.example', 'file://'])
    assert.equal(comes(guard, { host, origin }), none, origin)
  assert.equal(comes(guard, { host, 'sec-fetch-site': 'same-origin' }), all)
  assert.equal(comes(guard, { host, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }), none)
})

test('in single-user mode a page of another local server may not act', async () => {
  await using rig = await makeRig()
  const { guard } = rig
  const host = '127.0.0.1:8770'
  for (const origin of [
    'http://localhost:3000',
    'http://127.0.0.1',
    'http://[::1]:5173',
    'https://localhost:8770',
  ])
    assert.equal(comes(guard, { host, origin }), none, origin)
  // Through the page's server, which leaves Host as it was; and programs, which send no Origin.
  assert.equal(comes(guard, { host: 'localhost:5173', origin: 'http://localhost:5173' }), all)
  assert.equal(comes(guard, { host }), all)
})

test('in single-user mode everybody who may come is the user of this machine, whatever key they send', async () => {
  await using rig = await makeRig()
  const local = { name: 'otto', role: 'admin', via: 'local', scopes: 'all' }
  assert.deepEqual(rig.guard.who(asked({})), local)
  assert.deepEqual(rig.guard.who(asked({ authorization: 'Bearer sk-whatever' })), local)
  assert.equal(rig.accounts.users.get('otto').hasPassword, false)
})

test('the user of this machine who is called like the program or an agent gets another name', async () => {
  await using rig = await makeRig()
  const options = { accounts: rig.accounts, listen: undefined, localName: 'courante', localKey }
  assert.equal(new Guard(options).who(asked({}))?.name, 'courante-admin')
  assert.equal(new Guard(options).localName, 'courante-admin')
})

test('accounts mode answers to addresses and names of this machine, and to what --listen said', async () => {
  await using rig = await makeRig('box.lan:8770')
  const { guard } = rig
  for (const host of [
    '192.168.1.5:8770',
    '[fd00::1]:8770',
    'localhost:8770',
    `${hostname()}:8770`,
    'box.lan:8770',
    'BOX.lan',
  ])
    assert.equal(comes(guard, { host }), all, host)
  // DNS rebinding: the attacker's own name, pointed at our address.
  for (const host of ['evil.example:8770', 'box.lan.evil.example', 'x@192.168.1.5', ''])
    assert.equal(comes(guard, { host }), none, host)
})

test('in accounts mode Origin has to be the Host, scheme and port included', async () => {
  await using rig = await makeRig('0.0.0.0')
  const host = '192.168.1.5:8770'
  assert.equal(comes(rig.guard, { host, origin: 'http://192.168.1.5:8770' }), all)
  assert.equal(comes(rig.guard, { host: 'localhost:80', origin: 'http://localhost' }), all)
  for (const origin of [
    'https://192.168.1.5:8770',
    'http://192.168.1.5',
    'http://192.168.1.5:3000',
    'http://localhost:8770',
    'null',
    'https://evil.example',
  ])
    assert.equal(comes(rig.guard, { host, origin }), none, origin)
})

test('with a cookie nothing is changed and no socket opened without Origin or Sec-Fetch-Site; with a key it is', async () => {
  await using rig = await makeRig('0.0.0.0')
  const host = '192.168.1.5:8770'
  const cookie = `courante_session=${token}`
  assert.equal(comes(rig.guard, { host, cookie }), 'yes no no')
  assert.equal(comes(rig.guard, { host, cookie, origin: `http://${host}` }), all)
  assert.equal(comes(rig.guard, { host, cookie, 'sec-fetch-site': 'same-origin' }), all)
  assert.equal(comes(rig.guard, { host, cookie, 'sec-fetch-site': 'none' }), 'yes no no')
  // Another service of the same host shares its cookies with us.
  assert.equal(comes(rig.guard, { host, cookie, 'sec-fetch-site': 'same-site' }), none)
  assert.equal(comes(rig.guard, { host, cookie, authorization: 'Bearer ck_x' }), all)
  assert.equal(comes(rig.guard, { host, cookie: 'other=1' }), all)
  // A link on another site that somebody follows, such as one to /welcome.
  const visit = { host, cookie, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
  assert.equal(comes(rig.guard, visit), 'yes no no')
})

test('in accounts mode a request is its session’s user, its key’s user, or nobody', async () => {
  await using rig = await makeRig('0.0.0.0')
  const { accounts, guard } = rig
  await accounts.create('otto', 'alice', 'admin', 'correct horse')
  const { token, session } = await accounts.login('alice', 'correct horse', { address: 'x', agent: '' })
  const cookie = `a=b; courante_session=${token}; c=d`
  const alice = { name: 'alice', role: 'admin', via: 'session', scopes: 'all', credential: session }
  assert.deepEqual(guard.who(asked({ cookie })), alice)
  // Another service of the host put one there as well: it neither counts nor hides ours.
  assert.deepEqual(guard.who(asked({ cookie: `courante_session=${'B'.repeat(43)}; ${cookie}` })), alice)
  for (const headers of [
    {},
    { cookie: `courante_session=${'B'.repeat(43)}` },
    { cookie: 'courante_session=' },
    { cookie: `xcourante_session=${token}` },
  ])
    assert.equal(guard.who(asked(headers as Record<string, string>)), undefined)

  const weak = accounts.createKey('alice', 'alice', 'reader', ['rooms:read'])
  assert.deepEqual(guard.who(asked({ authorization: `Bearer ${weak.token}` })), {
    name: 'alice',
    role: 'user',
    via: 'key',
    scopes: new Set(['rooms:read']),
    credential: weak.key.id,
  })
  const strong = accounts.createKey('alice', 'alice', 'all', ['rooms:read', 'admin'])
  assert.equal(guard.who(asked({ authorization: `bearer ${strong.token}` }))?.role, 'admin')
  assert.deepEqual(guard.who(asked({ authorization: `Bearer ${localKey}` })), {
    name: 'otto',
    role: 'admin',
    via: 'local',
    scopes: 'all',
  })
  // A wrong key is not mended by a good cookie, nor is a session a key.
  for (const authorization of ['Bearer ck_wrong', `Bearer ${token}`, 'Basic YTpi', 'Bearer', ''])
    assert.equal(guard.who(asked({ authorization, cookie })), undefined, authorization)

  await accounts.create('otto', 'bob', 'admin', 'correct horse')
  accounts.change('bob', 'alice', { disabled: true })
  assert.equal(guard.who(asked({ cookie })), undefined)
  assert.equal(guard.who(asked({ authorization: `Bearer ${strong.token}` })), undefined)
})

test('behind a proxy its name counts, with TLS; its X-Forwarded-For is believed from loopback only', async () => {
  await using rig = await makeRig('https://chat.example.com')
  const { guard } = rig
  const host = 'chat.example.com'
  assert.equal(comes(guard, { host, origin: 'https://chat.example.com' }), all)
  assert.equal(comes(guard, { host, origin: 'http://chat.example.com' }), none)
  assert.equal(comes(guard, { host: 'chat.example.com:443', origin: 'https://chat.example.com' }), all)
  assert.equal(comes(guard, { host: 'chat.example.com:8443' }), none)
  assert.equal(guard.isSecure(asked({ host })), true)
  assert.equal(guard.isSecure(asked({ host: '127.0.0.1:8770', 'x-forwarded-proto': 'https' })), false)
  const forwarded = { host, 'x-forwarded-for': '1.1.1.1, 203.0.113.9' }
  assert.equal(guard.addressOf(asked(forwarded, 'GET', '127.0.0.1')), '203.0.113.9')
  assert.equal(guard.addressOf(asked(forwarded, 'GET', '::ffff:127.0.0.1')), '203.0.113.9')
  assert.equal(guard.addressOf(asked(forwarded, 'GET', '192.168.1.9')), '192.168.1.9')
  assert.equal(guard.addressOf(asked({ host, 'x-forwarded-for': 'junk' }, 'GET', '127.0.0.1')), '127.0.0.1')

  await using open = await makeRig('0.0.0.0')
  assert.equal(open.guard.addressOf(asked(forwarded, 'GET', '127.0.0.1')), '127.0.0.1')
  assert.equal(open.guard.isSecure(asked({ host: '192.168.1.5', 'x-forwarded-proto': 'https' })), false)
})

test('the session cookie is for /api and /v1 only, for no script and no other site', () => {
  assert.deepEqual(sessionCookies(token, false), [
    `courante_session=${token}; Path=/api; Max-Age=2592000; HttpOnly; SameSite=Strict`,
    `courante_session=${token}; Path=/v1; Max-Age=2592000; HttpOnly; SameSite=Strict`,
  ])
  for (const cookie of sessionCookies(token, true)) assert.match(cookie, /; Secure$/)
  for (const cookie of sessionCookies(undefined, false))
    assert.match(cookie, /^courante_session=; .*Max-Age=0;/)
  assert.deepEqual(sessionTokens(undefined), [])
  assert.deepEqual(sessionTokens(`courante_session=${'A'.repeat(42)}; courante_session=x`), [])
})
