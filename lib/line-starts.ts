import { readSync } from 'node:fs'

/** Offset of a file at which its last so many lines begin. Read backwards; what follows the last newline is no line. */
export function startOfLastLines(file: number, size: number, lines: number): number {
  const chunk = Buffer.allocUnsafe(Math.min(size, 64 * 1024))
  let seen = 0
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - chunk.length)
    const read = readSync(file, chunk, 0, end - start, start)
    for (
      let at = chunk.lastIndexOf(10, read - 1);
      at !== -1;
      at = at === 0 ? -1 : chunk.lastIndexOf(10, at - 1)
    ) {
      if (++seen > lines) return start + at + 1
    }
    end = start
  }
  return 0
}

/** The same, where what follows the last newline counts as a line, as `tail -n` has it. */
export function startOfLastPieces(file: number, size: number, lines: number): number {
  if (lines === 0 || size === 0) return size
  const last = Buffer.alloc(1)
  readSync(file, last, 0, 1, size - 1)
  return startOfLastLines(file, size, last[0] === 10 ? lines : lines - 1)
}

/** Offset of the line of that number, counted from 1; the end where there are fewer. */
export function startOfLine(file: number, line: number): number {
  const chunk = Buffer.allocUnsafe(256 * 1024)
  let offset = 0
  for (let before = line - 1; before > 0;) {
    const read = readSync(file, chunk, 0, chunk.length, offset)
    if (read === 0) break
    let at = -1
    while (before > 0) {
      const next = chunk.subarray(0, read).indexOf(10, at + 1)
      if (next === -1) break
      at = next
      before--
    }
    offset += before === 0 ? at + 1 : read
  }
  return offset
}
