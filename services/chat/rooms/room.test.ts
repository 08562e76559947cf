// Longer than others: one writer beside every editor, told in a row.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import fs, {
  appendFileSync,
  chmodSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { test } from 'node:test'
import { ProblemError } from '../../../lib/problem.ts'
import { Random } from '../../../test/chaos/random.ts'
import { Listening, RoomHouse, short } from '../../../test/support/room-house.ts'
import { parseBb } from '../bb/parse.ts'
import { writeBb } from '../bb/write.ts'
import type { Room } from './room.ts'

async function kitchen(text = ''): Promise<{ house: RoomHouse; room: Room; path: string } & AsyncDisposable> {
  const house = await RoomHouse.open()
  await house.rooms.importText('kitchen', text, { owner: 'alice' })
  const room = await house.rooms.room('kitchen')
  return {
    house,
    room,
    path: house.file('kitchen.bb'),
    [Symbol.asyncDispose]: () => house[Symbol.asyncDispose](),
  }
}

const texts = async (room: Room): Promise<string[]> =>
  (await room.list({ limit: 1000 })).map(({ author, text }) => `${author ?? ''}: ${text}`)

test('a post is in the file, in the list and at the listeners, with a cursor that sha256sum agrees with', async () => {
  await using the = await kitchen()
  const { room, path } = the
  const heard = new Listening(room)
  const posted = await room.post({ author: 'alice', text: 'hello\nBarbie:\thi' })
  await room.post({ author: 'bob', text: 'hi  ', reply: 'r1' })
  assert.equal(readFileSync(path, 'utf8'), 'alice:\thello\n\tBarbie:\thi\n\nbob:\thi\n\n')
  assert.deepEqual(await texts(room), ['alice: hello\nBarbie:\thi', 'bob: hi'])
  assert.deepEqual(heard.events.map(short), ['0 alice: hello\nBarbie:\thi', '1 bob: hi'])
  assert.deepEqual(
    heard.events.map(event => 'reply' in event && event.reply),
    [false, 'r1'],
  )
  const bytes = readFileSync(path)
  for (const { offset, check } of [posted.cursor, room.cursor]) {
    assert.equal(check, createHash('sha256').update(bytes.subarray(0, offset)).digest('hex').slice(0, 8))
  }
  assert.equal(room.cursor.offset, bytes.length)
  assert.equal(statSync(path).mode & 0o777, 0o600)
})

test('many posts at once come in the order of their calls', async () => {
  await using the = await kitchen()
  const all = Array.from({ length: 200 }, (_, i) => `${i}`)
  await Promise.all(all.map(text => the.room.post({ author: 'alice', text })))
  assert.deepEqual(
    parseBb(readFileSync(the.path, 'utf8')).map(({ text }) => text),
    all,
  )
  assert.equal(the.room.count, 200)
})

test('the same key posts once, also after a restart and by its author only', async () => {
  await using the = await kitchen()
  const first = await the.room.post({ author: 'alice', text: 'once', key: 'k' })
  const again = await the.room.post({ author: 'alice', text: 'once', key: 'k' })
  assert.deepEqual([first.repeated, again.repeated], [false, true])
  assert.deepEqual(again.message, first.message)
  assert.equal((await the.room.post({ author: 'bob', text: 'mine', key: 'k' })).repeated, false)
  await the.house.stop()
  await the.house.start()
  const room = await the.house.rooms.room('kitchen')
  assert.equal((await room.post({ author: 'alice', text: 'once', key: 'k' })).repeated, true)
  assert.deepEqual(await texts(room), ['alice: once', 'bob: mine'])
})

