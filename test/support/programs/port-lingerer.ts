// Listens on $PORT by a helper that has nothing of our environment, and that lets go of the port only some time after we
// have ended: when the file $FREE is there. As a TIME_WAIT, a container or a debugger would hold it. Prints `listening
// <helper's pid>`, or why it can't. The helper is `port-lingerer.ts PORT FREE`; it never stays for longer than 20 s.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'

const [, , port, free] = process.argv
if (port === undefined) {
  const { PORT = '', FREE = '' } = process.env
  const helper = spawn(process.execPath, [import.meta.filename, PORT, FREE], {
    env: {},
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  helper.on('message', message => console.log(message === 'listening' ? `listening ${helper.pid}` : message))
} else {
  const server = createServer()
  server.once('error', error => {
    process.send?.(error.message)
    process.exit(1)
  })
  server.listen(Number(port), '127.0.0.1', () => process.send?.('listening'))
  process.once('disconnect', () => {
    const end = Date.now() + 20_000
    setInterval(() => {
      if (existsSync(free ?? '') || Date.now() > end) process.exit(0)
    }, 20)
  })
}
