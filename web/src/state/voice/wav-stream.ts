import { readWavHead, type WavHead } from './wav-head.ts'
import { createResampler } from './resampler.ts'

/**
 * Turns the bytes of a WAV file, cut anywhere, into sound for a context of that rate: mono, -1 to 1. `other`: it is none that can
 * be played.
 */
export function createWavStream(rate: number): (bytes: Uint8Array) => Float32Array<ArrayBuffer> | 'other' {
  let head: WavHead | undefined
  let rest: Uint8Array = new Uint8Array()
  let resample: (sound: Float32Array<ArrayBuffer>) => Float32Array<ArrayBuffer>
  return bytes => {
    rest = joined(rest, bytes)
    if (head === undefined) {
      const read = readWavHead(rest)
      if (read === 'other') return 'other'
      if (read === 'more') return new Float32Array()
      head = read
      rest = rest.subarray(head.bytes)
      resample = createResampler(head.rate, rate)
    }
    const frame = 2 * head.channels
    const frames = Math.floor(rest.length / frame)
    const view = new DataView(rest.buffer, rest.byteOffset, rest.byteLength)
    const sound = new Float32Array(frames)
    for (let n = 0; n < frames; n++) sound[n] = view.getInt16(n * frame, true) / 32_768
    rest = rest.slice(frames * frame)
    return resample(sound)
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}
