import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message } from '../../../../services/chat/protocol.ts'
import { emptyRoom, mostMessages, reduceRoom, type OpenRoom, type StreamEvent } from './reduce.ts'

const cursor = { offset: 0, check: 'e3b0c442' }
const hello: Extract<StreamEvent, { type: 'hello' }> = {
  type: 'hello',
  cursor,
  present: ['ann'],
  replies: [],
}

function message(id: number, text = `text ${id}`, author: string | null = 'bob'): Message {
  return { id, author, text, hash: text.slice(0, 8), offset: id * 10, end: id * 10 + 10 }
}
function messages(from: number, to: number): Message[] {
  return Array.from({ length: to - from }, (_, i) => message(from + i))
}
function said(message: Message, reply?: string): StreamEvent {
  return { type: 'message', message, cursor, ...(reply === undefined ? {} : { reply }) }
}
function stream(state: OpenRoom, ...events: StreamEvent[]): OpenRoom {
  return reduceRoom(state, { type: 'stream', events })
}
/** The last messages of a room of `count`, open. */
function open(count = 3, from = 0): OpenRoom {
  const page = { messages: messages(from, count), count }
  return stream(reduceRoom(emptyRoom('kitchen', 'ann'), { type: 'listed', page }), hello)
}
const ids = ({ messages }: OpenRoom): number[] => messages.map(({ id }) => id)

test('the end of a room is listed, and what is said is appended to it', () => {
  const state = open(3, 1)
  assert.deepEqual([ids(state), state.atEnd, state.connection], [[1, 2], true, 'open'])
  const next = stream(state, said(message(3)), said(message(4)))
  assert.deepEqual([ids(next), next.count], [[1, 2, 3, 4], 5])
  // Rows that are remembered by their message are not rendered again.
  assert.equal(next.messages[0], state.messages[0])
})

test('an empty room takes its first message', () => {
  const state = open(0)
  assert.equal(state.atEnd, true)
  assert.deepEqual(ids(stream(state, said(message(0)))), [0])
})

test('what the list had already is not doubled; what was changed meanwhile is replaced', () => {
  const state = open()
  const again = stream(state, said(message(2)))
  assert.equal(again.messages, state.messages)
  const changed = stream(state, said(message(2, 'another')))
  assert.equal(changed.messages[2]?.text, 'another')
  assert.equal(changed.messages[1], state.messages[1])
})

test('a rewind takes away what was there from this message on', () => {
  const state = stream(
    open(5),
    { type: 'rewind', id: 3, cursor },
    said(message(3, 'edited')),
    said(message(4)),
  )
  assert.deepEqual(
    state.messages.map(({ text }) => text),
    ['text 0', 'text 1', 'text 2', 'edited', 'text 4'],
  )
  assert.equal(stream(state, { type: 'rewind', id: 0, cursor }).count, 0)
  // Before the window: it begins there from now on.
  const later = stream(open(9, 6), { type: 'rewind', id: 4, cursor }, said(message(4)), said(message(5)))
  assert.deepEqual([ids(later), later.atEnd], [[4, 5], true])
})

test('what is said behind the window is only counted, and loaded when the reader gets there', () => {
  const page = { messages: messages(100, 110), count: 200 }
  const state = reduceRoom(open(200, 190), { type: 'listed', page, target: 105 })
  assert.deepEqual([state.atEnd, state.target?.id], [false, 105])
  const next = stream(state, said(message(200)))
  assert.deepEqual([ids(next), next.count, next.atEnd], [ids(state), 201, false])
  // Behind the window nothing has to be forgotten.
  assert.deepEqual(ids(stream(next, { type: 'rewind', id: 150, cursor }, said(message(150)))), ids(state))
  const more = reduceRoom(next, {
    type: 'more',
    side: 'newer',
    page: { messages: messages(110, 201), count: 201 },
  })
  assert.deepEqual([more.messages.length, more.atEnd], [101, true])
})

test('a page that doesn’t join the window any more is left out', () => {
  const state = open(20, 10)
  const page = { messages: messages(0, 5), count: 20 }
  assert.deepEqual(ids(reduceRoom(state, { type: 'more', side: 'older', page })), ids(state))
  const fitting = { messages: messages(5, 10), count: 20 }
  assert.equal(ids(reduceRoom(state, { type: 'more', side: 'older', page: fitting }))[0], 5)
})

test('only so many messages are kept, and the far side is dropped', () => {
  const state = open(5000, 5000 - mostMessages)
  const page = { messages: messages(2900, 3000), count: 5000 }
  const older = reduceRoom(state, { type: 'more', side: 'older', page })
  assert.deepEqual([older.messages.length, older.messages[0]?.id, older.atEnd], [mostMessages, 2900, false])
  const newer = reduceRoom(older, {
    type: 'more',
    side: 'newer',
    page: { messages: messages(4900, 5000), count: 5000 },
  })
  assert.deepEqual([newer.messages.length, newer.messages[0]?.id, newer.atEnd], [mostMessages, 3000, true])
  // Who reads above loses nothing to what is said below.
  const reading = reduceRoom(newer, { type: 'look', isReading: true })
  const below = stream(reading, said(message(5000)))
  assert.deepEqual([below.messages, below.atEnd, below.count], [reading.messages, false, 5001])
})

