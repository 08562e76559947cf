// Takes half a second to end after the first SIGTERM. Notes each signal that comes, and its end, in the file $STORY.
import { appendFileSync } from 'node:fs'

const note = (line: string): void => appendFileSync(process.env['STORY'] ?? '', `${line}\n`)
let ending = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
  process.on(signal, () => {
    note(signal)
    if (ending) return
    ending = true
    setTimeout(() => {
      note('ended')
      process.exit(0)
    }, 500)
  })
}
setInterval(() => undefined, 1_000_000)
console.log('late is here')