test("an edit changes its message, keeps the file's mode and tells from where to read anew", async () => {
  await using the = await kitchen('a:\t1\n\nb:\t2\n\nc:\t3\n\n')
  chmodSync(the.path, 0o640)
  const heard = new Listening(the.room)
  const [, second] = await the.room.list({ limit: 3 })
  assert.ok(second)
  const { message } = await the.room.edit(1, second.hash, 'zwei\nx:\ty')
  assert.equal(message?.text, 'zwei\nx:\ty')
  assert.equal(readFileSync(the.path, 'utf8'), 'a:\t1\n\nb:\tzwei\n\tx:\ty\n\nc:\t3\n\n')
  assert.deepEqual(heard.events.map(short), ['rewind 1', '1 b: zwei\nx:\ty', '2 c: 3'])
  assert.equal(statSync(the.path).mode & 0o777, 0o640)
  const again = await the.room.edit(1, second.hash, 'late')
  assert.deepEqual([again.conflict, again.message?.text], [true, 'zwei\nx:\ty'])
  assert.equal((await the.room.edit(9, second.hash, 'none')).conflict, true)
  assert.deepEqual(
    readdirSync(the.house.file('')).filter(name => name.includes('.bb.')),
    [],
  )
})

test('undo takes the last message, clear takes all and keeps the old text', async () => {
  await using the = await kitchen('a:\t1\n\nb:\t2\n\n')
  const [first, last] = await the.room.list({ limit: 2 })
  assert.equal((await the.room.undo(first?.hash ?? '')).conflict, true)
  assert.equal((await the.room.undo(last?.hash ?? '')).conflict, undefined)
  assert.equal(readFileSync(the.path, 'utf8'), 'a:\t1\n\n')
  const heard = new Listening(the.room)
  await the.room.clear()
  assert.deepEqual(heard.events.map(short), ['rewind 0'])
  assert.equal(readFileSync(the.path, 'utf8'), '')
  const [kept = ''] = readdirSync(the.house.file('.old'))
  assert.match(kept, /^kitchen .*\.bb$/)
  assert.equal(readFileSync(the.house.file(`.old/${kept}`), 'utf8'), 'a:\t1\n\n')
  assert.equal((await the.room.post({ author: 'alice', text: 'anew' })).message.id, 0)
})

test("an edit or undo meant for one author's message leaves another's of the same text alone", async () => {
  await using the = await kitchen('a:\tsame\n\n')
  const [mine] = await the.room.list({ limit: 1 })
  writeFileSync(the.path, 'b:\tsame\n\n')
  const edited = await the.room.edit(0, mine?.hash ?? '', 'other', 'a')
  const undone = await the.room.undo(mine?.hash ?? '', 'a')
  assert.deepEqual([edited.conflict, edited.message?.author, undone.conflict], [true, 'b', true])
  assert.deepEqual(await texts(the.room), ['b: same'])
  assert.equal((await the.room.undo(mine?.hash ?? '', 'b')).conflict, undefined)
  assert.equal(the.room.count, 0)
})

test('taking a message away joins nothing that it parted', async () => {
  await using the = await kitchen()
  writeFileSync(the.path, 'it rains\nb:\t1\n\nit snows\n\n')
  const [, said] = await the.room.list({ limit: 3 })
  await the.room.edit(1, said?.hash ?? '', '')
  assert.deepEqual(await texts(the.room), [': it rains', ': it snows'])
  assert.equal(readFileSync(the.path, 'utf8'), 'it rains\n\nit snows\n\n')
})

test('a key still repeats after what was before its message has changed', async () => {
  await using the = await kitchen('a:\t1\n\n')
  await the.room.post({ author: 'bob', text: 'mine', key: 'k' })
  const [first] = await the.room.list({ limit: 2 })
  await the.room.edit(0, first?.hash ?? '', 'a much longer text')
  const again = await the.room.post({ author: 'bob', text: 'mine', key: 'k' })
  assert.deepEqual([again.repeated, again.message.id, again.message.text], [true, 1, 'mine'])
})

test('a cursor brings what is behind it; of another text, or too far behind, it is stale', async () => {
  await using the = await kitchen('a:\t1\n\n')
  const { cursor } = the.room
  await the.room.post({ author: 'alice', text: 'new' })
  const since = await the.room.since(cursor, 1000)
  assert.ok(since.stale !== true)
  assert.deepEqual(
    since.messages.map(({ text }) => text),
    ['new'],
  )
  assert.deepEqual(since.cursors, [the.room.cursor])
  assert.deepEqual(since.from, cursor)
  assert.deepEqual(await the.room.since({ ...cursor, check: '00000000' }, 1000), { stale: true })
  assert.deepEqual(await the.room.since({ offset: 0 }, 5), { stale: true })
  assert.deepEqual(await the.room.since({ offset: 2 }, 1000), { stale: true })
  assert.deepEqual(await the.room.since({ offset: 1000 }, 1000), { stale: true })
})

