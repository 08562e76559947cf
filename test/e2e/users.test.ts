import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { cookieOf, password, usersRig, type UsersRig } from '../support/users-rig.ts'

async function withAdmin(): Promise<UsersRig & { admin: string }> {
  const rig = await usersRig()
  const answer = await rig.browse('POST', '/api/redeem', { token: rig.firstToken, name: 'alice', password })
  assert.equal(answer.status, 200, answer.text)
  return { ...rig, admin: cookieOf(answer) }
}

test('the link in the log makes the first admin, once, and logs in', async () => {
  await using rig = await usersRig()
  assert.match(rig.backend.stdout, /open to others, who need an account: http:\/\/127\.0\.0\.1:\d+\n/)
  assert.equal((await rig.call('GET', '/api/whoami')).status, 401)
  const look = await rig.browse('POST', '/api/redeem/look', { token: rig.firstToken })
  assert.deepEqual([look.json['kind'], look.json['role'], look.json['name']], ['invitation', 'admin', null])
  const answer = await rig.browse('POST', '/api/redeem', { token: rig.firstToken, name: 'alice', password })
  assert.equal(answer.json['name'], 'alice')
  const me = await rig.browse('GET', '/api/whoami', undefined, cookieOf(answer))
  assert.deepEqual(me.json, { mode: 'accounts', name: 'alice', role: 'admin', via: 'session', scopes: 'all' })
  const again = await rig.browse('POST', '/api/redeem', { token: rig.firstToken, name: 'eve', password })
  assert.deepEqual([again.status, again.json['code']], [410, 'bad_token'])
})

test('the cookie: HttpOnly, Strict, for /api and /v1 only, without Secure on plain http', async () => {
  await using rig = await withAdmin()
  const answer = await rig.browse('POST', '/api/login', { name: 'Alice', password })
  const cookies = [answer.headers['set-cookie']].flat()
  assert.equal(cookies.length, 2)
  for (const [i, path] of ['/api', '/v1'].entries())
    assert.match(
      cookies[i] ?? '',
      new RegExp(`^courante_session=[\\w-]{43}; Path=${path}; Max-Age=2592000; HttpOnly; SameSite=Strict$`),
    )
  const out = await rig.browse('POST', '/api/logout', undefined, cookieOf(answer))
  assert.equal(out.status, 204)
  assert.match(String(out.headers['set-cookie']), /courante_session=; Path=\/api; Max-Age=0/)
  assert.equal((await rig.browse('GET', '/api/whoami', undefined, cookieOf(answer))).status, 401)
})

test('no fixation: a session that the client brought along is never taken over', async () => {
  await using rig = await withAdmin()
  const planted = `courante_session=${'A'.repeat(43)}`
  const answer = await rig.browse('POST', '/api/login', { name: 'alice', password }, planted)
  assert.equal(answer.status, 200)
  assert.notEqual(cookieOf(answer), planted)
  assert.equal((await rig.browse('GET', '/api/whoami', undefined, planted)).status, 401)
  // Nor is a good one kept: whoever planted it would be in.
  const second = await rig.browse('POST', '/api/login', { name: 'alice', password }, rig.admin)
  assert.notEqual(cookieOf(second), rig.admin)
})

test('another site, another name for our address, another port: refused, and never logged in', async () => {
  await using rig = await withAdmin()
  const host = new URL(rig.url).host
  const status = async (method: string, path: string, headers: Record<string, string>): Promise<number> =>
    (await rig.call(method, path, { headers: { cookie: rig.admin, ...headers } })).status
  assert.equal(await status('GET', '/api/whoami', { host: 'evil.example' }), 403)
  assert.equal(await status('GET', '/api/whoami', { origin: 'https://evil.example' }), 403)
  assert.equal(await status('POST', '/api/logout', { origin: 'https://evil.example' }), 403)
  assert.equal(await status('POST', '/api/logout', { origin: 'http://127.0.0.1:1' }), 403)
  assert.equal(await status('POST', '/api/logout', { origin: 'null' }), 403)
  assert.equal(await status('POST', '/api/logout', {}), 403)
  assert.equal(await status('GET', '/api/whoami', { 'sec-fetch-site': 'cross-site' }), 403)
  assert.equal(await status('GET', '/api/whoami', { origin: `https://${host}` }), 403)
  // A login by a form of another site: one would be in somebody else's account without knowing.
  const form = await rig.call('POST', '/api/login', {
    body: { name: 'alice', password },
    headers: { origin: 'https://evil.example' },
  })
  assert.equal(form.status, 403)
  assert.equal(form.headers['set-cookie'], undefined)
  assert.equal(await status('GET', '/api/whoami', {}), 200, 'and all of it ended nothing')
})

