import { LogFile } from '../../../runner/supervisor/log-file.ts'

// log-writer.ts FOLDER MAX_FILE MAX_TOTAL LINES: writes so many numbered lines of 12 bytes to the log of `flood`, in chunks
// of many sizes. A trouble is printed; at the end, the log's logical end and what was written since the trouble began.
const [folder = '', maxFile = '', maxTotal = '', lines = ''] = process.argv.slice(2)
const log = new LogFile({
  folder,
  service: 'flood',
  limits: { maxFile: Number(maxFile), maxTotal: Number(maxTotal), maxAgeMs: 1e9 },
  now: Date.now,
  onTrouble: ({ code }) => process.stdout.write(`trouble ${code}\n`),
  onAppend: () => undefined,
})
let pending = ''
for (let number = 0; number < Number(lines); number += 1) {
  pending += `${String(number).padStart(11, '0')}\n`
  // The chunks of a terminal end anywhere.
  const size = 1 + ((number * 7919) % 4096)
  if (pending.length < size) continue
  log.append(Buffer.from(pending.slice(0, size)))
  pending = pending.slice(size)
}
log.append(Buffer.from(pending))
process.stdout.write(`end ${log.end}\n`)
log.close()
