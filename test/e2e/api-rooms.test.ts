import assert from 'node:assert/strict'
import { readdir, readlink, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { join } from 'node:path'
import { test } from 'node:test'
import { Renderer } from '../../services/chat/html/renderer.ts'
import type { Message } from '../../services/chat/protocol.ts'
import { Room } from '../../services/chat/rooms/room.ts'
import { apiRig, firstAdmin, newUser, type Answer, type Credentials } from '../support/api-rig.ts'

test('who is no admin imports below their own name only, and makes no public room of it', async () => {
  await using rig = await apiRig({ accounts: true })
  const admin = await firstAdmin(rig)
  const alice = await newUser(rig, admin, 'alice')
  const forged = Buffer.from('boss:\tI promise\n\n')
  const importAs = async (id: string, headers: Credentials): Promise<Answer> =>
    await rig.call('POST', `/api/rooms/import?id=${encodeURIComponent(id)}`, { body: forged, headers })
  const refused = await importAs('announcements', alice)
  assert.deepEqual([refused.status, refused.json['code']], [403, 'not_your_folder'])
  assert.equal((await importAs('root/notes', alice)).status, 403)
  assert.equal((await importAs('alice/notes', alice)).status, 201)
  const path = '/api/rooms/alice%2Fnotes'
  const renamed = await rig.call('PATCH', path, { body: { id: 'announcements' }, headers: alice })
  assert.deepEqual([renamed.status, renamed.json['code']], [403, 'not_your_folder'])
  await rig.must('PATCH', path, { body: { id: 'alice/other' }, headers: alice })
  assert.equal((await importAs('announcements', admin)).status, 201)
})

test("a room below somebody's name is theirs, in whatever case the name is written", async () => {
  await using rig = await apiRig({ accounts: true })
  const admin = await firstAdmin(rig)
  const olaf = await newUser(rig, admin, 'Ölaf')
  for (const [id, headers] of [
    ['ölaf/mine', olaf],
    ['ölaf/given', admin],
  ] as const) {
    const made = await rig.must('POST', '/api/rooms', { body: { id, agents: [] }, headers })
    assert.equal(made['owner'], 'Ölaf')
    await rig.must('PATCH', `/api/rooms/${encodeURIComponent(id)}`, {
      body: { archived: true },
      headers: olaf,
    })
  }
})

test('who is no admin may have so many rooms', async () => {
  await using rig = await apiRig({ accounts: true, limits: { roomsPerUser: 2 } })
  const admin = await firstAdmin(rig)
  const alice = await newUser(rig, admin, 'alice')
  const make = async (id: string, headers: Credentials): Promise<Answer> =>
    await rig.call('POST', '/api/rooms', { body: { id, agents: [] }, headers })
  assert.equal((await make('alice/one', alice)).status, 201)
  assert.equal((await make('two', alice)).status, 201)
  const third = await make('alice/three', alice)
  assert.deepEqual([third.status, third.json['code']], [409, 'too_many_rooms'])
  const imported = await rig.call('POST', '/api/rooms/import?id=alice%2Fthree', {
    body: Buffer.from(''),
    headers: alice,
  })
  assert.equal(imported.status, 409)
  for (const id of ['three', 'four', 'five']) assert.equal((await make(id, admin)).status, 201)
})

test('a change with a name that is taken changes nothing', async () => {
  await using rig = await apiRig()
  for (const id of ['one', 'two']) await rig.must('POST', '/api/rooms', { body: { id } })
  const before = await rig.must('GET', '/api/rooms/one')
  assert.notDeepEqual(before['agents'], [])
  const body = { id: 'two', agents: [], archived: true }
  assert.equal((await rig.call('PATCH', '/api/rooms/one', { body })).status, 409)
  assert.deepEqual(await rig.must('GET', '/api/rooms/one'), before)
  const after = await rig.must('PATCH', '/api/rooms/one', { body: { ...body, id: 'three' } })
  assert.deepEqual([after['id'], after['agents'], after['archived']], ['three', [], true])
})

test('exporting an empty room leaves no open file', async () => {
  await using rig = await apiRig()
  await rig.must('POST', '/api/rooms', { body: { id: 'empty', agents: [] } })
  for (let n = 0; n < 5; n++) assert.equal((await rig.call('GET', '/api/rooms/empty/export')).text, '')
  const open = await Promise.all(
    (await readdir('/proc/self/fd')).map(fd => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  )
  assert.deepEqual(
    open.filter(path => path.endsWith('/empty.bb')),
    [],
  )
})

test('a page of messages ends at about a megabyte, and has one at least', async () => {
  await using rig = await apiRig()
  await rig.must('POST', '/api/rooms', { body: { id: 'long', agents: [] } })
  const long = 'x'.repeat(1_500_000)
  const texts = [...Array.from({ length: 20 }, () => 'y'.repeat(100_000)), long]
  await writeFile(join(rig.home, 'rooms/long.bb'), texts.map(text => `a:\t${text}\n\n`).join(''))
  const page = async (before: string): Promise<number[]> => {
    const { messages } = await rig.must('GET', `/api/rooms/long/messages?limit=500${before}`)
    return (messages as Message[]).map(({ id }) => id)
  }
  assert.deepEqual(await page(''), [20])
  assert.deepEqual(
    await page('&before=20'),
    Array.from({ length: 10 }, (_, n) => 10 + n),
  )
})

test('a message that is another author’s by now is not changed', async t => {
  await using rig = await apiRig({ accounts: true })
  const admin = await firstAdmin(rig)
  const alice = await newUser(rig, admin, 'alice')
  await rig.must('POST', '/api/rooms', { body: { id: 'hall', agents: [] }, headers: admin })
  const path = '/api/rooms/hall/messages'
  const posted = await rig.must('POST', path, { body: { text: 'same' }, headers: admin })
  const message = posted['message'] as Message
  const { hash } = message
  // As if it had been alice's when it was looked at.
  const hers = { ...message, author: 'alice' }
  t.mock.method(Room.prototype, 'message', () => Promise.resolve(hers))
  const edit = await rig.call('PUT', `${path}/0`, { body: { hash, text: 'other' }, headers: alice })
  assert.deepEqual([edit.status, edit.json['code']], [409, 'conflict'])
  const list = t.mock.method(Room.prototype, 'list', () => Promise.resolve([hers]))
  const undo = await rig.call('POST', '/api/rooms/hall/undo', { body: { hash }, headers: alice })
  assert.deepEqual([undo.status, undo.json['code']], [409, 'conflict'])
  list.mock.restore()
  const { messages } = await rig.must('GET', path, { headers: admin })
  assert.deepEqual(messages, [message])
})

test('a page is rendered one message after the other, and no further when its reader has gone', async t => {
  await using rig = await apiRig()
  await rig.must('POST', '/api/rooms', { body: { id: 'hall', agents: [] } })
  for (const text of ['one', 'two', 'three']) {
    await rig.must('POST', '/api/rooms/hall/messages', { body: { text } })
  }
  const asked: string[] = []
  const first = Promise.withResolvers<string>()
  const begun = Promise.withResolvers<void>()
  t.mock.method(Renderer.prototype, 'html', ({ text }: Message) => {
    asked.push(text)
    begun.resolve()
    return text === 'one' ? first.promise : Promise.resolve(text)
  })
  const path = '/api/rooms/hall/html'
  const leaving = get(`${rig.backend.address}${path}`)
  leaving.on('error', () => undefined)
  await begun.promise
  const left = new Promise(resolve => leaving.on('close', resolve))
  leaving.destroy()
  await left
  // Another room's reader is not held up by the one that waits.
  assert.match((await rig.call('GET', `${path}?limit=1`)).text, /three/)
  first.resolve('one')
  assert.match((await rig.call('GET', `${path}?limit=1`)).text, /three/)
  assert.deepEqual(asked, ['one', 'three', 'three'])
})
