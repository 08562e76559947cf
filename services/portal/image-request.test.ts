import assert from 'node:assert/strict'
import { test } from 'node:test'
import { imageRequestSchema } from './image-request.ts'

const whole = { kind: 'paint', prompt: 'a fox' }

test('a prompt is enough: one picture, the rest is as the engine finds best', () => {
  assert.deepEqual(imageRequestSchema.parse(whole), { ...whole, count: 1 })
})

test('what no engine could paint is refused before one is asked', () => {
  const wrong: readonly Record<string, unknown>[] = [
    { prompt: '' },
    { prompt: 'x'.repeat(20_001) },
    { width: 500 },
    { height: 5000 },
    { width: 0 },
    { steps: 0 },
    { guidance: -1 },
    { seed: 2 ** 32 },
    { seed: 1.5 },
    { count: 0 },
    { count: 17 },
  ]
  for (const part of wrong)
    assert.equal(imageRequestSchema.safeParse({ ...whole, ...part }).success, false, JSON.stringify(part))
})
