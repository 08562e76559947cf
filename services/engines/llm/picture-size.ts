import type { PictureType } from '../../../lib/picture-type.ts'

/** Width times height, as the file says it; undefined where it does not, so that nobody could show it. */
export function pixelsOf(bytes: Buffer, type: PictureType): number | undefined {
  const side = sizes[type](bytes)
  if (side === undefined) return undefined
  const [width, height] = side
  return width > 0 && height > 0 ? width * height : undefined
}

type Size = readonly [width: number, height: number] | undefined

const sizes: Readonly<Record<PictureType, (bytes: Buffer) => Size>> = {
  'image/png': bytes =>
    bytes.length < 24 || bytes.toString('latin1', 12, 16) !== 'IHDR'
      ? undefined
      : [bytes.readUInt32BE(16), bytes.readUInt32BE(20)],
  'image/gif': bytes => (bytes.length < 10 ? undefined : [bytes.readUInt16LE(6), bytes.readUInt16LE(8)]),
  'image/jpeg': jpegSize,
  'image/webp': webpSize,
}

/** In the first frame header (SOF0 to SOF15, ITU T.81), behind segments that say their lengths. */
function jpegSize(bytes: Buffer): Size {
  for (let at = 2; at + 9 <= bytes.length;) {
    if (bytes[at] !== 0xff) return undefined
    const marker = bytes[at + 1] ?? 0
    // Markers may be filled up, and these have no segment.
    if (marker === 0xff || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
      at += marker === 0xff ? 1 : 2
      continue
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)
    if (isFrame) return [bytes.readUInt16BE(at + 7), bytes.readUInt16BE(at + 5)]
    const length = bytes.readUInt16BE(at + 2)
    if (length < 2) return undefined
    at += 2 + length
  }
  return undefined
}

/** Lossy, lossless or extended (RFC 9649), which differ in where it stands. */
function webpSize(bytes: Buffer): Size {
  if (bytes.length < 30) return undefined
  switch (bytes.toString('latin1', 12, 16)) {
    case 'VP8 ':
      return [bytes.readUInt16LE(26) & 0x3fff, bytes.readUInt16LE(28) & 0x3fff]
    case 'VP8L': {
      const bits = bytes.readUInt32LE(21)
      return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1]
    }
    case 'VP8X':
      return [bytes.readUIntLE(24, 3) + 1, bytes.readUIntLE(27, 3) + 1]
    default:
      return undefined
  }
}
