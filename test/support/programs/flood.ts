// Prints numbered lines without an end, about 6 MB a second, after `begin <own pid>`. The file $NOTES/<own pid> holds the
// number of the last line that the system has taken, written after each write: all up to there was accepted.
import { openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { floodBegin, floodLine } from '../flood-line.ts'

const note = openSync(join(process.env['NOTES'] ?? '', String(process.pid)), 'w')
write(`${floodBegin}begin ${process.pid}\n`)
const never = new Int32Array(new SharedArrayBuffer(4))
for (let number = 0, sinceRest = 0; ;) {
  let text = ''
  while (text.length < 16_384) text += floodLine(++number)
  write(text)
  writeSync(note, String(number), 0)
  sinceRest += text.length
  if (sinceRest < 131_072) continue
  sinceRest = 0
  Atomics.wait(never, 0, 0, 20)
}

function write(text: string): void {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length;) at += writeSync(1, bytes, at)
}
