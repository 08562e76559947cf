import assert from 'node:assert/strict'
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { test } from 'node:test'
import { Spawned } from '../../../test/support/spawned.ts'
import { Listening, RoomHouse } from '../../../test/support/room-house.ts'
import type { Who } from '../users/who.ts'
import { mayAs, roleIn } from './access.ts'
import type { RoomEntry } from './entry.ts'
import { Rooms } from './rooms.ts'

test('a new room is a file; names are the same without case and in NFC', async () => {
  await using house = await RoomHouse.open()
  const entry = await house.rooms.create('Küche', { owner: 'alice', agents: ['Courante'] })
  assert.equal(readFileSync(house.file('Küche.bb'), 'utf8'), '')
  assert.deepEqual([entry.owner, entry.agents, entry.bytes], ['alice', ['Courante'], 0])
  for (const id of ['küche', 'KÜCHE', 'Ku\u0308che']) {
    assert.equal(house.rooms.entry(id)?.id, 'Küche')
    await assert.rejects(house.rooms.create(id, { owner: 'bob' }), /already/)
  }
  await house.rooms.create('alice/notes', { owner: 'alice' })
  await house.rooms.create('Alice/more', { owner: 'alice' })
  assert.ok(existsSync(house.file('alice/more.bb')))
})

for (const id of [
  '',
  '.',
  '..',
  '../x',
  'a/../b',
  'a/b/c',
  '/etc',
  'a\0',
  'a\\b',
  '.old',
  '.old/x',
  'a/.b',
  'x.',
  'x ',
  'a'.repeat(65),
  'a:b',
]) {
  test(`${JSON.stringify(id)} is no room's name`, async () => {
    await using house = await RoomHouse.open()
    for (const call of [
      () => house.rooms.create(id, { owner: null }),
      () => house.rooms.importText(id, 'a:\tb', { owner: null }),
    ]) {
      await assert.rejects(call(), /can't be a room's name/)
    }
    await house.rooms.create('kitchen', { owner: null })
    await assert.rejects(house.rooms.rename('kitchen', id), /can't be a room's name/)
    await assert.rejects(house.rooms.room(id), /no room/)
    assert.deepEqual(
      house.rooms.list().map(({ id }) => id),
      ['kitchen'],
    )
  })
}

test('files that somebody put there are rooms, those of a user are theirs', async () => {
  await using house = await RoomHouse.open()
  await house.stop()
  mkdirSync(house.file('bob'))
  mkdirSync(house.file('nobody'))
  for (const file of ['hall.bb', 'bob/x.bb', 'nobody/y.bb', '.hidden.bb', 'note.txt', 'a:b.bb', 'HALL.bb']) {
    writeFileSync(house.file(file), 'a:\tb\n\n')
  }
  symlinkSync('/etc/passwd', house.file('link.bb'))
  mkdirSync(house.file('folder.bb'))
  symlinkSync('/etc', house.file('etc'))
  await house.start()
  assert.deepEqual(
    house.rooms.list().map(({ id, owner }) => `${id.toLowerCase()} ${owner}`),
    ['bob/x bob', 'hall null', 'nobody/y null'],
  )
  assert.equal(house.log.filter(line => /a:b\.bb|link\.bb|folder\.bb|hall\.bb/i.test(line)).length, 4)
})

test('a file that becomes a link is not followed: the room has gone', async () => {
  await using house = await RoomHouse.open()
  await house.rooms.importText('kitchen', 'a:\tb\n\n', { owner: null })
  const room = await house.rooms.room('kitchen')
  const heard = new Listening(room)
  rmSync(house.file('kitchen.bb'))
  symlinkSync('/etc/passwd', house.file('kitchen.bb'))
  assert.deepEqual(
    (await room.list({ limit: 5 })).map(({ text }) => text),
    ['b'],
  )
  house.clock.pass(1100)
  await heard.until(event => event.type === 'gone')
  await assert.rejects(room.post({ author: 'alice', text: 'x' }), /no room/)
  await assert.rejects(house.rooms.room('kitchen'), /no room/)
})

test('a file that is too large is a problem of its room alone', async () => {
  await using house = await RoomHouse.open()
  await house.stop()
  writeFileSync(house.file('huge.bb'), 'a:\tb\n\n')
  truncateSync(house.file('huge.bb'), 2_100_000_000)
  await house.start()
  await assert.rejects(house.rooms.room('huge'), /2 GB/)
  assert.equal(house.rooms.unread('huge', 'alice'), 0)
  assert.equal(house.rooms.list().length, 1)
})

