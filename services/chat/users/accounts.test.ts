// Longer than others: each way into an account, and each that must not be one.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProblemError } from '../../../lib/problem.ts'
import { tempDir } from '../../../test/support/temp.ts'
import { openDatabase, type DatabaseSync } from '../database.ts'
import { Accounts, TooManyTries } from './accounts.ts'
import { PasswordHasher } from './password.ts'

const day = 24 * 3600_000
const caller = { address: '10.0.0.1', agent: 'Tester/1.0' }
const cheap = { memory: 64, passes: 1, parallelism: 1 }

interface Rig extends AsyncDisposable {
  readonly accounts: Accounts
  readonly database: DatabaseSync
  readonly clock: { ms: number }
  readonly home: string
}

async function makeRig(): Promise<Rig> {
  await using cleanup = new AsyncDisposableStack()
  const home = cleanup.use(await tempDir())
  const database = cleanup.adopt(openDatabase(home.path), database => database.close())
  const clock = { ms: Date.UTC(2026, 0, 1) }
  const accounts = new Accounts({
    database,
    now: () => clock.ms,
    hasher: new PasswordHasher(cheap),
    otherNames: () => ['Barbie'],
  })
  cleanup.defer(() => accounts.close())
  const all = cleanup.move()
  return { accounts, database, clock, home: home.path, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

/** The code of the problem that it throws or rejects with. */
async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work()
  } catch (error) {
    if (error instanceof ProblemError) return error.problem.code
    throw error
  }
  return 'fine'
}

test('a login with the right password starts a session, and each a new one', async () => {
  await using rig = await makeRig()
  const { accounts } = rig
  await accounts.create('root', 'Alice', 'admin', 'correct horse')
  const first = await accounts.login('alice', 'correct horse', caller)
  const second = await accounts.login('ALICE', 'correct horse', caller)
  assert.notEqual(first.token, second.token)
  assert.deepEqual(accounts.sessions.use(first.token), { id: first.session, name: 'Alice', role: 'admin' })
  assert.equal(accounts.sessions.list('Alice').length, 2)
  assert.equal(accounts.sessions.use('x'.repeat(43)), undefined)
  assert.doesNotMatch(
    JSON.stringify(rig.database.prepare('SELECT * FROM sessions').all()),
    new RegExp(first.token),
  )
})

test('names that are not ASCII are found in either case, too', async () => {
  await using rig = await makeRig()
  await rig.accounts.create('root', 'Ärger', 'user', 'correct horse')
  assert.equal((await rig.accounts.login('ärger', 'correct horse', caller)).user.name, 'Ärger')
})

test('a wrong password, an unknown name, a disabled user and a user without a password cost the same', async () => {
  await using rig = await makeRig()
  const { accounts } = rig
  accounts.users.ensureLocal('root')
  await accounts.create('root', 'alice', 'admin', 'correct horse')
  await accounts.create('root', 'carol', 'user', 'correct horse')
  accounts.change('root', 'carol', { disabled: true })
  for (const [name, password] of [
    ['alice', 'wrong horse'],
    ['nobody', 'correct horse'],
    ['carol', 'correct horse'],
    ['root', ''],
    ['\0', 'x'.repeat(4000)],
  ] as const) {
    const before = accounts.hasher.derived
    assert.equal(await codeOf(() => accounts.login(name, password, caller)), 'wrong_login')
    assert.equal(accounts.hasher.derived - before, 1, name)
  }
})

test('a login whose hash is outdated makes it anew', async () => {
  await using rig = await makeRig()
  await rig.accounts.create('root', 'alice', 'admin', 'correct horse')
  const stronger = new Accounts({
    database: rig.database,
    hasher: new PasswordHasher({ memory: 128, passes: 1, parallelism: 1 }),
  })
  await stronger.login('alice', 'correct horse', caller)
  assert.match(stronger.users.passwordOf('alice') ?? '', /m=128,/)
  await stronger.login('alice', 'correct horse', caller)
})

