import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { ApiError } from '../api.ts'
import { Drafts, type Keeper } from '../composer/drafts.ts'
import type { Post } from './outbox.ts'
import { Outboxes } from './outboxes.ts'
import type { OutboxNews } from './room-outbox.ts'

/** What still waits would try for ever. */
const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

test('a post goes on when its view is closed, and is shown in the next one', async () => {
  const page = browser().load()
  const first: OutboxNews[] = []
  const close = page.outboxes.of('ann', 'kitchen').listen(news => first.push(news))
  page.outboxes.of('ann', 'kitchen').post('hello')
  close()
  const second: OutboxNews[] = []
  page.outboxes.of('ann', 'kitchen').listen(news => second.push(news))
  page.sent[0]?.answer(7)
  await new Promise(setImmediate)
  const key = page.sent[0]?.post.key ?? ''
  assert.deepEqual(first, [{ type: 'posting', key, text: 'hello' }])
  assert.deepEqual(second, [
    { type: 'posting', key, text: 'hello' },
    { type: 'posted', key, id: 7 },
  ])
})

test('after a reload it goes on with the same key, in the same order; what was sent is forgotten', async () => {
  const home = browser()
  const before = home.load()
  for (const text of ['one', 'two', 'three']) before.outboxes.of('ann', 'kitchen').post(text)
  before.sent[0]?.answer(1)
  await new Promise(setImmediate)
  const page = home.load()
  page.outboxes.enter('ann')
  assert.deepEqual(page.sent[0]?.post, before.sent[1]?.post)
  page.sent[0]?.answer(2)
  await new Promise(setImmediate)
  page.sent[1]?.answer(3)
  await new Promise(setImmediate)
  assert.deepEqual(
    page.sent.map(({ room, post }) => `${room}: ${post.text}`),
    ['kitchen: two', 'kitchen: three'],
  )
  assert.equal(home.entries.size, 0)
})

test('one that was refused still waits after a reload, with what was said about it', async () => {
  const home = browser()
  const before = home.load()
  before.outboxes.of('ann', 'kitchen').post('hello')
  before.sent[0]?.refuse('disk_full', 507)
  await new Promise(setImmediate)
  assert.deepEqual(before.unseen, ['kitchen: disk_full'])
  const page = home.load()
  page.outboxes.enter('ann')
  assert.equal(page.sent.length, 0)
  const shown: OutboxNews[] = []
  page.outboxes.of('ann', 'kitchen').listen(news => shown.push(news))
  assert.equal(shown[0]?.type, 'post.failed')
  page.outboxes.of('ann', 'kitchen').again(shown[0]?.key ?? '')
  assert.deepEqual(page.sent[0]?.post, before.sent[0]?.post)
})

test('a login that is over keeps the post, which goes out after the next one, and never in another’s name', async () => {
  const page = browser().load()
  const leave = page.outboxes.enter('ann')
  page.outboxes.of('ann', 'kitchen').post('hello')
  page.sent[0]?.refuse('not_logged_in', 401)
  leave()
  await new Promise(setImmediate)
  page.outboxes.enter('bob')()
  assert.equal(page.sent.length, 1)
  page.outboxes.enter('ann')
  await new Promise(setImmediate)
  assert.equal(page.sent.length, 2)
  assert.deepEqual(page.sent[1]?.post, page.sent[0]?.post)
})

test('what can’t be sent any more goes back into the draft, in its order', async () => {
  const home = browser()
  const page = home.load()
  const outbox = page.outboxes.of('ann', 'kitchen')
  page.drafts.of('ann', 'kitchen').dispatch('third')
  outbox.post('first')
  outbox.post('second')
  page.sent[0]?.refuse('not_ours', 403)
  await new Promise(setImmediate)
  outbox.giveAllBack()
  assert.equal(page.drafts.of('ann', 'kitchen').get(), 'first\n\nsecond\n\nthird')
  assert.deepEqual([...home.entries.keys()], ['courante.draft.ann/kitchen'])
})

test('a room that is renamed keeps its posts, also after a reload', async () => {
  const home = browser()
  const before = home.load()
  before.outboxes.of('ann', 'kitchen').post('hello')
  before.outboxes.move('ann', 'kitchen', 'hall')
  before.outboxes.of('ann', 'hall').retry()
  await new Promise(setImmediate)
  assert.equal(before.sent.at(-1)?.room, 'hall')
  const page = home.load()
  page.outboxes.enter('ann')
  assert.equal(page.sent[0]?.room, 'hall')
})

test('what another hand has written where posts are kept is left out', () => {
  const home = browser()
  home.entries.set('courante.unsent.ann', '[{"room":"kitchen"},7,null]')
  home.load().outboxes.enter('ann')
  home.entries.set('courante.unsent.ann', '{')
  const page = home.load()
  page.outboxes.enter('ann')
  assert.equal(page.sent.length, 0)
})

/** One browser; `load` is its page, loaded once more. */
function browser() {
  const entries = new Map<string, string>()
  const keeper: Keeper = {
    getItem: key => entries.get(key) ?? null,
    setItem: (key, value) => void entries.set(key, value),
    removeItem: key => void entries.delete(key),
  }
  return { entries, load: () => loaded(keeper) }
}

interface Sent {
  readonly room: string
  readonly post: Post
  readonly answer: (id: number) => void
  readonly refuse: (code: string, status: number) => void
}

function loaded(keeper: Keeper) {
  const sent: Sent[] = []
  const unseen: string[] = []
  const drafts = new Drafts(keeper)
  const outboxes = new Outboxes({
    keeper,
    send: async (room, post, signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<{ id: number }>()
      signal.addEventListener('abort', () => reject(signal.reason as Error))
      const refuse = (code: string, status: number): void =>
        reject(new ApiError({ code, title: code, status }))
      sent.push({ room, post, refuse, answer: id => resolve({ id }) })
      return await promise
    },
    giveBack: (me, room, text) => drafts.giveBack(me, room, text),
    onUnseen: (room, { code }) => unseen.push(`${room}: ${code}`),
  })
  ends.push(() => outboxes.enter('ann')())
  return { outboxes, drafts, sent, unseen }
}
