import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EndlessSequence } from './endless-sequence.ts'

const limit = 64 * 1024

test('what ends is passed on as it is, however it is cut', () => {
  const bytes = Buffer.from(
    'text \x1b[31mred\x1b]0;title\x07 \x1bP1$r\x1b\\ \x1b]8;;x\x1b\\y\x1b]8;;\x1b\\ \x1b^a\x18b\x1b_\x1b[m end\x1b',
  )
  for (let at = 0; at <= bytes.length; at++)
    assert.deepEqual(passed([bytes.subarray(0, at), bytes.subarray(at)]), bytes.toString())
  assert.equal(passed(Array.from(bytes, byte => Uint8Array.of(byte))), bytes.toString())
})

test('what is long and ends within the limit is passed on', () => {
  const bytes = Buffer.from(`a\x1b]52;c;${'x'.repeat(limit - 10)}\x07b`)
  for (const size of [1000, limit, bytes.length]) assert.equal(passed(cut(bytes, size)), bytes.toString())
})

test('what goes past the limit is left out, and cancelled where it ends or at a newline', () => {
  const long = 'x'.repeat(3 * limit)
  for (const [end, rest] of [
    ['\x07after', '\x18after'],
    ['\x1b\\after', '\x18\x1b\\after'],
    ['\nafter', '\x18\nafter'],
    ['\x1b[mafter', '\x18\x1b[mafter'],
  ] as const) {
    const bytes = Buffer.from(`before\x1b]0;${long}${end}`)
    for (const size of [1000, 65_536, 100_000, bytes.length]) {
      const text = passed(cut(bytes, size))
      assert.match(text, /^before\x1b\]0?;?x{0,65536}\x18/)
      assert.ok(text.endsWith(rest), JSON.stringify([size, text.slice(-20)]))
    }
  }
})

test('a newline within the limit ends nothing', () => {
  const bytes = `a\x1bPline\nline\n\x1b\\b`
  assert.equal(passed([Buffer.from(bytes)]), bytes)
})

test('of what never ends, no more than the limit is passed on', () => {
  const guard = new EndlessSequence()
  let sum = 0
  for (let count = 0; count < 100; count++) {
    const chunk = Buffer.alloc(10_000, count === 0 ? '\x1bP' : 'x')
    // Only the first one begins it.
    if (count === 0) chunk.fill('x', 2)
    for (const part of guard.pass(chunk)) sum += part.length
  }
  assert.ok(sum <= limit + 10_000, String(sum))
})

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size))
  return chunks
}

function passed(chunks: readonly Uint8Array[]): string {
  const guard = new EndlessSequence()
  return Buffer.concat(chunks.flatMap(chunk => guard.pass(chunk))).toString()
}
