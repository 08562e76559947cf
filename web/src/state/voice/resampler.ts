/**
 * From one rate to another, piece by piece, by straight lines between samples. The browser would do the same to each piece alone,
 * which clicks where two of them meet.
 */
export function createResampler(
  from: number,
  to: number,
): (sound: Float32Array<ArrayBuffer>) => Float32Array<ArrayBuffer> {
  if (from === to) return sound => sound
  const step = from / to
  /** Of the next output sample, in input samples from the start of the next piece; -1 is `last`. */
  let at = 0
  let last = 0
  return sound => {
    if (sound.length === 0) return sound
    const count = Math.max(0, Math.floor((sound.length - 1 - at) / step) + 1)
    const out = new Float32Array(count)
    for (let n = 0; n < count; n++) {
      const place = at + n * step
      const left = Math.floor(place)
      const a = left < 0 ? last : (sound[left] ?? 0)
      const b = sound[left + 1] ?? a
      out[n] = a + (b - a) * (place - left)
    }
    at += count * step - sound.length
    last = sound.at(-1) ?? 0
    return out
  }
}