test('rooms that are put there, moved and removed by hand while it runs are noticed', async () => {
  await using house = await RoomHouse.open()
  const noticed = async (holds: () => boolean): Promise<void> => {
    while (!holds()) {
      house.clock.pass(5000)
      await new Promise(setImmediate)
    }
  }
  writeFileSync(house.file('new.bb'), 'a:\tb\n\n')
  await noticed(() => house.rooms.entry('new') !== undefined)
  renameSync(house.file('new.bb'), house.file('newer.bb'))
  await noticed(() => house.rooms.entry('newer') !== undefined && house.rooms.entry('new') === undefined)
  mkdirSync(house.file('alice'))
  writeFileSync(house.file('alice/own.bb'), '')
  await noticed(() => house.rooms.entry('alice/own')?.owner === 'alice')
  rmSync(house.file('newer.bb'))
  await noticed(() => house.rooms.entry('newer') === undefined)
})

test('a rename takes members, marks, keys and readers along', async () => {
  await using house = await RoomHouse.open()
  const { rooms } = house
  await rooms.create('alice/notes', { owner: 'alice' })
  await rooms.setMembers(
    'alice/notes',
    new Map([
      ['bob', 'writer'],
      ['stranger', 'reader'],
    ]),
  )
  const room = await rooms.room('alice/notes')
  const heard = new Listening(room)
  await room.post({ author: 'alice', text: 'one', key: 'k' })
  rooms.mark('alice/notes', 'bob', room.cursor.offset)
  await room.post({ author: 'alice', text: 'two' })
  await rooms.rename('alice/notes', 'alice/diary')
  assert.equal(room.id, 'alice/diary')
  assert.equal(rooms.entry('alice/notes'), undefined)
  assert.deepEqual([...(rooms.entry('alice/diary')?.members ?? [])], [['bob', 'writer']])
  assert.deepEqual([rooms.unread('alice/diary', 'bob'), rooms.unread('alice/diary', 'alice')], [1, 2])
  assert.equal((await room.post({ author: 'alice', text: 'one', key: 'k' })).repeated, true)
  await room.post({ author: 'alice', text: 'three' })
  assert.deepEqual(await heard.untilText('three'), [
    '0 alice: one',
    '1 alice: two',
    'renamed',
    '2 alice: three',
  ])
  await rooms.create('kitchen', { owner: 'bob' })
  await assert.rejects(rooms.rename('alice/diary', 'KITCHEN'), /already/)
  await rooms.rename('kitchen', 'Kitchen')
  assert.ok(existsSync(house.file('Kitchen.bb')))
})

test('a removed room is kept aside, and one of its name begins without its members', async () => {
  await using house = await RoomHouse.open()
  const { rooms } = house
  await rooms.importText('alice/notes', 'a:\tb\n\n', { owner: 'alice' })
  await rooms.setMembers('alice/notes', new Map([['bob', 'reader']]))
  const heard = new Listening(await rooms.room('alice/notes'))
  await rooms.remove('alice/notes')
  await heard.until(event => event.type === 'gone')
  assert.ok(!existsSync(house.file('alice/notes.bb')))
  const entry = await rooms.create('alice/notes', { owner: 'alice' })
  assert.equal(entry.members.size, 0)
  const room = await rooms.room('alice/notes')
  assert.equal(room.count, 0)
})

test('an import is written anew: nothing in it is half a message or forges one later', async () => {
  await using house = await RoomHouse.open()
  await house.rooms.importText('kitchen', 'a:\tx\r\nB:\ty \r\nit rains\u001b[2J', { owner: null })
  assert.equal(readFileSync(house.file('kitchen.bb'), 'utf8'), 'a:\tx\n\nB:\ty\n\nit rains[2J\n\n')
})

test('unread counts what is behind the mark, of sleeping rooms too, and marks follow edits', async () => {
  await using house = await RoomHouse.open()
  const { rooms } = house
  await rooms.importText('kitchen', 'a:\t1\n\na:\t2\n\na:\t3\n\n', { owner: null })
  assert.equal(rooms.unread('kitchen', 'alice'), 3)
  rooms.mark('kitchen', 'alice', 12)
  rooms.mark('kitchen', 'nobody', 12)
  assert.deepEqual([rooms.unread('kitchen', 'alice'), rooms.unread('kitchen', 'nobody')], [1, 3])
  const room = await rooms.room('kitchen')
  const [first] = await room.list({ limit: 3 })
  await room.edit(0, first?.hash ?? '', 'a longer one')
  assert.equal(rooms.unread('kitchen', 'alice'), 1)
  await room.clear()
  await room.post({ author: 'a', text: 'new' })
  assert.equal(rooms.unread('kitchen', 'alice'), 1)
})