const foreign: [what: string, change: (path: string) => void, seen: string[], last: string][] = [
  ['echo >>', path => appendFileSync(path, 'c:\t3\n\n'), ['2 c: 3'], '3'],
  [
    'a continuation of the last message',
    path => appendFileSync(path, '\tmore\n\n'),
    ['rewind 1', '1 b: 2\n\nmore'],
    '2\n\nmore',
  ],
  [
    'vim that renames',
    path => {
      renameSync(path, `${path}~`)
      writeFileSync(path, 'a:\t1\n\nb:\tzwei\n\n')
    },
    ['rewind 1', '1 b: zwei'],
    'zwei',
  ],
  [
    'vim in place',
    path => writeFileSync(path, 'a:\teins\n\nb:\t2\n\n'),
    ['rewind 0', '0 a: eins', '1 b: 2'],
    '2',
  ],
  ['the same length', path => writeFileSync(path, 'a:\t1\n\nb:\t9\n\n'), ['rewind 1', '1 b: 9'], '9'],
  [
    'the same length and time',
    path => {
      const { atime, mtime } = statSync(path)
      writeFileSync(path, 'a:\t1\n\nb:\t8\n\n')
      utimesSync(path, atime, mtime)
    },
    ['rewind 1', '1 b: 8'],
    '8',
  ],
  ['a truncation', path => truncateSync(path, 6), ['rewind 1', '2 x: end'], 'end'],
]
for (const [what, change, seen, last] of foreign) {
  test(`changed by somebody else: ${what}`, { timeout: 20_000 }, async () => {
    await using the = await kitchen('a:\t1\n\nb:\t2\n\n')
    const heard = new Listening(the.room)
    change(the.path)
    if (what === 'a truncation') {
      // Nothing follows a truncation, so say something that shows its end.
      assert.equal((await the.room.post({ author: 'x', text: 'end' })).message.id, 1)
      assert.deepEqual(await heard.untilText(last), ['rewind 1', '1 x: end'])
      return
    }
    assert.deepEqual(await heard.untilText(last), seen)
    assert.deepEqual(
      await texts(the.room),
      parseBb(readFileSync(the.path, 'utf8')).map(({ author, text }) => `${author ?? ''}: ${text}`),
    )
    const post = await the.room.post({ author: 'x', text: 'after' })
    assert.equal(
      post.cursor.check,
      createHash('sha256').update(readFileSync(the.path)).digest('hex').slice(0, 8),
    )
  })
}

test('half a message is shown when its empty line comes, or nobody has written to it for a second', async () => {
  await using the = await kitchen('a:\t1\n\n')
  const heard = new Listening(the.room)
  appendFileSync(the.path, 'b:\tha')
  assert.deepEqual(await texts(the.room), ['a: 1'])
  appendFileSync(the.path, 'lf\n\n')
  assert.deepEqual(await heard.untilText('half'), ['1 b: half'])
  appendFileSync(the.path, 'c:\ttorn')
  assert.equal((await texts(the.room)).length, 2)
  the.house.clock.pass(1500)
  assert.deepEqual(await heard.untilText('torn'), ['2 c: torn'])
  const { cursor } = the.room
  await the.room.post({ author: 'alice', text: 'whole' })
  assert.equal(readFileSync(the.path, 'utf8'), 'a:\t1\n\nb:\thalf\n\nc:\ttorn\n\nalice:\twhole\n\n')
  const since = await the.room.since(cursor, 1000)
  assert.deepEqual(since.stale !== true && since.messages.map(({ text }) => text), ['whole'])
})

