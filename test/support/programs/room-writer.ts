// room-writer SOCKET NAME COUNT: posts so many messages one after the other, each until it is acknowledged; prints the keys
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { textOf } from '../../chaos/room-text.ts'

const [socket = '', name = '', count = '0'] = process.argv.slice(2)
let next = 0
while (next < Number(count)) {
  const server = connect(socket)
  try {
    await once(server, 'connect')
    await post(server)
  } catch {
    // Killed, or not up again yet: whatever broke, the message is posted again, with its key.
    await delay(5)
  } finally {
    server.destroy()
  }
}

async function post(server: Socket): Promise<void> {
  const send = (): unknown =>
    server.write(`${JSON.stringify({ author: name, text: textOf(name, next), key: `${name}-${next}` })}\n`)
  server.on('error', () => server.destroy())
  send()
  for await (const key of createInterface({ input: server })) {
    if (key !== `${name}-${next}`) throw new Error(`acknowledged ${key}`)
    console.log(key)
    next++
    if (next === Number(count)) return
    send()
  }
}
