import assert from 'node:assert/strict'
import { test } from 'node:test'
import { problemInWords } from './messages.ts'
import type { MicrophoneEvent } from './microphone.ts'
import { changeMicrophone, microphoneOff } from './microphone.ts'

const after = (...types: Exclude<MicrophoneEvent['type'], 'fail'>[]): string =>
  types.reduce((state, type) => changeMicrophone(state, { type }), microphoneOff).kind

test('from off to hearing somebody and back', () => {
  assert.equal(after('ask'), 'asking')
  assert.equal(after('ask', 'granted'), 'opening')
  assert.equal(after('ask', 'granted', 'ready'), 'listening')
  assert.equal(after('ask', 'granted', 'ready', 'speech_started'), 'speaking')
  assert.equal(after('ask', 'granted', 'ready', 'speech_started', 'speech_stopped'), 'listening')
  assert.equal(after('ask', 'granted', 'ready', 'speech_started', 'stop'), 'off')
})

test('late events of something that has ended change nothing', () => {
  assert.equal(after('ask', 'stop', 'granted', 'ready', 'speech_started'), 'off')
  const failed = changeMicrophone(microphoneOff, { type: 'fail', problem: { code: 'denied' } })
  assert.equal(failed.kind, 'off')
})

test('an error is shown until the next try', () => {
  const asking = changeMicrophone(microphoneOff, { type: 'ask' })
  const failed = changeMicrophone(asking, { type: 'fail', problem: { code: 'no_device' } })
  assert.deepEqual(failed, { kind: 'error', problem: { code: 'no_device' } })
  assert.equal(changeMicrophone(failed, { type: 'ask' }).kind, 'asking')
})

test('the words of the backend are passed on, ours stand in where it has none', () => {
  assert.equal(problemInWords({ code: 'refused', message: 'No engine.' }).what, 'No engine.')
  assert.match(problemInWords({ code: 'refused', message: '' }).what, /can’t listen/)
  assert.match(problemInWords({ code: 'failed', message: 'odd' }).what, /: odd$/)
})
