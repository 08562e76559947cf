// Starts a child in a session of its own that ignores SIGHUP and SIGTERM, prints `daemon <child's pid>`, and stays.
import { spawn } from 'node:child_process'

const child = spawn('sh', ['-c', "trap '' HUP TERM INT; while :; do sleep 1000; done"], {
  detached: true,
  stdio: 'ignore',
})
console.log(`daemon ${child.pid}`)
process.on('SIGTERM', () => process.exit(0))
setInterval(() => undefined, 1_000_000)
