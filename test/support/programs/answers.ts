// Prints `answers ready`; then answers each line typed to it: `lines 500` prints so many numbered
// ones, `exit 3` ends, `size` tells its terminal's size, `warn` complains, and anything else is said back.
import { createInterface } from 'node:readline'

let printed = 0
console.log(`answers ready`)
createInterface({ input: process.stdin }).on('line', line => {
  const [word, number] = line.trim().split(' ')
  const count = Number(number)
  if (word === 'lines') {
    let text = ''
    for (let line = 0; line < count; line++) text += `numbered ${++printed}\n`
    process.stdout.write(text)
  } else if (word === 'size') console.log(`size ${process.stdout.columns}x${process.stdout.rows}`)
  else if (word === 'warn') console.log('WARN something is odd')
  else if (word === 'exit') process.exit(count)
  else console.log(`you said ${line}`)
})
process.on('SIGTERM', () => process.exit(0))