test('who guesses is told to wait, whoever has logged in from there before is not', async () => {
  await using rig = await makeRig()
  const { accounts, clock } = rig
  await accounts.create('root', 'alice', 'admin', 'correct horse')
  await accounts.login('alice', 'correct horse', { address: '192.168.1.2', agent: '' })
  const guess = (address: string): Promise<string> =>
    codeOf(() => accounts.login('alice', 'a guess', { address, agent: '' }))
  for (let i = 0; i < 5; i++) assert.equal(await guess(`10.0.0.${i}`), 'wrong_login')
  const before = accounts.hasher.derived
  await assert.rejects(
    () => accounts.login('alice', 'correct horse', caller),
    (error: unknown) => error instanceof TooManyTries && error.seconds === 1,
  )
  assert.equal(accounts.hasher.derived, before, 'nothing is hashed for who has to wait')
  // Also after a restart, since the audit log remembers.
  const again = new Accounts({ database: rig.database, now: () => clock.ms, hasher: accounts.hasher })
  await again.login('alice', 'correct horse', { address: '192.168.1.2', agent: '' })
  await accounts.login('alice', 'correct horse', { address: '192.168.1.2', agent: '' })
})

test('a session lasts 30 days after its last use', async () => {
  await using rig = await makeRig()
  const { accounts, clock } = rig
  await accounts.create('root', 'alice', 'admin', 'correct horse')
  const { token } = await accounts.login('alice', 'correct horse', caller)
  for (let i = 0; i < 5; i++) {
    clock.ms += 29 * day
    assert.ok(accounts.sessions.use(token))
  }
  clock.ms += 31 * day
  assert.equal(accounts.sessions.use(token), undefined)
  assert.deepEqual(accounts.sessions.list('alice'), [])
})

test('sessions end by logout, by a change of the password (all others), by disabling', async () => {
  await using rig = await makeRig()
  const { accounts } = rig
  await accounts.create('root', 'alice', 'admin', 'correct horse')
  await accounts.create('root', 'bob', 'user', 'correct horse')
  const [a, b, c] = [
    await accounts.login('bob', 'correct horse', caller),
    await accounts.login('bob', 'correct horse', caller),
    await accounts.login('bob', 'correct horse', caller),
  ]
  const alive = (): boolean[] => [a, b, c].map(({ token }) => accounts.sessions.use(token) !== undefined)
  accounts.logout('bob', a.session)
  assert.deepEqual(alive(), [false, true, true])
  assert.equal(
    await codeOf(() => accounts.changePassword('bob', 'wrong', 'another horse', caller, b.session)),
    'wrong_password',
  )
  assert.equal(
    await codeOf(() => accounts.changePassword('bob', 'correct horse', 'short', caller, b.session)),
    'password_short',
  )
  await accounts.changePassword('bob', 'correct horse', 'another horse', caller, b.session)
  assert.deepEqual(alive(), [false, true, false])
  assert.equal(await codeOf(() => accounts.login('bob', 'correct horse', caller)), 'wrong_login')
  accounts.change('alice', 'bob', { disabled: true })
  assert.deepEqual(alive(), [false, false, false])
  accounts.change('alice', 'bob', { disabled: false })
  assert.deepEqual(alive(), [false, false, false])
  // One can end one's own sessions only.
  const d = await accounts.login('bob', 'another horse', caller)
  assert.equal(await codeOf(() => accounts.endSession('alice', d.session)), 'no_such_session')
  accounts.endSession('bob', d.session)
  assert.equal(accounts.sessions.use(d.token), undefined)
})

test('an account that was disabled, or got another password, while the old one was being hashed is not let in', async () => {
  await using rig = await makeRig()
  const { accounts } = rig
  await accounts.create('root', 'alice', 'admin', 'correct horse')
  await accounts.create('root', 'bob', 'user', 'correct horse')
  const login = accounts.login('bob', 'correct horse', caller)
  accounts.change('alice', 'bob', { disabled: true })
  assert.equal(await codeOf(() => login), 'wrong_login')
})

