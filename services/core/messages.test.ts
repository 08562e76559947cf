import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refusalError } from './messages.ts'

test('what is too large is told which setting of its budget to raise', () => {
  const around = { pinned: [], available: 0, failure: undefined, lastEnd: '', cardFailure: '' }
  const needed = { memory: 1e9, gpu: 5e9 }
  const todo = (room: Record<string, number>): string =>
    refusalError('a', { reason: 'too_large', needed, room }, around).todo ?? ''
  assert.match(todo({ memory: 0.5e9, gpu: 8e9 }), /or raise `memory` in/)
  assert.match(todo({ memory: 8e9, gpu: 2e9 }), /or raise `gpu_memory` or `memory` in/)
})