for (const left of ['b:\thalf', 'b:\thalf\n', 'narrative', '   ', '\t', 'b:\tx\n\n\n\n', 'b:\tx\n\nEve:']) {
  test(`a post after ${JSON.stringify(left)} is a message of its own`, async () => {
    await using the = await kitchen('a:\t1\n\n')
    appendFileSync(the.path, left)
    const before = parseBb(readFileSync(the.path, 'utf8'))
    const { message, cursor } = await the.room.post({ author: 'alice', text: 'mine' })
    assert.deepEqual(parseBb(readFileSync(the.path, 'utf8')), [...before, { author: 'alice', text: 'mine' }])
    assert.deepEqual((await the.room.list({ limit: 1 }))[0], message)
    assert.equal(cursor.offset, statSync(the.path).size)
    assert.equal(message.end, cursor.offset)
  })
}

test('a change long before the end of a grown file is found when there is time', async () => {
  await using the = await kitchen('a:\t1\n\nb:\t2\n\nc:\t3\n\n')
  const heard = new Listening(the.room)
  writeFileSync(the.path, 'a:\t9\n\nb:\t2\n\nc:\t3\n\nd:\t4\n\n')
  await heard.untilText('4')
  the.house.clock.pass(6000)
  await the.room.exclusively(() => {})
  assert.deepEqual(await texts(the.room), ['a: 9', 'b: 2', 'c: 3', 'd: 4'])
})

test('a file that has gone for good ends the room', async () => {
  await using the = await kitchen('a:\t1\n\n')
  const heard = new Listening(the.room)
  rmSync(the.path)
  the.room.look()
  await the.room.exclusively(() => {})
  the.house.clock.pass(1100)
  await heard.until(event => event.type === 'gone')
  assert.equal(the.house.rooms.entry('kitchen'), undefined)
  await assert.rejects(the.house.rooms.room('kitchen'), /no room/)
})

test('a large change is a reset, not a thousand messages', async () => {
  await using the = await kitchen('a:\t1\n\n')
  const heard = new Listening(the.room)
  appendFileSync(the.path, Array.from({ length: 2000 }, (_, i) => writeBb('b', `${i}`)).join(''))
  await heard.until(event => event.type === 'reset')
  assert.equal(the.room.count, 2001)
})

test('pages are counted from the end', async () => {
  await using the = await kitchen(Array.from({ length: 10 }, (_, i) => writeBb('b', `${i}`)).join(''))
  const page = async (before: number | undefined, limit: number): Promise<number[]> =>
    (await the.room.list({ before, limit })).map(({ id }) => id)
  assert.deepEqual(await page(undefined, 3), [7, 8, 9])
  assert.deepEqual(await page(7, 3), [4, 5, 6])
  assert.deepEqual(await page(2, 3), [0, 1])
  assert.deepEqual(await page(0, 3), [])
})

