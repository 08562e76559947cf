import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ApiProblem } from '../../../../services/chat/protocol.ts'
import { ApiError } from '../api.ts'
import { newKey, Outbox, type Post } from './outbox.ts'

test('posts go out one after the other, and one that got no answer again with the same key', async () => {
  const rig = outbox()
  rig.outbox.add({ key: 'a', text: 'first' })
  rig.outbox.add({ key: 'b', text: 'second' })
  const lost = await rig.next()
  assert.equal(lost.post.key, 'a')
  lost.refuse({ code: 'no_answer', title: '', status: 0 })
  await new Promise(setImmediate)
  rig.outbox.retry()
  const again = await rig.next()
  assert.equal(again.post.key, 'a')
  again.answer(7)
  const second = await rig.next()
  assert.equal(second.post.key, 'b')
  second.answer(8)
  await new Promise(setImmediate)
  assert.deepEqual(rig.told, ['a sent as 7', 'b sent as 8'])
})

test('a new connection gives up waiting for an answer of the old one', async () => {
  const rig = outbox()
  rig.outbox.add({ key: 'a', text: 'first' })
  await rig.next()
  rig.outbox.retry()
  const again = await rig.next()
  again.answer(7)
  await new Promise(setImmediate)
  assert.deepEqual(rig.told, ['a sent as 7'])
})

test('a refusal is told, and the next post goes out', async () => {
  const rig = outbox()
  rig.outbox.add({ key: 'a', text: 'first' })
  rig.outbox.add({ key: 'b', text: 'second' })
  ;(await rig.next()).refuse({ code: 'room_archived', title: '', status: 409 })
  ;(await rig.next()).answer(3)
  await new Promise(setImmediate)
  assert.deepEqual(rig.told, ['a refused: room_archived', 'b sent as 3'])
})

test('no two keys are alike', () => {
  assert.match(newKey(), /^[0-9a-f]{32}$/)
  assert.notEqual(newKey(), newKey())
})

test('who is not logged in holds on, without asking again and again, until they are', async context => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const rig = outbox()
  rig.outbox.add({ key: 'a', text: 'first' })
  ;(await rig.next()).refuse({ code: 'not_logged_in', title: '', status: 401 })
  await new Promise(setImmediate)
  context.mock.timers.tick(60_000)
  await new Promise(setImmediate)
  assert.equal(rig.waiting(), 0)
  rig.outbox.resume()
  const again = await rig.next()
  assert.equal(again.post.key, 'a')
  again.answer(7)
  await new Promise(setImmediate)
  assert.deepEqual(rig.told, ['a sent as 7'])
})

test('a fault of the page is told as a refusal, and stops nothing', async () => {
  const rig = outbox()
  rig.outbox.add({ key: 'a', text: 'first' })
  rig.outbox.add({ key: 'b', text: 'second' })
  ;(await rig.next()).fail(new TypeError('oh'))
  ;(await rig.next()).answer(3)
  await new Promise(setImmediate)
  rig.outbox.add({ key: 'c', text: 'third' })
  ;(await rig.next()).answer(4)
  await new Promise(setImmediate)
  assert.deepEqual(rig.told, ['a refused: page_failed', 'b sent as 3', 'c sent as 4'])
})

interface Attempt {
  readonly fail: (error: Error) => void
  readonly post: Post
  readonly answer: (id: number) => void
  readonly refuse: (problem: ApiProblem) => void
}

function outbox() {
  const told: string[] = []
  const attempts: Attempt[] = []
  let wake: () => void = () => undefined
  const outbox = new Outbox({
    send: async (post, signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<{ id: number }>()
      signal.addEventListener('abort', () => reject(signal.reason as Error))
      attempts.push({
        post,
        fail: reject,
        answer: id => resolve({ id }),
        refuse: problem => reject(new ApiError(problem)),
      })
      wake()
      return await promise
    },
    onSent: ({ key }, id) => told.push(`${key} sent as ${id}`),
    onRefused: ({ key }, { code }) => told.push(`${key} refused: ${code}`),
  })
  const next = async (): Promise<Attempt> => {
    while (attempts.length === 0) await new Promise<void>(resolve => (wake = resolve))
    return attempts.shift() as Attempt
  }
  return { outbox, told, next, waiting: () => attempts.length }
}
