import { crc32 } from 'node:zlib'

/** What is wrong with something that should be a PNG file. */
export class PngError extends Error {}

export interface Png {
  readonly width: number
  readonly height: number
  /** Keywords of its texts. */
  readonly texts: readonly string[]
}

const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
const headBytes = signature.length + 25
const maxSide = 16_384

/** Looks at each chunk and its checksum (PNG 1.2, chapter 3), so that one that was cut or damaged on its way is none. Throws a PngError. */
export function readPng(file: Buffer): Png {
  if (!file.subarray(0, signature.length).equals(signature)) throw new PngError(otherKind(file))
  const texts: string[] = []
  let [width, height, pixels, ended] = [0, 0, 0, false]
  for (let at = signature.length; !ended;) {
    if (at + 12 > file.length) throw new PngError('a PNG that is cut off')
    const length = file.readUInt32BE(at)
    const end = at + 12 + length
    if (end > file.length) throw new PngError('a PNG that is cut off')
    const type = file.toString('latin1', at + 4, at + 8)
    if (crc32(file.subarray(at + 4, end - 4)) !== file.readUInt32BE(end - 4))
      throw new PngError('a damaged PNG')
    const data = file.subarray(at + 8, end - 4)
    if (at === signature.length) [width, height] = sizeOf(type, data)
    if (type === 'IDAT') pixels += length
    if (type === 'tEXt' || type === 'iTXt') texts.push(data.toString('latin1', 0, data.indexOf(0)))
    ended = type === 'IEND'
    at = end
  }
  if (pixels === 0) throw new PngError('a PNG without a picture')
  return { width, height, texts }
}

/** The same picture with a text, such as the `parameters` that most programs show. The file has to be a good one. */
export function withText(file: Buffer, keyword: string, text: string): Buffer {
  // Of what is beyond Latin-1, `tEXt` may hold nothing.
  const chunk = /^[\n\x20-\x7e\xa0-\xff]*$/.test(text)
    ? chunkOf('tEXt', Buffer.from(`${keyword}\0${text}`, 'latin1'))
    : chunkOf('iTXt', Buffer.concat([Buffer.from(`${keyword}\0\0\0\0\0`, 'latin1'), Buffer.from(text)]))
  return Buffer.concat([file.subarray(0, headBytes), chunk, file.subarray(headBytes)])
}

function chunkOf(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const chunk = Buffer.alloc(body.length + 8)
  chunk.writeUInt32BE(data.length)
  body.copy(chunk, 4)
  chunk.writeUInt32BE(crc32(body), body.length + 4)
  return chunk
}

function sizeOf(type: string, data: Buffer): [number, number] {
  if (type !== 'IHDR' || data.length !== 13) throw new PngError('a damaged PNG')
  const [width, height] = [data.readUInt32BE(0), data.readUInt32BE(4)]
  if (width < 1 || height < 1 || width > maxSide || height > maxSide)
    throw new PngError(`a PNG of ${width}x${height} pixels`)
  return [width, height]
}

function otherKind(file: Buffer): string {
  if (file.length === 0) return 'nothing'
  const start = file.toString('latin1', 0, 12)
  if (start.startsWith('\xff\xd8\xff')) return 'a JPEG picture, where a PNG was expected'
  if (start.startsWith('RIFF') && start.endsWith('WEBP')) return 'a WebP picture, where a PNG was expected'
  if (start.startsWith('GIF8')) return 'a GIF picture, where a PNG was expected'
  return 'something that is no picture'
}
