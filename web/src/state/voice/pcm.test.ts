import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loudness, toBase64 } from './pcm.ts'

test('base64 holds little-endian samples, also of a view into a larger buffer', () => {
  const all = new Int16Array([7, 1, -2, 7])
  assert.deepEqual([...Buffer.from(toBase64(all.subarray(1, 3)), 'base64')], [1, 0, 254, 255])
  const long = new Int16Array(30_000).map((_, n) => n)
  assert.equal(Buffer.from(toBase64(long), 'base64').readInt16LE(2 * 29_999), 29_999)
})

test('loudness rises from silence to full scale within 0 and 1', () => {
  assert.equal(loudness(new Int16Array()), 0)
  assert.equal(loudness(new Int16Array(100)), 0)
  const middle = loudness(new Int16Array(100).fill(500))
  assert.ok(middle > 0.4 && middle < 0.6, String(middle))
  assert.equal(loudness(new Int16Array(100).fill(32_767)), 1)
})
