/** PCM16 as base64, as `input_audio_buffer.append` carries it. Typed arrays of every browser's machine are little-endian. */
export function toBase64(pcm: Int16Array): string {
  const bytes = new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength)
  let text = ''
  // In pieces: an argument list has a limit.
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return btoa(text)
}

/** How loud a chunk is, for the eye: 0 at -60 dBFS and below, 1 at -12 dBFS and above, linear in dB between. */
export function loudness(pcm: Int16Array): number {
  if (pcm.length === 0) return 0
  let sum = 0
  for (const sample of pcm) sum += (sample / 32768) ** 2
  const decibel = 10 * Math.log10(sum / pcm.length)
  return Math.min(1, Math.max(0, (decibel + 60) / 48))
}
