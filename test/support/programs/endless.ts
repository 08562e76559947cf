// Begins an escape sequence ($KIND: osc or dcs), never ends it, writes $MEGABYTES of it, notes `written` in the file
// $STORY, and stays.
import { appendFileSync, writeSync } from 'node:fs'

writeSync(1, `before\r\n\x1b${process.env['KIND'] === 'dcs' ? 'Pq' : ']52;c;'}`)
const megabyte = Buffer.alloc(1_000_000, 'A')
for (let count = 0; count < Number(process.env['MEGABYTES']); count++) {
  for (let at = 0; at < megabyte.length;) at += writeSync(1, megabyte, at)
}
appendFileSync(process.env['STORY'] ?? '', 'written\n')
setInterval(() => undefined, 1_000_000)