test('what is no ordinary file, or of another name, is refused in words', async () => {
  await using the = await kitchen()
  for (const author of ['a\tb', 'a:', '', 'a\nb']) {
    await assert.rejects(the.room.post({ author, text: 'x' }), /can't stand before/)
  }
  await assert.rejects(the.room.post({ author: 'a', text: ' \n ' }), /empty/)
  await the.house.rooms.archive('kitchen', true)
  await assert.rejects(the.room.post({ author: 'a', text: 'x' }), /archived/)
  await assert.rejects(the.room.clear(), /archived/)
})

test('on a full disk nothing of a message is left, and the same post is new when there is room', async () => {
  await using the = await kitchen('a:\t1\n\n')
  const { writeSync } = fs
  // A disk that takes 3 bytes more.
  fs.writeSync = ((fd: number, bytes: Uint8Array, offset?: number) => {
    const from = offset ?? 0
    if (from > 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' })
    return writeSync(fd, bytes, from, 3)
  }) as typeof fs.writeSync
  syncBuiltinESMExports()
  try {
    await assert.rejects(the.room.post({ author: 'bob', text: 'much', key: 'k' }), /disk/)
  } finally {
    fs.writeSync = writeSync
    syncBuiltinESMExports()
  }
  assert.equal(readFileSync(the.path, 'utf8'), 'a:\t1\n\n')
  assert.equal((await the.room.post({ author: 'bob', text: 'much', key: 'k' })).repeated, false)
  assert.deepEqual(await texts(the.room), ['a: 1', 'bob: much'])
})

test(
  'whatever happens to the file, who applies the events has what is in it',
  { timeout: 60_000 },
  async () => {
    for (let seed = 1; seed <= Number(process.env['ROOM_SEEDS'] ?? 10); seed++) await replicate(seed)
  },
)

/** A replica of the room, made of its events alone, while editors and we write in turn. */
async function replicate(seed: number): Promise<void> {
  const random = new Random(seed)
  await using the = await kitchen()
  const { room, path } = the
  let replica: string[] = []
  let reset = false
  room.on(event => {
    if (event.type === 'rewind') replica = replica.slice(0, event.id)
    if (event.type === 'reset') reset = true
    if (event.type !== 'message') return
    assert.equal(event.message.id, replica.length)
    replica.push(`${event.message.author ?? ''}: ${event.message.text}`)
  })
  const message = (): string =>
    writeBb(random.pick(['a', 'b', null]), `${random.next()}\n${'x'.repeat(random.below(50))}`)
  const some = (): number => random.below(room.count + 1)
  const actions: (() => unknown)[] = [
    () => room.post({ author: 'me', text: message() }),
    () => room.post({ author: 'me', text: message() }),
    async () => {
      const it = await room.message(some())
      if (it !== undefined) await room.edit(it.id, it.hash, random.pick(['', message()]))
    },
    async () => room.undo((await room.list({ limit: 1 }))[0]?.hash ?? ''),
    () => appendFileSync(path, message()),
    () =>
      appendFileSync(path, random.pick(['\n', '\n\n', '\tmore\n\n', 'no end', 'it rains\n', '\r\n', ' '])),
    () => writeFileSync(path, readFileSync(path, 'utf8').replace(/x+/, random.pick(['y', 'xx', '']))),
    () => writeFileSync(path, message() + readFileSync(path, 'utf8')),
    () => truncateSync(path, random.below(statSync(path).size + 1)),
    () => {
      writeFileSync(`${path}~`, readFileSync(path, 'utf8').slice(0, random.below(500)) + message())
      renameSync(`${path}~`, path)
    },
  ]
  const steps: string[] = []
  for (let step = 0; step < 60; step++) {
    const at = random.below(actions.length)
    steps.push(String(at))
    await actions[at]?.()
    // Time for what is shown when it is quiet, and for the look at all of a grown file.
    await room.ready()
    the.house.clock.pass(6000)
    await room.exclusively(() => {})
    the.house.clock.pass(1100)
    await room.exclusively(() => {})
    const expected = parseBb(readFileSync(path, 'utf8')).map(({ author, text }) => `${author ?? ''}: ${text}`)
    const story = `seed ${seed} step ${step} ${steps.join()}`
    assert.deepEqual(await texts(room), expected, story)
    if (reset) replica = expected
    reset = false
    assert.deepEqual(replica, expected, story)
    const { offset, check } = room.cursor
    const bytes = readFileSync(path).subarray(0, offset)
    assert.equal(check, createHash('sha256').update(bytes).digest('hex').slice(0, 8), story)
  }
}

test('reads that wait while the rooms are closed end in words, not in a closed file', async () => {
  const house = await RoomHouse.open()
  await house.rooms.importText('kitchen', 'a:\t1\n\n', { owner: null })
  const room = await house.rooms.room('kitchen')
  appendFileSync(house.file('kitchen.bb'), 'b:\t2\n\n')
  const reads = Array.from({ length: 5 }, () => room.list({ limit: 5 }))
  const disposed = house[Symbol.asyncDispose]()
  for (const read of await Promise.allSettled([...reads, room.list({ limit: 5 })])) {
    if (read.status === 'rejected') assert.ok(read.reason instanceof ProblemError, String(read.reason))
  }
  await disposed
  await assert.rejects(room.post({ author: 'a', text: 'late' }), /no room/)
})
