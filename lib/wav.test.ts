import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeWav, parseWav } from './wav.ts'

function wave(fmt: { code: number; channels: number; bits: number }, data: Buffer, dataSize = data.length) {
  const head = Buffer.alloc(44)
  head.write('RIFF', 0)
  head.writeUInt32LE(36 + data.length, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(fmt.code, 20)
  head.writeUInt16LE(fmt.channels, 22)
  head.writeUInt32LE(16_000, 24)
  head.writeUInt16LE((fmt.bits / 8) * fmt.channels, 32)
  head.writeUInt16LE(fmt.bits, 34)
  head.write('data', 36)
  head.writeUInt32LE(dataSize, 40)
  return Buffer.concat([head, data])
}

function fault(bytes: Uint8Array): string | undefined {
  const parsed = parseWav(bytes)
  return parsed.ok ? undefined : parsed.fault
}

function samples(bytes: Uint8Array): number[] {
  const parsed = parseWav(bytes)
  assert.ok(parsed.ok)
  return [...parsed.wav.mono(0, parsed.wav.frames)]
}

test('what is written is read back', () => {
  const parsed = parseWav(encodeWav(Float32Array.of(0, 0.5, -1, 2), 22_050))
  assert.ok(parsed.ok)
  assert.equal(parsed.wav.sampleRate, 22_050)
  assert.deepEqual(
    [...parsed.wav.mono(0, 9)].map(sample => Math.round(sample * 100)),
    [0, 50, -100, 100],
  )
})

test('every common encoding gives the same sound, and channels are mixed', () => {
  const float = Buffer.alloc(8)
  float.writeFloatLE(0.5, 0)
  float.writeFloatLE(-0.5, 4)
  assert.deepEqual(samples(wave({ code: 3, channels: 1, bits: 32 }, float)), [0.5, -0.5])
  assert.deepEqual(samples(wave({ code: 3, channels: 2, bits: 32 }, float)), [0])
  assert.deepEqual(samples(wave({ code: 1, channels: 1, bits: 8 }, Buffer.from([192, 64]))), [0.5, -0.5])
  assert.deepEqual(samples(wave({ code: 1, channels: 1, bits: 24 }, Buffer.from([0, 0, 0x40]))), [0.5])
  assert.deepEqual(samples(wave({ code: 1, channels: 1, bits: 32 }, Buffer.from([0, 0, 0, 0x40]))), [0.5])
})

test('each thing that is not a WAV file has its name', () => {
  const good = encodeWav(new Float32Array(100), 16_000)
  assert.equal(fault(Buffer.alloc(0)), 'empty')
  assert.equal(fault(Buffer.from('{"name":"courante"}')), 'not_wav')
  assert.equal(fault(good.subarray(0, 100)), 'truncated')
  assert.equal(fault(good.subarray(0, 20)), 'no_audio')
  assert.equal(fault(good.subarray(0, 36)), 'no_audio')
  assert.equal(fault(wave({ code: 85, channels: 1, bits: 16 }, Buffer.alloc(4))), 'encoding')
  assert.equal(fault(wave({ code: 1, channels: 0, bits: 16 }, Buffer.alloc(4))), 'encoding')
})

test('a length that a pipe could not know means to the end of the file', () => {
  const data = Buffer.from([0, 0x40, 0, 0xc0])
  assert.deepEqual(samples(wave({ code: 1, channels: 1, bits: 16 }, data, 0xffff_ffff)), [0.5, -0.5])
  assert.deepEqual(samples(wave({ code: 1, channels: 1, bits: 16 }, data, 0)), [0.5, -0.5])
})

test('the extensible description is read, and a file of nothing but chunks is given up', () => {
  const guid = Buffer.alloc(24)
  guid.writeUInt16LE(22, 0)
  guid.writeUInt16LE(3, 8)
  const data = Buffer.alloc(4)
  data.writeFloatLE(0.25, 0)
  const plain = wave({ code: 0xfffe, channels: 1, bits: 32 }, data)
  plain.writeUInt32LE(40, 16)
  assert.deepEqual(samples(Buffer.concat([plain.subarray(0, 36), guid, plain.subarray(36)])), [0.25])
  const chunks = Buffer.concat([plain.subarray(0, 12), Buffer.from('junk\0\0\0\0'.repeat(2000))])
  assert.equal(
    fault(Buffer.concat([chunks, encodeWav(new Float32Array(9), 16_000).subarray(12)])),
    'no_audio',
  )
})
