// Longer than others: one registry, and each thing that people and crashes do to its files, a few lines each.
import assert from 'node:assert/strict'
import fs, {
  appendFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { ProblemError } from '../../../lib/problem.ts'
import { Spawned } from '../../../test/support/spawned.ts'
import { Listening, RoomHouse } from '../../../test/support/room-house.ts'
import { tempDir } from '../../../test/support/temp.ts'
import { openDatabase } from '../database.ts'
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
  'a\uFE0F',
  'a\u034Fb',
  'a\u{E0100}/b',
  '\u{20000}'.repeat(64),
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

test(
  'what was meant for a removed room is not in the next one of its name',
  { timeout: 20_000 },
  async () => {
    await using house = await RoomHouse.open()
    const { rooms } = house
    await rooms.importText('kitchen', 'a:\told\n\n', { owner: 'alice' })
    const room = await rooms.room('kitchen')
    const [first] = await room.list({ limit: 1 })
    const late: Promise<unknown>[] = [room.edit(0, first?.hash ?? '', 'edited')]
    const removed = rooms.remove('kitchen')
    late.push(room.post({ author: 'alice', text: 'late' }), room.clear(), rooms.remove('kitchen'))
    const ends = Promise.allSettled(late)
    while (rooms.entry('kitchen') !== undefined) await new Promise(setImmediate)
    await rooms.create('kitchen', { owner: 'bob' })
    await removed
    const [edited, ...others] = await ends
    assert.equal(edited?.status, 'fulfilled')
    for (const other of others) assert.match(String(other.status === 'rejected' && other.reason), /no room/)
    const next = await rooms.room('kitchen')
    assert.notEqual(next, room)
    assert.equal((await next.post({ author: 'bob', text: 'new' })).message.id, 0)
    assert.equal(readFileSync(house.file('kitchen.bb'), 'utf8'), 'bob:\tnew\n\n')
    assert.equal(rooms.entry('kitchen')?.owner, 'bob')
  },
)

test('of two renames at once one happens', async () => {
  await using house = await RoomHouse.open()
  const { rooms } = house
  await rooms.importText('a', 'x:\t1\n\n', { owner: 'alice' })
  await rooms.room('a')
  const both = await Promise.allSettled([rooms.rename('a', 'b'), rooms.rename('a', 'c')])
  const ids = rooms.list().map(({ id, owner }) => `${id} ${owner}`)
  const files = readdirSync(house.file('')).filter(name => name.endsWith('.bb'))
  assert.equal(ids.length, 1)
  assert.deepEqual(files, [`${ids[0]?.split(' ')[0]}.bb`])
  assert.deepEqual(ids, [both[1]?.status === 'fulfilled' ? 'c alice' : 'b alice'])
})

test('all rooms removed by hand end no process, and there can be new ones', async () => {
  await using house = await RoomHouse.open()
  const { rooms } = house
  await rooms.create('kitchen', { owner: 'alice' })
  rmSync(house.file(''), { recursive: true })
  house.clock.pass(5000)
  house.clock.pass(1100)
  assert.deepEqual(rooms.list(), [])
  await rooms.importText('alice/hall', 'a:\tb\n\n', { owner: 'alice' })
  assert.equal((await rooms.room('alice/hall')).count, 1)
  await rooms.remove('alice/hall')
  assert.equal(readdirSync(house.file('.old')).length, 1)
})

test('with a full disk a new file is a room when there is space again, and the others go on', async () => {
  await using house = await RoomHouse.open()
  const { rooms, database } = house
  await rooms.importText('kitchen', 'a:\tb\n\n', { owner: 'alice' })
  fill(database)
  for (let i = 0; i < 200; i++) writeFileSync(house.file(`${'long name '.repeat(5)}${i}.bb`), '')
  house.clock.pass(5000)
  assert.ok(rooms.list().length < 201)
  assert.match(house.log.join('\n'), /the disk/)
  assert.equal((await (await rooms.room('kitchen')).list({ limit: 1 }))[0]?.text, 'b')
  assert.ok(rooms.entry('kitchen'))
  empty(database)
  house.clock.pass(5000)
  assert.equal(rooms.list().length, 201)
})

test('what a full disk keeps from the database is told as that, and nothing is left of it', async () => {
  await using house = await RoomHouse.open()
  const { rooms, database } = house
  await rooms.importText('alice/notes', 'a:\tb\n\n', { owner: 'alice' })
  const room = await rooms.room('alice/notes')
  fill(database)
  const post = { author: 'alice', text: 'long '.repeat(5000), key: 'k' }
  const full = (error: unknown): boolean =>
    error instanceof ProblemError && error.problem.code === 'disk_full'
  await assert.rejects(room.post(post), full)
  assert.equal(readFileSync(house.file('alice/notes.bb'), 'utf8'), 'a:\tb\n\n')
  await assert.rejects(rooms.setAgents('alice/notes', ['agent '.repeat(5000)]), full)
  await assert.rejects(rooms.create('hall', { owner: null, agents: ['agent '.repeat(5000)] }), full)
  assert.ok(!existsSync(house.file('hall.bb')))
  empty(database)
  assert.equal((await room.post(post)).repeated, false)
  assert.equal((await room.post(post)).repeated, true)
  assert.equal(room.count, 2)
})

test('while another program has the database a post fails in words, and a later one does not', async () => {
  await using house = await RoomHouse.open()
  const { rooms, database } = house
  await rooms.create('kitchen', { owner: 'alice' })
  const room = await rooms.room('kitchen')
  assert.equal(database.prepare('PRAGMA busy_timeout').get()?.['timeout'], 500)
  const other = new DatabaseSync(join(house.home, 'state.db'))
  other.exec('BEGIN IMMEDIATE')
  writeFileSync(house.file('hall.bb'), '')
  house.clock.pass(5000)
  await assert.rejects(room.post({ author: 'alice', text: 'x' }), /locked/)
  other.close()
  house.clock.pass(5000)
  assert.ok(rooms.entry('hall'))
  assert.equal((await room.post({ author: 'alice', text: 'x' })).message.id, 0)
})

test('a folder that we may not read keeps no other room away', async () => {
  await using house = await RoomHouse.open()
  await house.stop()
  mkdirSync(house.file('bob'))
  for (const file of ['bob/x.bb', 'hall.bb']) writeFileSync(house.file(file), '')
  const { readdirSync } = fs
  const denied = ((path: string, ...rest: []) => {
    if (path.endsWith('bob')) throw Object.assign(new Error('denied'), { code: 'EACCES' })
    return readdirSync(path, ...rest)
  }) as typeof fs.readdirSync
  using _ = replaced('readdirSync', denied)
  await house.start()
  assert.deepEqual(
    house.rooms.list().map(({ id }) => id),
    ['hall'],
  )
})

test('a message that somebody took out of the file stays out after a kill', async () => {
  await using house = await RoomHouse.open()
  await house.rooms.importText('kitchen', 'a:\t1\n\n', { owner: 'alice' })
  const room = await house.rooms.room('kitchen')
  await room.post({ author: 'alice', text: 'wrong' })
  truncateSync(house.file('kitchen.bb'), 6)
  assert.equal((await room.list({ limit: 9 })).length, 1)
  // What a kill leaves is what is on the disk now.
  await using folder = await tempDir()
  cpSync(house.home, folder.path, { recursive: true })
  using database = openDatabase(folder.path)
  const rooms = await Rooms.open({ home: folder.path, database, log: () => {} })
  const texts = (await (await rooms.room('kitchen')).list({ limit: 9 })).map(({ text }) => text)
  await rooms.close()
  assert.deepEqual(texts, ['1'])
})

test('an import gives others their turns', async () => {
  await using house = await RoomHouse.open()
  let turns = 0
  let done = false
  const turn = (): void => {
    turns++
    if (!done) setImmediate(turn)
  }
  turn()
  const text = 'a:\tb\n\n'.repeat(100_000)
  await house.rooms.importText('kitchen', Buffer.from(text), { owner: null })
  done = true
  assert.ok(turns >= 15, `${turns}`)
  assert.equal(readFileSync(house.file('kitchen.bb'), 'utf8'), text)
})

test('an import with a message that is longer than anybody could read is refused, and leaves nothing', async () => {
  await using house = await RoomHouse.open()
  const long = `a:\tb\n\na:\t${'x\n\t'.repeat(400_000)}\n`
  await assert.rejects(house.rooms.importText('kitchen', long, { owner: null }), /longer than/)
  assert.deepEqual(house.rooms.list(), [])
  assert.deepEqual(
    readdirSync(house.file('')).filter(name => name.includes('.bb')),
    [],
  )
})

test('of two rooms of one name that are imported at once one comes to be, whole', async () => {
  await using house = await RoomHouse.open()
  const both = await Promise.allSettled(
    ['alice', 'bob'].map(name =>
      house.rooms.importText('kitchen', `${name}:\tx\n\n`.repeat(20_000), { owner: name }),
    ),
  )
  assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
  const text = readFileSync(house.file('kitchen.bb'), 'utf8')
  const owner = house.rooms.entry('kitchen')?.owner ?? ''
  assert.equal(text, `${owner}:\tx\n\n`.repeat(20_000))
  assert.deepEqual(
    readdirSync(house.file('')).filter(name => name.endsWith('.00000000')),
    [],
  )
})

test('unread messages of a sleeping room are counted once for each version of its file', async () => {
  await using house = await RoomHouse.open()
  await house.rooms.importText('kitchen', 'a:\t1\n\na:\t2\n\n', { owner: null })
  const { openSync } = fs
  let opened = 0
  const counting = ((...args: Parameters<typeof openSync>) => {
    opened++
    return openSync(...args)
  }) as typeof openSync
  using _ = replaced('openSync', counting)
  const unread = (): number => house.rooms.unread('kitchen', 'alice')
  assert.deepEqual([unread(), unread(), opened], [2, 2, 1])
  appendFileSync(house.file('kitchen.bb'), 'a:\t3\n\n')
  house.clock.pass(5000)
  opened = 0
  assert.deepEqual([unread(), unread(), opened], [3, 3, 1])
  house.rooms.mark('kitchen', 'alice', 6)
  assert.equal(unread(), 2)
})

test('a room with as long a name as can be is renamed, cleared and removed', async () => {
  await using house = await RoomHouse.open()
  const { rooms } = house
  const id = `${'字'.repeat(64)}/${'字'.repeat(64)}`
  await rooms.importText(id, 'a:\t1\n\n', { owner: null })
  const longer = `${id.slice(0, -1)}国`
  await rooms.rename(id, longer)
  const room = await rooms.room(longer)
  const [first] = await room.list({ limit: 1 })
  await room.edit(0, first?.hash ?? '', '2')
  await room.clear()
  await rooms.remove(longer)
  assert.equal(readdirSync(house.file('.old')).length, 2)
})

test('who was removed owns no room and is in none, which costs no writing', async () => {
  await using house = await RoomHouse.open()
  const { rooms, database } = house
  await rooms.create('alice/notes', { owner: 'alice' })
  await rooms.setMembers('alice/notes', new Map([['bob', 'reader']]))
  await rooms.create('kitchen', { owner: 'alice' })
  await rooms.archive('kitchen', true)
  const changes = () => Number(database.prepare('SELECT total_changes() AS n').get()?.['n'])
  let before = changes()
  rooms.accountsChanged()
  assert.equal(changes(), before)
  assert.deepEqual([...(rooms.entry('alice/notes')?.members ?? [])], [['bob', 'reader']])
  database.exec(`DELETE FROM users WHERE name = 'bob'; DELETE FROM users WHERE name = 'alice'`)
  before = changes()
  rooms.accountsChanged()
  assert.equal(changes(), before)
  assert.deepEqual(
    rooms.list().map(({ id, owner, archived, members }) => [id, owner, archived, members.size]),
    [
      ['alice/notes', null, false, 0],
      ['kitchen', null, true, 0],
    ],
  )
})

/** As on a disk that takes no page more. */
function fill(database: DatabaseSync): void {
  database.exec(
    `PRAGMA max_page_count = ${Number(database.prepare('PRAGMA page_count').get()?.['page_count'])}`,
  )
}

function empty(database: DatabaseSync): void {
  database.exec('PRAGMA max_page_count = 1000000')
}

function replaced<Name extends 'openSync' | 'readdirSync'>(name: Name, by: (typeof fs)[Name]): Disposable {
  const real = fs[name]
  fs[name] = by
  syncBuiltinESMExports()
  return {
    [Symbol.dispose]: () => {
      fs[name] = real
      syncBuiltinESMExports()
    },
  }
}
