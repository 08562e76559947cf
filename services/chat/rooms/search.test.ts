import assert from 'node:assert/strict'
import { appendFileSync, chmodSync, existsSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { RoomHouse } from '../../../test/support/room-house.ts'
import { writeBb } from '../bb/write.ts'
import { Search } from './search.ts'

async function begin(): Promise<{ house: RoomHouse; search: Search } & AsyncDisposable> {
  const house = await RoomHouse.open()
  const search = new Search({ home: house.home, rooms: house.rooms, log: line => house.log.push(line) })
  return {
    house,
    search,
    [Symbol.asyncDispose]: async () => {
      await search.close()
      await house[Symbol.asyncDispose]()
    },
  }
}

const ids = async (search: Search, words: string, rooms = ['kitchen', 'hall']): Promise<string[]> =>
  (await search.search(words, rooms, 10)).map(({ room, id }) => `${room} ${id}`)

test('what was said is found, the newest first, in the rooms that were named and in no other', async () => {
  await using the = await begin()
  const { house, search } = the
  await house.rooms.create('kitchen', { owner: 'alice' })
  await house.rooms.create('hall', { owner: 'bob' })
  const kitchen = await house.rooms.room('kitchen')
  await kitchen.post({ author: 'alice', text: 'Der Käse ist alle' })
  await (await house.rooms.room('hall')).post({ author: 'bob', text: 'Welcher Käse?' })
  await kitchen.post({ author: 'alice', text: 'Der Käsekuchen' })
  assert.deepEqual(await ids(search, 'kase'), ['kitchen 1', 'hall 0', 'kitchen 0'])
  assert.deepEqual(await ids(search, 'KÄSE alle'), ['kitchen 0'])
  assert.deepEqual(await ids(search, 'käse', ['hall']), ['hall 0'])
  assert.deepEqual(await ids(search, 'käse', []), [])
  assert.deepEqual(await ids(search, 'bob'), ['hall 0'])
  const [first] = await search.search('kuchen käse', ['kitchen'], 10)
  assert.equal(first, undefined)
  const [found] = await search.search('alle', ['kitchen'], 1)
  assert.deepEqual([found?.snippet, found?.author], ['Der Käse ist \u0002alle\u0003', 'alice'])
  const page = await search.search('käse', ['kitchen', 'hall'], 2)
  const rest = await search.search('käse', ['kitchen', 'hall'], 2, page.at(-1)?.at)
  assert.deepEqual(
    [...page, ...rest].map(({ room, id }) => `${room} ${id}`),
    ['kitchen 1', 'hall 0', 'kitchen 0'],
  )
})

test('scripts without spaces are found anywhere in a text', async () => {
  await using the = await begin()
  await the.house.rooms.importText('kitchen', 'a:\t私は日本語を話します 100%\n\nb:\t日本\n\n李:\thello\n\n', {
    owner: null,
  })
  assert.deepEqual(await ids(the.search, '日本語'), ['kitchen 0'])
  assert.deepEqual(await ids(the.search, '日本'), ['kitchen 1', 'kitchen 0'])
  assert.deepEqual(await ids(the.search, '日本 100'), ['kitchen 0'])
  assert.deepEqual(await ids(the.search, '李'), ['kitchen 2'])
  assert.deepEqual(await ids(the.search, '日%語'), [])
  const [found] = await the.search.search('本語', ['kitchen'], 1)
  assert.equal(found?.snippet, '私は日\u0002本語\u0003を話します 100%')
})

for (const words of [
  '"',
  '" OR *',
  'a AND',
  'NEAR(',
  'text:',
  '^x',
  '-x',
  '(',
  "'; DROP TABLE rooms",
  '*',
  ' ',
  '\0',
  '{a b}:c',
  'x"y',
]) {
  test(`${JSON.stringify(words)} is words, not a language`, async () => {
    await using the = await begin()
    assert.deepEqual(await the.search.search(words, ['kitchen'], 10), [])
  })
}

test('the index follows edits, undo, clear, renames, removals and what is written by hand', async () => {
  await using the = await begin()
  const { house, search } = the
  await house.rooms.importText('kitchen', 'a:\tone\n\nb:\ttwo\n\n', { owner: 'alice' })
  const room = await house.rooms.room('kitchen')
  const [one] = await room.list({ limit: 2 })
  await room.edit(0, one?.hash ?? '', 'three')
  assert.deepEqual(await ids(search, 'one'), [])
  assert.deepEqual([await ids(search, 'three'), await ids(search, 'two')], [['kitchen 0'], ['kitchen 1']])
  await house.rooms.rename('kitchen', 'hall')
  assert.deepEqual(await ids(search, 'three'), ['hall 0'])
  appendFileSync(house.file('hall.bb'), 'c:\tfour\n\n')
  assert.equal((await room.list({ limit: 1 }))[0]?.text, 'four')
  assert.deepEqual(await ids(search, 'four'), ['hall 2'])
  await room.clear()
  assert.deepEqual(await ids(search, 'four'), [])
  await room.post({ author: 'alice', text: 'five' })
  assert.deepEqual(await ids(search, 'five'), ['hall 0'])
  await house.rooms.remove('hall')
  assert.deepEqual(await ids(search, 'five'), [])
})

test('a message is found although those before it came while nobody looked', async () => {
  await using the = await begin()
  const { house, search } = the
  await house.rooms.create('kitchen', { owner: 'alice' })
  assert.deepEqual(await ids(search, 'old'), [])
  appendFileSync(house.file('kitchen.bb'), 'a:\told\n\na:\tolder\n\n')
  const room = await house.rooms.room('kitchen')
  await room.post({ author: 'alice', text: 'new' })
  assert.deepEqual(await ids(search, 'nothing'), [])
  assert.deepEqual(await ids(search, 'new'), ['kitchen 2'])
  assert.deepEqual(await ids(search, 'older'), ['kitchen 1'])
})

test('what happened while it was away is found after its start, without what has gone', async () => {
  await using house = await RoomHouse.open()
  const restart = async (kitchen: string, hall: string): Promise<Search> => {
    await house.stop()
    writeFileSync(house.file('kitchen.bb'), kitchen)
    writeFileSync(house.file('hall.bb'), hall)
    await house.start()
    return searching(house).search
  }
  const first = await restart('a:\tapple\n\n', 'a:\tbanana\n\n')
  assert.deepEqual(await ids(first, 'apple'), ['kitchen 0'])
  await first.close()
  const second = await restart('a:\tapple\n\nb:\tcherry\n\n', 'a:\tdate\n\n')
  assert.deepEqual(await ids(second, 'cherry'), ['kitchen 1'])
  assert.deepEqual(await ids(second, 'apple'), ['kitchen 0'])
  assert.deepEqual([await ids(second, 'banana'), await ids(second, 'date')], [[], ['hall 0']])
  await second.close()
})

for (const [what, harm] of [
  ['removed', (path: string) => rmSync(path)],
  [
    'broken',
    (path: string) => writeFileSync(path, 'no database at all, but long enough to be one '.repeat(100)),
  ],
] as const) {
  test(`a search.db that was ${what} is made anew from the files`, async () => {
    await using house = await RoomHouse.open()
    writeFileSync(house.file('kitchen.bb'), 'a:\tapple\n\n')
    await house.stop()
    await house.start()
    await (await begun(house)).close()
    const path = join(house.home, 'search.db')
    assert.ok(existsSync(path))
    for (const end of ['-wal', '-shm']) rmSync(path + end, { force: true })
    harm(path)
    await (await begun(house)).close()
  })
}

async function begun(house: RoomHouse): Promise<Search> {
  const { search } = searching(house)
  assert.deepEqual(await ids(search, 'apple'), ['kitchen 0'])
  return search
}

function searching(house: RoomHouse): { search: Search } & AsyncDisposable {
  const search = new Search({ home: house.home, rooms: house.rooms, log: line => house.log.push(line) })
  return { search, [Symbol.asyncDispose]: () => search.close() }
}

test(
  'a large room is indexed beside the main thread, and found when that is done',
  { timeout: 60_000 },
  async () => {
    await using house = await RoomHouse.open()
    const count = Number(process.env['SEARCH_MESSAGES'] ?? 20_000)
    const words = 'lorem ipsum dolor sit amet consectetur'.split(' ')
    const text = Array.from({ length: count }, (_, i) =>
      writeBb('a', `${words[i % 6]} ${words[(i * 7) % 5]} n${i}`),
    )
    await house.rooms.importText('big', text.join(''), { owner: null })
    await using the = searching(house)
    assert.deepEqual(await ids(the.search, `n${count - 1}`, ['big']), [`big ${count - 1}`])
  },
)

test("the index, which has all private rooms in it, is its owner's alone", async () => {
  await using house = await RoomHouse.open()
  writeFileSync(house.file('kitchen.bb'), 'a:\tapple\n\n')
  writeFileSync(join(house.home, 'search.db'), '')
  chmodSync(join(house.home, 'search.db'), 0o644)
  await house.stop()
  await house.start()
  await using the = searching(house)
  assert.deepEqual(await ids(the.search, 'apple'), ['kitchen 0'])
  const modes = ['', '-wal', '-shm'].map(end => statSync(join(house.home, `search.db${end}`)).mode & 0o777)
  assert.deepEqual(modes, [0o600, 0o600, 0o600])
})