test('wrong tries are told apart by nothing, then slowed down with Retry-After', async () => {
  await using rig = await withAdmin()
  const wrong = await rig.browse('POST', '/api/login', { name: 'alice', password: 'wrong horse' })
  const unknown = await rig.browse('POST', '/api/login', { name: 'nobody', password: 'wrong horse' })
  assert.equal(wrong.status, 401)
  assert.equal(unknown.text, wrong.text)
  let last = wrong
  for (let i = 0; i < 5; i++)
    last = await rig.browse('POST', '/api/login', { name: 'bob', password: `guess ${i}` })
  assert.equal(last.status, 401)
  last = await rig.browse('POST', '/api/login', { name: 'bob', password: 'guess 6' })
  assert.deepEqual(
    [last.status, last.json['code'], last.headers['retry-after']],
    [429, 'too_many_tries', '1'],
  )
})

test('users, keys, invitations and the audit log are for admins; keys do what their scopes say', async () => {
  await using rig = await withAdmin()
  const made = await rig.browse('POST', '/api/users', { name: 'bob', password }, rig.admin)
  assert.equal(made.status, 201, made.text)
  const bob = await rig.logIn('bob')
  for (const [method, path, body] of [
    ['POST', '/api/users', { name: 'eve', password }],
    ['PATCH', '/api/users/alice', { role: 'user' }],
    ['DELETE', '/api/users/alice', undefined],
    ['GET', '/api/invitations', undefined],
    ['POST', '/api/invitations', {}],
    ['GET', '/api/audit', undefined],
    ['GET', '/metrics', undefined],
    ['GET', '/api/transcript', undefined],
  ] as const) {
    assert.equal((await rig.browse(method, path, body, bob)).status, 403, path)
    assert.equal((await rig.browse(method, path, body)).status, 401, path)
  }
  const names = await rig.browse('GET', '/api/users', undefined, bob)
  assert.doesNotMatch(names.text, /created|hasPassword/)

  const key = await rig.browse('POST', '/api/keys', { label: 'mine', scopes: ['rooms:read', 'admin'] }, bob)
  const bearer = { authorization: `Bearer ${String(key.json['token'])}` }
  assert.deepEqual((await rig.call('GET', '/api/whoami', { headers: bearer })).json['scopes'], [
    'rooms:read',
    'admin',
  ])
  // The scope is no role, and a key makes no keys.
  assert.equal((await rig.call('GET', '/api/audit', { headers: bearer })).status, 403)
  assert.equal(
    (await rig.call('POST', '/api/keys', { headers: bearer, body: { label: 'x', scopes: ['voice'] } }))
      .status,
    403,
  )
  const { id } = key.json['key'] as { id: string }
  assert.equal((await rig.browse('DELETE', `/api/keys/${id}`, undefined, rig.admin)).status, 404, 'not hers')
  assert.equal((await rig.browse('DELETE', `/api/keys/${id}`, undefined, bob)).status, 204)
  assert.equal((await rig.call('GET', '/api/whoami', { headers: bearer })).status, 401)

  const invited = await rig.browse('POST', '/api/invitations', { role: 'user' }, rig.admin)
  const joined = await rig.browse('POST', '/api/redeem', {
    token: invited.json['token'],
    name: 'carol',
    password,
  })
  assert.deepEqual([joined.json['name'], joined.json['role']], ['carol', 'user'])
  assert.equal((await rig.browse('PATCH', '/api/users/carol', { disabled: true }, rig.admin)).status, 200)
  assert.equal((await rig.browse('GET', '/api/whoami', undefined, cookieOf(joined))).status, 401)
  assert.equal(
    (await rig.browse('DELETE', '/api/users/alice', undefined, rig.admin)).json['code'],
    'last_admin',
  )
  const audit = await rig.browse('GET', '/api/audit?limit=5', undefined, rig.admin)
  assert.equal((audit.json['entries'] as unknown[]).length, 5)
  assert.doesNotMatch(audit.text, new RegExp(password))
})