test('the first link makes the first admin, once; with the name of this machine’s user it takes its rooms over', async () => {
  await using rig = await makeRig()
  const { accounts } = rig
  accounts.users.ensureLocal('otto')
  const old = accounts.firstToken() ?? ''
  const token = accounts.firstToken() ?? ''
  assert.equal(await codeOf(() => accounts.look(old, caller.address)), 'bad_token')
  assert.equal(
    await codeOf(() => accounts.redeem(token, { password: 'correct horse' }, caller)),
    'name_needed',
  )
  assert.equal(
    await codeOf(() => accounts.redeem(token, { name: 'otto', password: 'short' }, caller)),
    'password_short',
  )
  const { user } = await accounts.redeem(token, { name: 'Otto', password: 'correct horse' }, caller)
  assert.deepEqual([user.name, user.role, user.hasPassword], ['otto', 'admin', true])
  assert.equal(
    await codeOf(() => accounts.redeem(token, { name: 'eve', password: 'correct horse' }, caller)),
    'bad_token',
  )
  assert.equal(accounts.firstToken(), undefined)
  assert.equal(accounts.users.list().length, 1)
})

test('an invitation is good for one user of its role, for 7 days, and not for a name that somebody has', async () => {
  await using rig = await makeRig()
  const { accounts, clock } = rig
  accounts.users.ensureLocal('otto')
  await accounts.create('root', 'alice', 'admin', 'correct horse')
  const { token } = accounts.invite('alice', 'user')
  for (const name of ['alice', 'Al1ce', 'otto', 'barbie'])
    assert.equal(
      await codeOf(() => accounts.redeem(token, { name, password: 'correct horse' }, caller)),
      'name_taken',
      name,
    )
  assert.equal(
    await codeOf(() => accounts.redeem(token, { name: 'everyone', password: 'correct horse' }, caller)),
    'name_reserved',
  )
  const two = await Promise.allSettled([
    accounts.redeem(token, { name: 'bob', password: 'correct horse' }, caller),
    accounts.redeem(token, { name: 'eve', password: 'correct horse' }, caller),
  ])
  assert.equal(two.filter(({ status }) => status === 'fulfilled').length, 1, 'one of two at once')
  const late = accounts.invite('alice', 'admin').token
  clock.ms += 8 * day
  assert.equal(
    await codeOf(() => accounts.redeem(late, { name: 'carol', password: 'correct horse' }, caller)),
    'bad_token',
  )
  const gone = accounts.invite('alice', 'admin', 'carol')
  accounts.removeInvitation('alice', gone.invitation.id)
  assert.equal(await codeOf(() => accounts.look(gone.token, caller.address)), 'bad_token')
})

test('a reset chooses a new password for one user, ends their sessions, and is good for a day', async () => {
  await using rig = await makeRig()
  const { accounts, clock } = rig
  await accounts.create('root', 'alice', 'admin', 'correct horse')
  const { token: session } = await accounts.login('alice', 'correct horse', caller)
  const late = accounts.reset('root', 'ALICE').token
  clock.ms += day + 1
  assert.equal(await codeOf(() => accounts.look(late, caller.address)), 'bad_token')
  const { token } = accounts.reset('root', 'alice')
  assert.ok(accounts.sessions.use(session), 'nothing has happened yet')
  // Whatever name comes along, it is alice's.
  const { user } = await accounts.redeem(token, { name: 'eve', password: 'another horse' }, caller)
  assert.equal(user.name, 'alice')
  assert.equal(accounts.sessions.use(session), undefined)
  await accounts.login('alice', 'another horse', caller)
  assert.equal(await codeOf(() => accounts.reset('root', 'nobody')), 'no_such_user')
})

test('an invitation for a name never becomes a way into an account that was made otherwise', async () => {
  await using rig = await makeRig()
  const { accounts } = rig
  await accounts.create('root', 'alice', 'admin', 'correct horse')
  const { token } = accounts.invite('alice', 'user', 'Ölaf')
  await accounts.create('root', 'ölaf', 'admin', 'correct horse')
  assert.equal(await codeOf(() => accounts.look(token, caller.address)), 'bad_token')
  assert.equal(await codeOf(() => accounts.redeem(token, { password: 'another horse' }, caller)), 'bad_token')
  assert.deepEqual(accounts.invitations.list(), [])
  await accounts.login('ölaf', 'correct horse', caller)
})

