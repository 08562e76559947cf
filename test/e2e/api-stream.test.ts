import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { roomEventSchema, type Message, type RoomEvent } from '../../services/chat/protocol.ts'
import { apiRig, firstAdmin, logIn, newUser, type ApiRig } from '../support/api-rig.ts'
import { openSocket, openSse, type StreamClient } from '../support/api-stream.ts'

const kinds = [
  ['WebSocket', openSocket],
  ['server-sent events', openSse],
] as const

for (const [name, open] of kinds) {
  test(`${name}: hello, what was said since, then what is said, each once and in order`, async () => {
    await using rig = await kitchen()
    await say(rig, 'one')
    const second = await say(rig, 'two')
    await say(rig, 'three')
    const { cursor } = second
    await using client = await open(
      rig.backend.address,
      `${stream}?offset=${cursor.offset}&check=${cursor.check}`,
    )
    const hello = await client.saw(event => event.type === 'hello')
    assert.deepEqual(client.events[0], hello)
    assert.deepEqual(hello.cursor, cursor)
    assert.deepEqual(hello.present, ['me'])
    const last = await say(rig, 'four')
    const seen = await client.saw(event => event.type === 'message' && event.message.text === 'four')
    assert.deepEqual(client.texts(), ['three', 'four'])
    assert.deepEqual(seen.type === 'message' && seen.cursor, last.cursor)
  })

  test(`${name}: without a cursor it begins now`, async () => {
    await using rig = await kitchen()
    await say(rig, 'before')
    await using client = await open(rig.backend.address, stream)
    await client.saw(event => event.type === 'hello')
    await say(rig, 'after')
    await client.saw(event => event.type === 'message')
    assert.deepEqual(client.texts(), ['after'])
  })

  test(`${name}: readers who join in the middle of a flood miss nothing and get nothing twice`, async () => {
    await using rig = await kitchen()
    await using readers = new AsyncDisposableStack()
    const joined: StreamClient[] = []
    const total = 300
    for (let n = 0; n < total; n++) {
      const posting = say(rig, `message ${n}`)
      // Not awaited before the next post: it reads up while others write.
      if (n % 10 === 5) joined.push(readers.use(await open(rig.backend.address, `${stream}?offset=0`)))
      if (n % 3 === 0) await posting
    }
    const all = Array.from({ length: total }, (_, n) => n)
    for (const client of joined) {
      await client.saw(event => event.type === 'message' && event.message.id === total - 1)
      assert.deepEqual(idsOf(client), all)
    }
  })

  test(`${name}: every cursor on the way is a good one to come back with`, async () => {
    await using rig = await kitchen()
    for (let n = 0; n < 5; n++) await say(rig, `message ${n}`)
    await using first = await open(rig.backend.address, `${stream}?offset=0`)
    await first.saw(event => event.type === 'message' && event.message.id === 4)
    for (const event of first.events) {
      if (event.type !== 'message') continue
      const { offset, check } = event.cursor
      await using client = await open(rig.backend.address, `${stream}?offset=${offset}&check=${check}`)
      const hello = await client.saw(({ type }) => type === 'hello')
      assert.deepEqual(hello.type === 'hello' && hello.cursor, event.cursor)
      if (event.message.id < 4) await client.saw(({ type }) => type === 'message')
      assert.deepEqual(
        client.events.filter(({ type }) => type === 'reset'),
        [],
      )
    }
  })

  test(`${name}: an edit rewinds, and an old cursor gets a reset`, async () => {
    await using rig = await kitchen()
    const first = await say(rig, 'one')
    const { cursor } = await say(rig, 'two')
    await using client = await open(rig.backend.address, stream)
    await client.saw(event => event.type === 'hello')
    await rig.must('PUT', `${messages}/0`, { body: { text: 'uno', hash: first.message.hash } })
    await client.saw(event => event.type === 'message' && event.message.text === 'two')
    const kinds = client.events.map(({ type }) => type).filter(type => type !== 'presence')
    assert.deepEqual(kinds, ['hello', 'rewind', 'message', 'message'])
    assert.deepEqual(client.texts(), ['uno', 'two'])
    const { offset, check } = cursor
    await using late = await open(rig.backend.address, `${stream}?offset=${offset}&check=${check}`)
    await late.saw(event => event.type === 'reset')
    await say(rig, 'three')
    await late.saw(event => event.type === 'message')
    assert.deepEqual(late.texts(), ['three'])
  })

  test(`${name}: who is far behind is told everything, however long that is as JSON`, async () => {
    await using rig = await kitchen()
    // Some three megabytes of JSON, which wait until it reads.
    const text = '"'.repeat(185)
    const total = 4900
    await writeFile(join(rig.home, 'rooms/kitchen.bb'), `a:\t${text}\n\n`.repeat(total))
    await using client = await open(rig.backend.address, `${stream}?offset=0`)
    await client.saw(event => event.type === 'message' && event.message.id === total - 1)
    await say(rig, 'the end')
    await client.saw(event => event.type === 'message' && event.message.text === 'the end')
    assert.deepEqual(
      idsOf(client),
      Array.from({ length: total + 1 }, (_, n) => n),
    )
  })

  test(`${name}: who is more messages behind than are told lists them, and goes on`, async () => {
    await using rig = await kitchen()
    await writeFile(join(rig.home, 'rooms/kitchen.bb'), 'a:\tsome words or other here\n\n'.repeat(24_000))
    await using client = await open(rig.backend.address, `${stream}?offset=0`)
    const reset = await client.saw(event => event.type === 'reset')
    const { cursor } = await rig.must('GET', `${messages}?limit=5`)
    assert.deepEqual(cursor, reset.type === 'reset' && reset.cursor)
    await say(rig, 'the end')
    await client.saw(event => event.type === 'message')
    assert.deepEqual(client.texts(), ['the end'])
  })

  test(`${name}: a rename goes by, a removal ends it`, async () => {
    await using rig = await kitchen()
    await using client = await open(rig.backend.address, stream)
    await client.saw(event => event.type === 'hello')
    await rig.must('PATCH', '/api/rooms/kitchen', { body: { id: 'cellar' } })
    await client.saw(event => event.type === 'renamed' && event.to === 'cellar')
    await rig.must('POST', '/api/rooms/cellar/messages', { body: { text: 'still here' } })
    await client.saw(event => event.type === 'message')
    await rig.must('DELETE', '/api/rooms/cellar')
    await client.saw(event => event.type === 'gone')
    assert.equal(await client.ended, open === openSocket ? 1008 : 0)
  })
}

