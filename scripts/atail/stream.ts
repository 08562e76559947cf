import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import type { Range } from './range.ts'

/** Of something that can only be read once: from a line on, as it comes, or its last lines, which are kept until its end. */
export async function* lastOf(
  from: string | Readable,
  range: Range,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const stream = typeof from === 'string' ? createReadStream(from) : from
  const stop = (): void => void stream.destroy()
  signal.addEventListener('abort', stop)
  const kept: { readonly bytes: Buffer; readonly newlines: number }[] = []
  let newlines = 0
  let before = 'from' in range ? range.from - 1 : 0
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if ('from' in range) {
        let at = -1
        while (before > 0 && (at = chunk.indexOf(10, at + 1)) !== -1) before--
        if (before === 0) yield chunk.subarray(at + 1)
        continue
      }
      const entry = { bytes: chunk, newlines: newlinesOf(chunk) }
      kept.push(entry)
      newlines += entry.newlines
      for (
        let first = kept[0];
        first !== undefined && newlines - first.newlines > range.last;
        first = kept[0]
      ) {
        newlines -= first.newlines
        kept.shift()
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    signal.removeEventListener('abort', stop)
  }
  if ('last' in range) yield lastPieces(Buffer.concat(kept.map(({ bytes }) => bytes)), range.last)
}

function lastPieces(bytes: Buffer, lines: number): Buffer {
  let at = bytes.length
  if (lines === 0) return bytes.subarray(at)
  if (bytes[at - 1] === 10) at--
  for (let left = lines; left > 0; left--) {
    at = at === 0 ? -1 : bytes.lastIndexOf(10, at - 1)
    if (at === -1) return bytes
  }
  return bytes.subarray(at + 1)
}

function newlinesOf(bytes: Buffer): number {
  let count = 0
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) count++
  return count
}
