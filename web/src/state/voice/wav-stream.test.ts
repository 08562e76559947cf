import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createResampler } from './resampler.ts'
import { readWavHead } from './wav-head.ts'
import { createWavStream } from './wav-stream.ts'

/** A streamed WAV file: its length is not known when its head is written. */
function wav(
  samples: readonly number[],
  { rate = 24_000, channels = 1, bits = 16, extra = '' } = {},
): Uint8Array {
  const body = Buffer.alloc(samples.length * 2)
  for (const [n, sample] of samples.entries()) body.writeInt16LE(sample, n * 2)
  const format = Buffer.alloc(16)
  format.writeUInt16LE(1, 0)
  format.writeUInt16LE(channels, 2)
  format.writeUInt32LE(rate, 4)
  format.writeUInt16LE(bits, 14)
  const size = (bytes: number): Buffer => {
    const word = Buffer.alloc(4)
    word.writeUInt32LE(bytes)
    return word
  }
  const list =
    extra === ''
      ? []
      : [
          Buffer.from('LIST'),
          size(extra.length),
          Buffer.from(extra.padEnd(extra.length + (extra.length % 2))),
        ]
  return Buffer.concat([
    Buffer.from('RIFF'),
    size(0xffffffff),
    Buffer.from('WAVEfmt '),
    size(16),
    format,
    ...list,
    Buffer.from('data'),
    size(0xffffffff),
    body,
  ])
}

test('the head says the rate and where the sound begins, also behind other chunks', () => {
  assert.deepEqual(readWavHead(wav([1], { rate: 22_050 })), { rate: 22_050, channels: 1, bytes: 44 })
  assert.deepEqual(readWavHead(wav([1], { extra: 'odd' })), { rate: 24_000, channels: 1, bytes: 56 })
})

test('a head that has not come whole is waited for, wherever it is cut', () => {
  const whole = wav([1, 2], { extra: 'who made it' })
  for (let cut = 0; cut < whole.length - 4; cut++) assert.equal(readWavHead(whole.subarray(0, cut)), 'more')
})

test('what is no PCM16 is told apart', () => {
  assert.equal(readWavHead(Buffer.from('<!doctype html>')), 'other')
  assert.equal(readWavHead(wav([1], { bits: 24 })), 'other')
  assert.equal(createWavStream(24_000)(Buffer.from('OggS and so on')), 'other')
})

test('sound that comes in pieces of any length is the same sound', () => {
  const samples = Array.from({ length: 50 }, (_, n) => n * 256)
  const whole = wav(samples)
  for (const piece of [1, 3, 7, 1000]) {
    const stream = createWavStream(24_000)
    const heard: number[] = []
    for (let at = 0; at < whole.length; at += piece) {
      const sound = stream(whole.subarray(at, at + piece))
      assert.notEqual(sound, 'other')
      heard.push(...(sound as Float32Array))
    }
    assert.deepEqual(
      heard.map(sample => sample * 32_768),
      samples,
    )
  }
})

test('of two channels the first is heard', () => {
  const sound = createWavStream(24_000)(wav([100, 7, 200, 7], { channels: 2 }))
  assert.deepEqual(
    Array.from(sound as Float32Array, sample => sample * 32_768),
    [100, 200],
  )
})

test('another rate keeps the length and the line, wherever the pieces meet', () => {
  const ramp = Float32Array.from({ length: 2205 }, (_, n) => n / 2205)
  for (const [from, to] of [
    [22_050, 24_000],
    [48_000, 24_000],
  ] as const) {
    const whole = createResampler(from, to)(ramp)
    assert.ok(Math.abs(whole.length - (2205 * to) / from) <= 2)
    for (const [n, sample] of whole.entries()) assert.ok(Math.abs(sample - (n * from) / to / 2205) < 1e-3)
    const resample = createResampler(from, to)
    const parts: number[] = []
    for (let at = 0; at < ramp.length; at += 97) parts.push(...resample(ramp.slice(at, at + 97)))
    for (const [n, sample] of parts.entries())
      assert.ok(Math.abs(sample - (n * from) / to / 2205) < 1e-3, `${n}`)
    assert.ok(Math.abs(parts.length - whole.length) <= 1)
  }
})
