/** Line `number` of the flood, with its newline: the number, a filler of a length that looks random, a checksum. */
export function floodLine(number: number): string {
  const hash = Math.imul(number, 2_654_435_761) >>> 0
  return `${number} ${'.'.repeat(hash % 150)} ${hash.toString(16)}\n`
}

/** What stands before the first line of each process of the flood; it occurs nowhere in a line. */
export const floodBegin = '\u0002'