test('links are worthless once their maker is disabled, demoted or removed', async () => {
  await using rig = await makeRig()
  const { accounts } = rig
  await accounts.create('root', 'alice', 'admin', 'correct horse')
  await accounts.create('root', 'bob', 'user', 'correct horse')
  const ends = {
    disabled: () => accounts.change('alice', 'eve', { disabled: true }),
    demoted: () => accounts.change('alice', 'eve', { role: 'user' }),
    removed: () => accounts.remove('alice', 'eve'),
  }
  for (const [how, end] of Object.entries(ends)) {
    await accounts.create('alice', 'eve', 'admin', 'correct horse')
    const links = [
      accounts.invite('eve', 'admin'),
      accounts.invite('eve', 'admin', 'carol'),
      accounts.reset('eve', 'bob'),
    ]
    const kept = accounts.invite('alice', 'user')
    end()
    for (const { token } of links)
      assert.equal(await codeOf(() => accounts.look(token, caller.address)), 'bad_token', how)
    accounts.look(kept.token, caller.address)
    if (how !== 'removed') accounts.remove('alice', 'eve')
  }
})

test('a link for a user does not make its holder an admin by the name of this machine’s user', async () => {
  await using rig = await makeRig()
  const { accounts } = rig
  accounts.users.ensureLocal('otto')
  const { token } = accounts.invite('(console)', 'user')
  const given = { name: 'otto', password: 'correct horse' }
  assert.equal(await codeOf(() => accounts.redeem(token, given, caller)), 'name_taken')
  const admin = accounts.invite('(console)', 'admin')
  assert.equal((await accounts.redeem(admin.token, given, caller)).user.role, 'admin')
})

test('the user of this machine has no name of the program’s or an agent’s', async () => {
  await using rig = await makeRig()
  const { users } = rig.accounts
  assert.equal(users.ensureLocal('courante'), 'courante-admin')
  assert.equal(users.ensureLocal('BARBIE'), 'BARBIE-admin')
  assert.equal(users.ensureLocal('otto'), 'otto')
  assert.deepEqual(
    users.list().map(({ name }) => name),
    ['BARBIE-admin', 'courante-admin', 'otto'],
  )
})

test('a disabled user has no use of a reset', async () => {
  await using rig = await makeRig()
  const { accounts } = rig
  await accounts.create('root', 'alice', 'admin', 'correct horse')
  await accounts.create('root', 'bob', 'user', 'correct horse')
  const { token } = accounts.reset('root', 'bob')
  accounts.change('root', 'bob', { disabled: true })
  assert.equal(await codeOf(() => accounts.redeem(token, { password: 'another horse' }, caller)), 'bad_token')
  assert.equal(await codeOf(() => accounts.reset('root', 'bob')), 'disabled')
})

test('the last admin who can log in stays; the user of this machine counts for none and can’t be changed', async () => {
  await using rig = await makeRig()
  const { accounts } = rig
  accounts.users.ensureLocal('otto')
  await accounts.create('root', 'alice', 'admin', 'correct horse')
  for (const work of [
    () => accounts.remove('root', 'alice'),
    () => accounts.change('root', 'alice', { disabled: true }),
    () => accounts.change('root', 'alice', { role: 'user' }),
  ])
    assert.equal(await codeOf(work), 'last_admin')
  assert.equal(await codeOf(() => accounts.remove('root', 'otto')), 'local_user')
  assert.equal(await codeOf(() => accounts.change('root', 'otto', { role: 'user' })), 'local_user')
  await accounts.create('root', 'bob', 'admin', 'correct horse')
  accounts.remove('bob', 'alice')
  assert.equal(await codeOf(() => accounts.remove('bob', 'bob')), 'last_admin')
})

test('a removed user’s sessions, keys and memberships go, rooms stay as nobody’s', async () => {
  await using rig = await makeRig()
  const { accounts, database } = rig
  await accounts.create('root', 'alice', 'admin', 'correct horse')
  await accounts.create('root', 'bob', 'user', 'correct horse')
  const { token } = await accounts.login('bob', 'correct horse', caller)
  const key = accounts.createKey('bob', 'bob', 'script', ['rooms:read'])
  database.exec("INSERT INTO rooms (id, owner, created) VALUES ('den', 'bob', 1)")
  accounts.remove('alice', 'bob')
  assert.equal(accounts.sessions.use(token), undefined)
  assert.equal(accounts.keys.use(key.token), undefined)
  assert.deepEqual({ ...database.prepare('SELECT id, owner FROM rooms').get() }, { id: 'den', owner: null })
})

