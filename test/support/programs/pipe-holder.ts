// Leaves a child in a session of its own that ignores signals and holds our output, prints `holder <child's pid>`, and
// crashes with code 7. Whoever waits for the end of the output, and not for that of the process, waits for ever.
import { spawn } from 'node:child_process'

const child = spawn('sh', ['-c', "trap '' HUP TERM INT; while :; do sleep 1000; done"], {
  detached: true,
  stdio: ['ignore', 'inherit', 'inherit'],
})
child.unref()
process.stdout.write(`holder ${child.pid}\n`, () => process.exit(7))
