import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Steps } from './steps.ts'

/** As stable-diffusion.cpp prints it: a bar begins with a return, and only the last ends with a line. */
const printed =
  '\r  |#####  | 98/610 - 232.79MB/s\u001B[K\n[INFO ] 1/1 - seed 42\n' +
  '\r  |==>    | 1/3 - 12.50s/it\u001B[K\r  |====>  | 2/3 - 2.92it/s\u001B[K\r  |=======| 3/3 - 2.75it/s\u001B[K\n'
const bars = [
  { type: 'loading', done: 98, of: 610 },
  { type: 'step', done: 1, of: 3 },
  { type: 'step', done: 2, of: 3 },
  { type: 'step', done: 3, of: 3 },
]

test('steps and loading are told apart, in whatever pieces they come', () => {
  for (const size of [1, 2, 7, 40, printed.length]) {
    const steps = new Steps()
    const found: unknown[] = []
    for (let at = 0; at < printed.length; at += size) found.push(...steps.take(printed.slice(at, at + size)))
    assert.deepEqual(found, bars, `pieces of ${size}`)
  }
})

test('a step is told with its bar, and not with the next', () => {
  assert.equal(new Steps().take('\r  |==>  | 1/3 - 12.50s/it\u001B[K').length, 1)
})