test('an answer grows by deltas that may overlap, and becomes its message in the same row', () => {
  const begun = stream(open(), { type: 'reply.started', reply: 'r', agent: 'Courante' })
  assert.deepEqual(begun.replies, [{ reply: 'r', agent: 'Courante', text: '', state: 'waiting' }])
  const grown = stream(
    begun,
    { type: 'reply.delta', reply: 'r', at: 0, text: 'Hello wo' },
    { type: 'reply.delta', reply: 'r', at: 6, text: 'world' },
    { type: 'reply.delta', reply: 'unknown', at: 0, text: 'x' },
  )
  assert.deepEqual(grown.replies[0]?.text, 'Hello world')
  assert.equal(grown.messages, begun.messages)
  const whole = message(3, 'Hello world', 'Courante')
  const done = stream(grown, said(whole, 'r'), { type: 'reply.ended', reply: 'r', how: 'done' })
  assert.deepEqual([done.replies, done.ended, done.messages.at(-1)], [[], [], whole])
  assert.equal(done.born.get(3), 'r')
})

test('an answer that was stopped or failed says so until something else is said', () => {
  const begun = stream(open(), { type: 'reply.started', reply: 'r', agent: 'Courante' })
  const stopped = stream(begun, said(message(3, 'Hel', 'Courante'), 'r'), {
    type: 'reply.ended',
    reply: 'r',
    how: 'stopped',
  })
  assert.deepEqual(stopped.ended, [{ reply: 'r', agent: 'Courante', how: 'stopped' }])
  const problem = { code: 'no_model', title: 'no model', status: 503 }
  const failed = stream(begun, { type: 'reply.ended', reply: 'r', how: 'failed', problem })
  assert.deepEqual(failed.ended, [{ reply: 'r', agent: 'Courante', how: 'failed', problem }])
  assert.deepEqual(stream(failed, said(message(3))).ended, [])
  const again: StreamEvent = { type: 'reply.started', reply: 's', agent: 'Courante' }
  assert.deepEqual(stream(failed, again).ended, [])
})

test('hello says anew who is there and what is being written', () => {
  const begun = stream(open(), { type: 'reply.started', reply: 'r', agent: 'Courante' })
  const live = { reply: 's', agent: 'Other', text: 'so far', state: 'writing' } as const
  const lost = reduceRoom(begun, { type: 'connection', is: 'lost' })
  const back = stream(lost, { ...hello, present: ['ann', 'bob'], replies: [live] })
  assert.deepEqual([back.connection, back.present, back.replies], ['open', ['ann', 'bob'], [live]])
  assert.deepEqual(stream(back, { type: 'presence', present: ['bob'] }).present, ['bob'])
})

test('a post is shown at once and replaced by its message, whichever of answer and stream is first', () => {
  const posting = reduceRoom(open(), { type: 'posting', key: 'k', text: 'Hi  \n' })
  assert.equal(posting.pending[0]?.state, 'sending')
  const own = message(3, 'Hi', 'ann')
  const byStream = stream(posting, said(own))
  assert.deepEqual([byStream.pending, ids(byStream), byStream.born.get(3)], [[], [0, 1, 2, 3], 'k'])
  assert.deepEqual(reduceRoom(byStream, { type: 'posted', key: 'k', id: 3 }).pending, [])
  const answered = reduceRoom(posting, { type: 'posted', key: 'k', id: 3 })
  assert.equal(answered.pending.length, 1)
  assert.deepEqual(stream(answered, said(own)).pending, [])
  assert.equal(stream(answered, said(own)).born.get(3), 'k')
  // The same words of somebody else are not ours.
  assert.equal(stream(posting, said(message(3, 'Hi', 'bob'))).pending.length, 1)
})

test('a post that is refused stays, and may be sent again or given up', () => {
  const problem = { code: 'room_archived', title: 'archived', status: 409 }
  const posting = reduceRoom(open(), { type: 'posting', key: 'k', text: 'Hi' })
  const failed = reduceRoom(posting, { type: 'post.failed', key: 'k', text: 'Hi', problem })
  assert.deepEqual(failed.pending, [{ key: 'k', text: 'Hi', state: 'failed', problem }])
  const again = reduceRoom(failed, { type: 'posting', key: 'k', text: 'Hi' })
  assert.deepEqual(again.pending, [{ key: 'k', text: 'Hi', state: 'sending' }])
  assert.deepEqual(reduceRoom(failed, { type: 'discarded', key: 'k' }).pending, [])
})

test('a room that is renamed goes on; one that has gone ends', () => {
  assert.equal(stream(open(), { type: 'renamed', to: 'hall' }).renamed, 'hall')
  assert.equal(stream(open(), { type: 'gone' }).connection, 'gone')
})

test('a reset, a beat and events of a newer server change nothing by themselves', () => {
  const state = open()
  assert.equal(stream(state, { type: 'reset', cursor }), state)
  assert.equal(stream(state, { type: 'beat' }), state)
  assert.equal(stream(state, { type: 'of the future' } as unknown as StreamEvent), state)
})
