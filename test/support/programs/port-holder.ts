// A child in a session of its own listens on $PORT and ignores every polite signal, and so do we: what a closed terminal
// leaves behind in other places. Prints `holding <child's pid>`. The child is `port-holder.ts PORT`.
import { spawn } from 'node:child_process'
import { createServer } from 'node:net'

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) process.on(signal, () => undefined)
const [, , port] = process.argv
if (port === undefined) {
  const child = spawn(process.execPath, [import.meta.filename, process.env['PORT'] ?? ''], {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  child.on('message', () => console.log(`holding ${child.pid}`))
} else {
  createServer().listen(Number(port), '127.0.0.1', () => process.send?.('listening'))
  process.on('disconnect', () => undefined)
}
