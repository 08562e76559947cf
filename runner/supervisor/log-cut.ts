/**
 * Where a chunk is cut when the file that it goes to has `room` bytes left (less than none when it is over already): so
 * many bytes still go there, the others to the next file. Undefined: all of it goes there, for now. Lines stay whole, and
 * so do escape sequences and characters of lines that have no end within 64 KiB.
 */
export function cutOf(chunk: Uint8Array, room: number, atLineStart: boolean): number | undefined {
  if (chunk.length <= room) return undefined
  const before = room > 0 ? chunk.lastIndexOf(newline, room - 1) : -1
  if (before !== -1) return before + 1
  if (atLineStart) return 0
  const after = chunk.indexOf(newline, Math.max(0, room))
  if (after !== -1) return after + 1
  return room + patience > chunk.length ? undefined : endOfWhole(chunk)
}

const newline = 10
const escape = 27
const patience = 64 * 1024

/** The last place in a chunk of an endless line at which nothing is torn apart. */
function endOfWhole(chunk: Uint8Array): number {
  const begin = Math.max(0, chunk.length - 64)
  const sequence = chunk.lastIndexOf(escape)
  if (sequence > begin) return sequence
  let end = chunk.length
  while (end > begin && ((chunk[end - 1] ?? 0) & 0xc0) === 0x80) end -= 1
  if (end > begin && (chunk[end - 1] ?? 0) >= 0xc0) end -= 1
  return end > begin ? end : chunk.length
}
