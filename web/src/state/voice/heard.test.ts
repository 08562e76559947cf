import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changeHeard, heldBack, type Heard, type HeardEvent } from './heard.ts'

const after = (...events: HeardEvent[]): Heard => events.reduce(changeHeard, [])

test('words are appended to their utterance, which goes when it is over', () => {
  const heard = after(
    { type: 'speech_started', item: 'a' },
    { type: 'delta', item: 'a', text: 'And so' },
    { type: 'speech_started', item: 'b' },
    { type: 'delta', item: 'a', text: ' my' },
  )
  assert.deepEqual(heard, [
    { item: 'a', text: 'And so my' },
    { item: 'b', text: '' },
  ])
  assert.deepEqual(changeHeard(heard, { type: 'over', item: 'a' }), [{ item: 'b', text: '' }])
})

test('the newest word is held back', () => {
  assert.equal(heldBack('and so my fell'), 'and so my')
  assert.equal(heldBack('and'), '')
})
