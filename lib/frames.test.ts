import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeFrame, encodeJsonFrame, FrameDecoder, FrameTooLarge, frameType } from './frames.ts'

const limit = 16 * 1024 * 1024

test('frames come out as they went in, whatever pieces they arrive in', () => {
  const bytes = Buffer.concat([
    encodeFrame(frameType.bytes, Buffer.from([1, 2, 3])),
    encodeFrame(frameType.bytes, Buffer.alloc(0)),
    encodeJsonFrame({ text: 'ä' }),
  ])
  for (const size of [1, 2, 5, 7, bytes.length]) {
    const decoder = new FrameDecoder()
    const frames = []
    for (let at = 0; at < bytes.length; at += size)
      frames.push(...decoder.push(bytes.subarray(at, at + size)))
    assert.deepEqual(
      frames.map(({ type, payload }) => [type, payload.toString('utf8')]),
      [
        [frameType.bytes, '\u0001\u0002\u0003'],
        [frameType.bytes, ''],
        [frameType.json, '{"text":"ä"}'],
      ],
    )
  }
})

test('a frame over the limit is neither written nor read', () => {
  assert.equal(encodeFrame(frameType.bytes, Buffer.alloc(limit)).length, limit + 5)
  assert.throws(() => encodeFrame(frameType.bytes, Buffer.alloc(limit + 1)), FrameTooLarge)
  assert.throws(() => encodeJsonFrame('x'.repeat(limit)), /16777218 bytes, over the limit of 16777216/)
  const head = Buffer.from([1, 0, 0, 1, frameType.json])
  assert.throws(() => new FrameDecoder().push(head), FrameTooLarge)
})
