import { open } from 'node:fs/promises'
import { type Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import type { Range } from './range.ts'

const chunkBytes = 256 * 1024

/**
 * The lines, the last one first, each with its own newline or without, as `tac` and BSD's `tail -r` have it. A file is read
 * from its end, so that it may be larger than the memory; a pipe is read whole.
 */
export async function* backwards(
  from: string | Readable,
  range: Range,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  const taker = takerOf(range)
  if (typeof from !== 'string') {
    const bytes = await buffer(from)
    signal.throwIfAborted()
    yield taker.take([...reversed(bytes)])
    return
  }
  await using file = await open(from, 'r')
  const stat = await file.stat()
  if (!stat.isFile() || stat.size === 0) {
    yield taker.take([...reversed(await file.readFile())])
    return
  }
  if ('from' in range && range.from > 1) {
    // Which lines are wanted is known only from the front.
    yield taker.take([...reversed(await file.readFile())])
    return
  }
  const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, stat.size))
  /** Of a line that goes on in what was read before, its end last. */
  let carried: Buffer[] = []
  for (let end = stat.size; end > 0 && !taker.full;) {
    signal.throwIfAborted()
    const start = Math.max(0, end - chunk.length)
    const { bytesRead } = await file.read(chunk, 0, end - start, start)
    const lines: Buffer[] = []
    let right = bytesRead
    for (
      let at = chunk.subarray(0, right).lastIndexOf(10);
      at !== -1;
      at = at === 0 ? -1 : chunk.lastIndexOf(10, at - 1)
    ) {
      // What stands behind a newline begins a line.
      const begins = at + 1
      if (begins < right || carried.length > 0) {
        lines.push(Buffer.concat([chunk.subarray(begins, right), ...carried]))
        carried = []
      }
      right = begins
    }
    if (right > 0) carried.unshift(Buffer.from(chunk.subarray(0, right)))
    end = start
    yield taker.take(lines)
  }
  if (carried.length > 0 && !taker.full) yield taker.take([Buffer.concat(carried)])
}

function takerOf(range: Range): { readonly full: boolean; take(lines: Buffer[]): Buffer } {
  let left = 'last' in range ? range.last : Infinity
  return {
    get full() {
      return left <= 0
    },
    take(lines) {
      const some =
        'from' in range ? lines.slice(0, Math.max(0, lines.length - (range.from - 1))) : lines.slice(0, left)
      left -= some.length
      return Buffer.concat(some)
    },
  }
}

function* reversed(bytes: Buffer): Generator<Buffer> {
  let right = bytes.length
  while (right > 0) {
    const at = right === 1 ? -1 : bytes.lastIndexOf(10, right - 2)
    yield bytes.subarray(at + 1, right)
    right = at + 1
  }
}
