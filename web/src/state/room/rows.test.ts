import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message } from '../../../../services/chat/protocol.ts'
import { emptyRoom, reduceRoom } from './reduce.ts'
import { isGrouped, offersOf, rowAt, rowCount, rowKey, type Row } from './rows.ts'

const message = (id: number, author: string | null): Message => ({
  id,
  author,
  text: 'x',
  hash: 'h',
  offset: 0,
  end: 0,
})
const said = (author: string | null): Row => ({ type: 'message', message: message(0, author) })

test('messages come first, then how answers ended, posts on their way, answers that grow', () => {
  const state = {
    messages: [message(7, 'ann')],
    atEnd: true,
    ended: [{ reply: 'a', agent: 'Bot', how: 'stopped' as const }],
    pending: [{ key: 'k', text: 'x', state: 'sending' as const }],
    replies: [{ reply: 'b', agent: 'Bot', text: '', state: 'waiting' as const }],
    born: new Map([[7, 'earlier']]),
  }
  assert.equal(rowCount(state), 4)
  const rows = [0, 1, 2, 3].map(index => rowAt(state, index))
  assert.deepEqual(
    rows.map(row => row && rowKey(state, row)),
    ['earlier', 'end of a', 'k', 'b'],
  )
  assert.equal(rowAt(state, 4), undefined)
  assert.equal(rowCount({ ...state, atEnd: false }), 1)
})

test('an answer that grows is another row each time, and all the others stay the same', () => {
  const page = { messages: [message(0, 'ann'), message(1, 'bob')], count: 2 }
  const listed = reduceRoom(emptyRoom('kitchen', 'ann'), { type: 'listed', page })
  const begun = reduceRoom(listed, {
    type: 'stream',
    events: [
      { type: 'reply.started', reply: 'a', agent: 'Bot' },
      { type: 'reply.started', reply: 'b', agent: 'Other' },
    ],
  })
  const grown = reduceRoom(begun, {
    type: 'stream',
    events: [{ type: 'reply.delta', reply: 'b', at: 0, text: 'Hi' }],
  })
  assert.deepEqual(
    [0, 1, 2, 3].map(index => rowAt(begun, index) === rowAt(grown, index)),
    [true, true, true, false],
  )
})

test('neighbours by one author are one group, posts and answers included', () => {
  assert.equal(isGrouped(said('ann'), undefined, 'ann'), false)
  assert.equal(isGrouped(said('ann'), said('ann'), 'ann'), true)
  assert.equal(isGrouped(said('bob'), said('ann'), 'ann'), false)
  const pending: Row = { type: 'pending', pending: { key: 'k', text: 'x', state: 'sending' } }
  assert.equal(isGrouped(pending, said('ann'), 'ann'), true)
  const ended: Row = { type: 'ended', ended: { reply: 'r', agent: 'Bot', how: 'stopped' } }
  assert.equal(isGrouped(ended, said('Bot'), 'ann'), true)
  assert.equal(isGrouped(ended, said('ann'), 'ann'), false)
})

test('one may change one’s own words and those of agents, an owner any, a reader none', () => {
  const writer = { name: 'ann', role: 'writer', agents: ['Bot'] } as const
  assert.equal(offersOf(message(1, 'ann'), writer, false).edit, true)
  assert.equal(offersOf(message(1, 'Bot'), writer, false).edit, true)
  assert.equal(offersOf(message(1, 'bob'), writer, true).edit, false)
  assert.equal(offersOf(message(1, 'bob'), { ...writer, role: 'owner' }, false).edit, true)
  const reader = offersOf(message(1, 'ann'), { ...writer, role: 'reader' }, true)
  assert.deepEqual(reader, { edit: false, undo: false, regenerate: false, speak: true })
})

test('only the last message is taken back, and only an agent’s answered anew', () => {
  const writer = { name: 'ann', role: 'writer', agents: ['Bot'] } as const
  assert.equal(offersOf(message(1, 'ann'), writer, false).undo, false)
  assert.deepEqual(
    [
      offersOf(message(1, 'ann'), writer, true).regenerate,
      offersOf(message(1, 'Bot'), writer, true).regenerate,
    ],
    [false, true],
  )
})
