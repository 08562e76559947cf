export interface WavHead {
  readonly rate: number
  readonly channels: number
  /** Where the sound begins. */
  readonly bytes: number
}

/**
 * The head of a WAV file of PCM16, out of its first bytes: `more` while they don't suffice, `other` if it is something else. A
 * streamed file doesn't know its length, so what the head says of that is not looked at.
 */
export function readWavHead(start: Uint8Array): WavHead | 'more' | 'other' {
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength)
  if (start.length < 12) return 'more'
  if (word(view, 0) !== 'RIFF' || word(view, 8) !== 'WAVE') return 'other'
  let format: { rate: number; channels: number } | undefined
  let at = 12
  while (at + 8 <= start.length) {
    const name = word(view, at)
    const size = view.getUint32(at + 4, true)
    const inside = at + 8
    if (name === 'data') return format === undefined ? 'other' : { ...format, bytes: inside }
    if (name === 'fmt ') {
      if (inside + 16 > start.length) return 'more'
      const isPcm = [1, 0xfffe].includes(view.getUint16(inside, true))
      if (!isPcm || view.getUint16(inside + 14, true) !== 16) return 'other'
      format = { channels: view.getUint16(inside + 2, true), rate: view.getUint32(inside + 4, true) }
    }
    // Chunks are padded to an even length.
    at = inside + size + (size % 2)
  }
  return start.length > mostHead ? 'other' : 'more'
}

const mostHead = 65_536

function word(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map(n => view.getUint8(at + n)))
}
