import assert from 'node:assert/strict'
import { test } from 'node:test'
import { announce } from './announce.ts'
import { emptyRoom, type OpenRoom } from './reduce.ts'

const base: OpenRoom = { ...emptyRoom('kitchen', 'ann'), connection: 'open', atEnd: true, window: 1 }
const message = (id: number, author: string | null, text: string) => ({
  id,
  author,
  text,
  hash: '',
  offset: 0,
  end: 0,
})

test('whole messages of others are spoken, shortened; one’s own are not', () => {
  const messages = [message(0, 'bob', 'Hello\nyou'), message(1, 'ann', 'me'), message(2, null, 'It rains.')]
  assert.deepEqual(announce(base, { ...base, messages }, 'ann'), ['bob: Hello you', 'It rains.'])
  const long = [message(0, 'bob', 'word '.repeat(200))]
  assert.ok((announce(base, { ...base, messages: long }, 'ann')[0] ?? '').length < 220)
})

test('that an answer begins and how it ended is spoken, its tokens are not', () => {
  const waiting = { reply: 'r', agent: 'Bot', text: '', state: 'waiting' } as const
  const begun = { ...base, replies: [waiting] }
  assert.deepEqual(announce(base, begun, 'ann'), ['Bot is answering'])
  const grown = { ...base, replies: [{ ...waiting, text: 'Hi', state: 'writing' as const }] }
  assert.deepEqual(announce(begun, grown, 'ann'), [])
  const ended = (how: 'stopped' | 'failed') => ({ ...base, ended: [{ reply: 'r', agent: 'Bot', how }] })
  assert.deepEqual(announce(grown, ended('stopped'), 'ann'), ['Bot has stopped'])
  assert.deepEqual(announce(grown, ended('failed'), 'ann'), ['Bot could not answer'])
})

test('the past is not spoken: when a room opens, when another part of it is shown', () => {
  const messages = [message(0, 'bob', 'Hello')]
  assert.deepEqual(announce({ ...base, connection: 'opening' }, { ...base, messages }, 'ann'), [])
  assert.deepEqual(announce(base, { ...base, messages, window: 2 }, 'ann'), [])
  assert.deepEqual(announce({ ...base, atEnd: false }, { ...base, messages }, 'ann'), [])
})