test('an idle room gives its memory back and goes on when it is asked', async () => {
  await using house = await RoomHouse.open()
  await house.rooms.importText('kitchen', 'a:\t1\n\n', { owner: null })
  const room = await house.rooms.room('kitchen')
  house.clock.pass(61_000)
  house.clock.pass(5000)
  assert.ok(room.isAsleep)
  assert.equal((await room.post({ author: 'a', text: '2' })).message.id, 1)
  assert.equal(room, await house.rooms.room('kitchen'))
  const off = room.on(() => {})
  house.clock.pass(61_000)
  house.clock.pass(5000)
  assert.ok(!room.isAsleep)
  off()
})

test('a second backend is told who has the rooms; one that was killed holds nobody up', async () => {
  await using house = await RoomHouse.open()
  const second = Rooms.open({ home: house.home, database: house.database, log: () => {} })
  await assert.rejects(second, new RegExp(`pid ${process.pid}`))
  await house.rooms.close()
  await using other = new Spawned('test/support/programs/room-holder.ts', [house.home], {})
  await other.saw(/open/)
  const third = Rooms.open({ home: house.home, database: house.database, log: () => {} })
  await assert.rejects(third, new RegExp(`pid ${other.child.pid}`))
  other.child.kill('SIGKILL')
  await other.ended()
  await house.start()
})

/** What a kill leaves, made by hand: test/chaos/rooms.test.ts makes it by killing. */
for (const written of [0, 5, 12, 14]) {
  test(`a post that a crash cut after ${written} bytes is whole after the start, once`, async () => {
    await using house = await RoomHouse.open()
    await house.rooms.create('kitchen', { owner: null })
    const room = await house.rooms.room('kitchen')
    await room.post({ author: 'a', text: 'first', key: '1' })
    const before = room.cursor.offset
    await room.post({ author: 'bob', text: 'second', key: '2' })
    const record = readFileSync(house.file('kitchen.bb')).subarray(before)
    await house.stop()
    truncateSync(house.file('kitchen.bb'), before + written)
    house.database.open()
    house.database.prepare(`UPDATE posts SET record = ? WHERE key LIKE 'bob%'`).run(record)
    house.database.close()
    await house.start()
    const again = await house.rooms.room('kitchen')
    assert.deepEqual(
      (await again.list({ limit: 9 })).map(({ text }) => text),
      ['first', 'second'],
    )
    assert.equal((await again.post({ author: 'bob', text: 'second', key: '2' })).repeated, true)
    assert.equal(again.count, 2)
  })
}

test('a rename that a crash cut between its two names is finished', async () => {
  await using house = await RoomHouse.open()
  await house.rooms.create('alice/a', { owner: 'alice' })
  await house.rooms.setMembers('alice/a', new Map([['bob', 'reader']]))
  await house.stop()
  linkSync(house.file('alice/a.bb'), house.file('alice/b.bb'))
  const end = (name: string): object => ({ id: `alice/${name}`, path: house.file(`alice/${name}.bb`) })
  writeFileSync(house.file('.renaming'), JSON.stringify({ from: end('a'), to: end('b') }))
  await house.start()
  assert.deepEqual(
    house.rooms.list().map(({ id, members }) => [id, members.size]),
    [['alice/b', 1]],
  )
  assert.ok(!existsSync(house.file('.renaming')))
})

test('who may what', () => {
  const room = (
    id: string,
    owner: string | null,
    members: [string, 'reader' | 'writer'][] = [],
  ): RoomEntry => ({
    id,
    owner,
    archived: false,
    agents: [],
    members: new Map(members),
    bytes: 0,
    changed: 0,
  })
  const who = (name: string, role: 'admin' | 'user' = 'user'): Who => ({
    name,
    role,
    via: 'session',
    scopes: 'all',
  })
  const notes = room('alice/notes', 'alice', [
    ['bob', 'reader'],
    ['Carol', 'writer'],
  ])
  const roles = (entry: RoomEntry, ...names: string[]) => names.map(name => roleIn(entry, who(name)))
  assert.deepEqual(roles(notes, 'alice', 'ALICE', 'bob', 'carol', 'eve'), [
    'owner',
    'owner',
    'reader',
    'writer',
    undefined,
  ])
  assert.deepEqual(roles(room('kitchen', 'alice'), 'alice', 'eve'), ['owner', 'writer'])
  // Of an account that was removed: nobody's, also if there is another of the name by now.
  assert.deepEqual(roles(room('alice/x', null), 'alice', 'eve'), [undefined, undefined])
  assert.equal(roleIn(notes, who('root', 'admin')), 'owner')
  assert.deepEqual(
    [mayAs('reader', 'writer'), mayAs('owner', 'reader'), mayAs(undefined, 'reader')],
    [false, true, false],
  )
})
