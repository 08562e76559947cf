import { layOut, type WavLayout } from '../../../lib/wav.ts'
import { pcm16 } from './pcm.ts'

/** What stands before the samples; more is no speech. */
const maxHeadBytes = 256 * 1024

/** A sentence takes seconds; a server that does not end would fill the memory. */
const mostSamples = 300 * 48_000

/** A WAV file as it comes. Throws a RangeError, whose message says what came instead. */
export async function* soundOf(
  body: AsyncIterable<Buffer>,
  type: string,
): AsyncGenerator<{ samples: Int16Array; sampleRate: number }> {
  let bytes: Buffer = Buffer.alloc(0)
  let sound: { layout: WavLayout; left: number } | undefined
  let count = 0
  for await (const chunk of body) {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk])
    if (sound === undefined) {
      const layout = layoutOf(bytes, type)
      if (layout === undefined) continue
      sound = { layout, left: layout.frames * layout.frameBytes }
      bytes = bytes.subarray(layout.at)
    }
    const { layout } = sound
    const whole = Math.min(sound.left, bytes.length - (bytes.length % layout.frameBytes))
    if (whole === 0) continue
    count += whole / layout.frameBytes
    if (count > mostSamples) throw new RangeError('more audio than a sentence can have')
    yield { samples: pcm16(layout.mono(bytes.subarray(0, whole))), sampleRate: layout.sampleRate }
    sound.left -= whole
    // What comes after the samples says something about them.
    bytes = sound.left === 0 ? Buffer.alloc(0) : bytes.subarray(whole)
  }
  if (sound === undefined) throw new RangeError(bytes.length === 0 ? 'no bytes' : otherwise(bytes, type))
  if (sound.left > 0 && sound.layout.frames * sound.layout.frameBytes < openEnd)
    throw new RangeError('the audio is cut off')
}

/** More than any file has; a head that does not know the length is laid out as if the audio went so far. */
const openEnd = 2 ** 40

/** Undefined: its head is not all there. */
function layoutOf(bytes: Buffer, type: string): WavLayout | undefined {
  const reading = layOut(2 * openEnd)
  let step = reading.next()
  while (!step.done) {
    const { at, length } = step.value
    if (at + length > maxHeadBytes) throw new RangeError(otherwise(bytes, type))
    if (at + length > bytes.length) return undefined
    step = reading.next(bytes.subarray(at, at + length))
  }
  if (!step.value.ok) throw new RangeError(otherwise(bytes, type))
  return step.value.layout
}

function otherwise(bytes: Buffer, type: string): string {
  const text = bytes.subarray(0, 300).toString('utf8')
  const isText = /json|text/.test(type) && !text.includes('\ufffd')
  return `not a WAV file but ${type === '' ? 'something else' : type}${isText ? `: ${text.trim()}` : ''}`
}