test('sharing a room with the same people once more is no line of the audit log', async () => {
  await using rig = await withAdmin()
  await rig.browse('POST', '/api/users', { name: 'bob', password }, rig.admin)
  await rig.browse('POST', '/api/rooms', { id: 'alice/den' }, rig.admin)
  const shared = async (members: Record<string, string>): Promise<number> => {
    const { status, text } = await rig.browse('PATCH', '/api/rooms/alice%2Fden', { members }, rig.admin)
    assert.equal(status, 200, text)
    const audit = await rig.browse('GET', '/api/audit', undefined, rig.admin)
    const entries = audit.json['entries'] as { what: string }[]
    return entries.filter(({ what }) => what === 'room.members').length
  }
  assert.equal(await shared({}), 0)
  assert.equal(await shared({ Bob: 'reader' }), 1)
  assert.equal(await shared({ bob: 'reader' }), 1)
  assert.equal(await shared({ bob: 'writer' }), 2)
})

test('a changed password ends the other sessions; one sees and ends one’s own', async () => {
  await using rig = await withAdmin()
  const other = await rig.logIn('alice')
  const third = await rig.logIn('alice')
  const list = await rig.browse('GET', '/api/sessions', undefined, third)
  const sessions = list.json['sessions'] as { id: string; own: boolean }[]
  assert.equal(sessions.length, 3)
  const own = sessions.filter(session => session.own)
  assert.equal(own.length, 1)
  assert.equal((await rig.browse('DELETE', `/api/sessions/${own[0]?.id}`, undefined, other)).status, 204)
  assert.equal((await rig.browse('GET', '/api/whoami', undefined, third)).status, 401)
  const wrong = await rig.browse('POST', '/api/password', { old: 'wrong', password: 'another horse' }, other)
  assert.deepEqual([wrong.status, wrong.json['code']], [403, 'wrong_password'])
  const changed = await rig.browse(
    'POST',
    '/api/password',
    { old: password, password: 'another horse' },
    other,
  )
  assert.equal(changed.status, 204, changed.text)
  assert.equal((await rig.browse('GET', '/api/whoami', undefined, rig.admin)).status, 401)
  assert.equal((await rig.browse('GET', '/api/whoami', undefined, other)).status, 200)
})

test('a live session needs a login or a key for voice, and ends with the account, also by the command line', async () => {
  await using rig = await withAdmin()
  await rig.browse('POST', '/api/users', { name: 'bob', password }, rig.admin)
  const bob = await rig.logIn('bob')
  const weak = await rig.users(['keys', 'bob', 'add', 'weak', 'rooms:read', '--json'])
  const { token } = JSON.parse(weak.out) as { token: string }
  const url = `${rig.url.replace('http', 'ws')}/v1/realtime?intent=transcription`
  const opens = (headers: Record<string, string>): Promise<string> =>
    new Promise(resolve => {
      const socket = new WebSocket(url, 'realtime', { headers })
      socket.on('open', () => {
        socket.terminate()
        resolve('open')
      })
      socket.on('error', error => resolve(error.message))
    })
  assert.match(await opens({}), /401/)
  assert.match(await opens({ cookie: bob, origin: 'https://evil.example' }), /403/)
  assert.match(await opens({ cookie: bob }), /403/)
  assert.match(await opens({ authorization: `Bearer ${token}` }), /403/)
  const socket = new WebSocket(url, 'realtime', { headers: { cookie: bob, origin: rig.url } })
  const closed = new Promise<number>(resolve => socket.on('close', resolve))
  await new Promise<void>(resolve => socket.on('open', () => resolve()))
  await rig.users(['disable', 'bob'])
  assert.equal(await closed, 1008)
})

test('who gets the name of an account that was removed has none of its rooms, and none of its sessions', async () => {
  await using rig = await withAdmin()
  const make = () => rig.browse('POST', '/api/users', { name: 'bob', password }, rig.admin)
  assert.equal((await make()).status, 201)
  const before = await rig.logIn('bob')
  assert.equal((await rig.browse('POST', '/api/rooms', { id: 'bob/diary' }, before)).status, 201)
  assert.equal((await rig.browse('DELETE', '/api/users/bob', undefined, rig.admin)).status, 204)
  assert.equal((await make()).status, 201)
  assert.equal((await rig.browse('GET', '/api/rooms', undefined, before)).status, 401)
  const after = await rig.logIn('bob')
  assert.equal((await rig.browse('GET', '/api/rooms/bob%2Fdiary', undefined, after)).status, 404)
  assert.equal((await rig.browse('GET', '/api/rooms/bob%2Fdiary', undefined, rig.admin)).status, 200)
})
