import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Leveller } from './leveller.ts'
import { vadWindow } from './sherpa-library.ts'

const tone = (peak: number) =>
  Float32Array.from({ length: vadWindow }, (_, i) => peak * Math.sin((i * Math.PI) / 16))
const peakOf = (samples: Float32Array) => Math.max(...samples.map(Math.abs))
/** Of the last of so many windows. */
function level(leveller: Leveller, peak: number, windows: number): number {
  let out = new Float32Array()
  for (let i = 0; i < windows; i++) out = Float32Array.from(leveller.level(tone(peak)))
  return peakOf(out)
}

test('quiet and loud sound come out equally loud, after the first window', () => {
  for (const peak of [1, 0.3, 0.03]) assert.equal(level(new Leveller(), peak, 2), 1)
})

test('the noise of a device stays faint', () => {
  const faint = level(new Leveller(), 0.001, 100)
  assert.ok(faint > 0.07 && faint < 0.09, String(faint))
  assert.equal(level(new Leveller(), 0, 10), 0)
})

test('after a loud sound the gain comes back slowly, so that a short pause keeps its quiet', () => {
  const leveller = new Leveller()
  level(leveller, 0.8, 10)
  assert.ok(level(leveller, 0.01, 16) < 0.03)
  assert.ok(level(leveller, 0.01, 1000) > 0.7)
})