test('Last-Event-ID counts more than the address', async () => {
  await using rig = await kitchen()
  const { cursor } = await say(rig, 'one')
  await say(rig, 'two')
  await using client = await openSse(rig.backend.address, `${stream}?offset=0`, {
    'last-event-id': `${cursor.offset}.${cursor.check}`,
  })
  await client.saw(event => event.type === 'message')
  assert.deepEqual(client.texts(), ['two'])
})

test('who may no longer read is told so and sent away', async () => {
  await using rig = await apiRig({ accounts: true })
  const admin = await firstAdmin(rig)
  const alice = await newUser(rig, admin, 'alice')
  await newUser(rig, admin, 'bob')
  const [bob, phone] = [await logIn(rig, 'bob'), await logIn(rig, 'bob')]
  await rig.must('POST', '/api/rooms', { body: { id: 'alice/notes', agents: [] }, headers: alice })
  const share = async (members: Record<string, string>): Promise<void> => {
    await rig.must('PATCH', '/api/rooms/alice%2Fnotes', { body: { members }, headers: alice })
  }
  await share({ bob: 'reader' })
  const path = '/api/rooms/alice%2Fnotes/stream'
  await using mine = await openSocket(rig.backend.address, path, alice)
  await using onPhone = await openSse(rig.backend.address, path, phone)
  await using theirs = await openSocket(rig.backend.address, path, bob)
  await theirs.saw(event => event.type === 'hello')
  await rig.must('POST', '/api/logout', { headers: phone })
  await onPhone.saw(event => event.type === 'gone')
  await onPhone.ended
  await share({})
  await theirs.saw(event => event.type === 'gone')
  assert.equal(await theirs.ended, 1008)
  await rig.must('POST', '/api/rooms/alice%2Fnotes/messages', { body: { text: 'alone' }, headers: alice })
  await mine.saw(event => event.type === 'message')
  assert.deepEqual(theirs.texts(), [])
})

test('presence names each user once, however many streams there are', async () => {
  await using rig = await apiRig({ accounts: true })
  const admin = await firstAdmin(rig)
  const alice = await newUser(rig, admin, 'alice')
  await rig.must('POST', '/api/rooms', { body: { id: 'hall', agents: [] }, headers: admin })
  await using watcher = await openSocket(rig.backend.address, '/api/rooms/hall/stream', admin)
  const here = (names: string[]) =>
    watcher.saw(event => event.type === 'presence' && event.present.join() === names.join())
  {
    await using _one = await openSocket(rig.backend.address, '/api/rooms/hall/stream', alice)
    await using _two = await openSse(rig.backend.address, '/api/rooms/hall/stream', alice)
    await here(['alice', 'root'])
    const { present } = await rig.must('GET', '/api/rooms/hall', { headers: admin })
    assert.deepEqual(present, ['alice', 'root'])
  }
  watcher.events.length = 0
  await here(['root'])
})

