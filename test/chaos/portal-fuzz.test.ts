import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzz } from './portal-fuzz.ts'

const seed = Number(process.env['COURANTE_CHAOS_SEED'] ?? 4)

test(`hostile requests: each has its one answer, and nothing outside is read or changed (seed ${seed})`, async t => {
  const { requests, swapped, seconds, faults } = await fuzz(700, seed)
  assert.deepEqual(faults, [])
  assert.equal(requests, 700)
  assert.ok(swapped > 0)
  t.diagnostic(`${requests} and ${swapped} exchanged at work, in ${seconds.toFixed(1)} s`)
})

test('the judge finds a link that is followed, a write outside, and an answer that is missing', async () => {
  for (const [fault, words] of [
    ['follow', /escape: an answer tells/],
    ['stray', /escape: outside of the spool changed/],
    ['lose', /missing: no answer/],
  ] as const) {
    const { faults } = await fuzz(250, seed, { fault, patienceMs: 1000 })
    assert.match(faults.join('\n'), words)
  }
})