test('a key is kept as a hash, has its scopes, and its last use is written once a minute', async () => {
  await using rig = await makeRig()
  const { accounts, clock, database } = rig
  await accounts.create('root', 'alice', 'admin', 'correct horse')
  const { key, token } = accounts.createKey('alice', 'alice', 'script', ['voice', 'rooms:read', 'voice'])
  assert.match(token, /^ck_[\w-]{43}$/)
  assert.deepEqual(key.scopes, ['rooms:read', 'voice'])
  assert.doesNotMatch(JSON.stringify(database.prepare('SELECT * FROM api_keys').all()), new RegExp(token))
  const used = (): number | null | undefined => accounts.keys.list('alice')[0]?.used
  assert.equal(used(), null)
  assert.deepEqual(accounts.keys.use(token)?.scopes, new Set(['rooms:read', 'voice']))
  const first = clock.ms
  clock.ms += 59_000
  accounts.keys.use(token)
  assert.equal(used(), first)
  clock.ms += 2000
  accounts.keys.use(token)
  assert.equal(used(), clock.ms)
  assert.equal(await codeOf(() => accounts.removeKey('bob', 'bob', key.id)), 'no_such_key')
  accounts.removeKey('alice', 'alice', key.id)
  assert.equal(accounts.keys.use(token), undefined)
})

test('the audit log tells what happened, without passwords and tokens, and a flood of failures washes nothing away', async () => {
  await using rig = await makeRig()
  const { accounts } = rig
  await accounts.create('root', 'alice', 'admin', 'correct horse')
  await accounts.login('alice', 'correct horse', caller)
  const { token } = accounts.invite('alice', 'user', 'bob')
  await codeOf(() => accounts.login('alice', 'wr0ng pass', caller))
  assert.deepEqual(
    accounts.audit.list(10).map(({ who, what, about }) => [who, what, about]),
    [
      [null, 'login.failed', 'alice'],
      ['alice', 'invitation.created', 'bob'],
      ['alice', 'login', 'alice'],
      ['root', 'user.created', 'alice'],
    ],
  )
  const all = JSON.stringify(accounts.audit.list(10))
  for (const secret of ['correct horse', 'wr0ng pass', token]) assert.ok(!all.includes(secret))
  rig.database.exec('BEGIN')
  for (let i = 0; i < 6000; i++)
    accounts.audit.write({ what: 'login.failed', about: `n${i}`, address: '10.0.0.9' })
  rig.database.exec('COMMIT')
  const left = accounts.audit.list(100_000)
  assert.ok(left.length < 5300, `${left.length} are left`)
  assert.ok(left.some(({ what }) => what === 'user.created'))
})

test('a user who shares a room or logs in all the time washes nothing of others’ out of the audit log', async () => {
  await using rig = await makeRig()
  const { accounts } = rig
  await accounts.create('root', 'alice', 'admin', 'correct horse')
  await accounts.login('alice', 'correct horse', caller)
  rig.database.exec('BEGIN')
  for (let i = 0; i < 6000; i++)
    accounts.audit.write({ who: 'eve', what: 'room.members', about: 'eve/den: ' })
  const kept = accounts.audit.list(100_000)
  for (let i = 0; i < 12_000; i++) accounts.audit.write({ who: 'eve', what: 'key.created' })
  rig.database.exec('COMMIT')
  const left = accounts.audit.list(100_000)
  assert.ok(kept.length < 5300, `${kept.length} are kept`)
  assert.ok(left.length < 15_600, `${left.length} are left`)
  assert.ok(kept.some(({ what }) => what === 'login'))
  assert.ok(left.some(({ what }) => what === 'user.created'))
})

test('a change is told at once, and one by another connection within a second', async () => {
  await using rig = await makeRig()
  const { accounts } = rig
  let told = 0
  const waiting: (() => void)[] = []
  const stop = accounts.onChange(() => {
    told++
    for (const wake of waiting.splice(0)) wake()
  })
  await accounts.create('root', 'alice', 'admin', 'correct horse')
  assert.equal(told, 1)
  using other = openDatabase(rig.home)
  const { promise, resolve } = Promise.withResolvers<void>()
  waiting.push(resolve)
  const keepAlive = setTimeout(() => undefined, 20_000)
  new Accounts({ database: other }).createKey('root', 'alice', 'x', ['voice'])
  await promise
  clearTimeout(keepAlive)
  stop()
})