test('one user can have so many streams and no more', async () => {
  await using rig = await apiRig({ accounts: true, limits: { streamsPerUser: 2 } })
  const admin = await firstAdmin(rig)
  await rig.must('POST', '/api/rooms', { body: { id: 'hall', agents: [] }, headers: admin })
  const path = '/api/rooms/hall/stream'
  await using _one = await openSse(rig.backend.address, path, admin)
  {
    await using _two = await openSocket(rig.backend.address, path, admin)
    const third = await rig.call('GET', path, { headers: admin })
    assert.deepEqual([third.status, third.json['code']], [429, 'too_many_streams'])
    await refusedUpgrade(rig, path, admin, 429)
  }
  await using _again = await openSse(rig.backend.address, path, admin)
})

test('a reader says nothing', async () => {
  await using rig = await kitchen()
  const socket = new WebSocket(`${rig.backend.address.replace('http', 'ws')}${stream}`)
  await once(socket, 'open')
  socket.send('hello?')
  const [code] = (await once(socket, 'close')) as [number]
  assert.equal(code, 1003)
})

test('a reader who does not read is cut off, and comes back without a loss', async () => {
  await using rig = await kitchen()
  const deaf = new WebSocket(`${rig.backend.address.replace('http', 'ws')}${stream}`)
  const heard: RoomEvent[] = []
  deaf.on('message', data => heard.push(roomEventSchema.parse(JSON.parse((data as Buffer).toString('utf8')))))
  await once(deaf, 'message')
  deaf.pause()
  await using live = await openSocket(rig.backend.address, stream)
  const text = 'x'.repeat(200_000)
  const total = 60
  // Twelve megabytes: more than the buffers of a socket and what is kept for one reader.
  for (let n = 0; n < total; n++) await say(rig, `${n} ${text}`)
  await live.saw(event => event.type === 'message' && event.message.id === total - 1)
  assert.deepEqual(
    idsOf(live),
    Array.from({ length: total }, (_, n) => n),
  )
  deaf.resume()
  await once(deaf, 'close')
  const last = heard.findLast(event => event.type === 'message' || event.type === 'hello')
  assert.ok(last !== undefined && last.type === 'message' && last.message.id < total - 1)
  const { offset, check } = last.cursor
  await using back = await openSocket(rig.backend.address, `${stream}?offset=${offset}&check=${check}`)
  // More than what is sent to who comes back: it lists them, and goes on from there.
  const reset = await back.saw(event => event.type === 'reset')
  const listed = await rig.must('GET', `${messages}?limit=500`)
  assert.deepEqual(listed['cursor'], reset.type === 'reset' && reset.cursor)
  assert.equal(listed['count'], total)
  await say(rig, 'the end')
  await back.saw(event => event.type === 'message')
  assert.deepEqual(back.texts(), ['the end'])
})

test('another site opens no WebSocket', async () => {
  await using rig = await apiRig({ accounts: true })
  const admin = await firstAdmin(rig)
  await rig.must('POST', '/api/rooms', { body: { id: 'hall', agents: [] }, headers: admin })
  const path = '/api/rooms/hall/stream'
  await refusedUpgrade(rig, path, { ...admin, origin: 'https://evil.example' }, 403)
  await refusedUpgrade(rig, path, { ...admin, origin: 'null' }, 403)
  await refusedUpgrade(rig, path, { ...admin, host: 'evil.example' }, 403)
  await refusedUpgrade(rig, path, {}, 401)
  await refusedUpgrade(rig, '/api/rooms/none/stream', admin, 404)
  await refusedUpgrade(rig, '/api/rooms/%ff/stream', admin, 404)
  await refusedUpgrade(rig, '/api/rooms/hall/stream?offset=-1', admin, 400)
  await refusedUpgrade(rig, '/api/rooms', admin, 404)
})

const stream = '/api/rooms/kitchen/stream'
const messages = '/api/rooms/kitchen/messages'

async function kitchen(): Promise<ApiRig> {
  const rig = await apiRig()
  await rig.must('POST', '/api/rooms', { body: { id: 'kitchen', agents: [] } })
  return rig
}

async function say(
  rig: ApiRig,
  text: string,
): Promise<{ message: Message; cursor: { offset: number; check: string } }> {
  return (await rig.must('POST', messages, { body: { text } })) as never
}

function idsOf(client: StreamClient): number[] {
  return client.events.flatMap(event => (event.type === 'message' ? [event.message.id] : []))
}

async function refusedUpgrade(
  rig: ApiRig,
  path: string,
  headers: Record<string, string>,
  status: number,
): Promise<void> {
  const socket = new WebSocket(`${rig.backend.address.replace('http', 'ws')}${path}`, { headers })
  socket.on('error', () => undefined)
  const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }]
  assert.equal(answer.statusCode, status, path)
  socket.terminate()
}
