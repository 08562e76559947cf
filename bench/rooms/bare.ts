// bare TOKENS PER_SECOND: the least that a broadcast can be: what is posted goes to all WebSockets, nothing is kept
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { now } from './program.ts'
import { token } from './token.ts'

const [tokens = '600', perSecond = '20'] = process.argv.slice(2)
const server = createServer((request, response) => {
  const parts: Buffer[] = []
  request.on('data', (part: Buffer) => parts.push(part))
  request.on('end', () => {
    if (request.url === '/go') void speak()
    else tell(Buffer.concat(parts))
    response.end('{}')
  })
})
const sockets = new WebSocketServer({ server, perMessageDeflate: false })

function tell(data: Buffer): void {
  for (const client of sockets.clients) client.send(data, { binary: false })
}

async function speak(): Promise<void> {
  const began = now()
  for (let n = 0; n < Number(tokens); n++) {
    const left = began + (n * 1000) / Number(perSecond) - now()
    if (left > 0) await new Promise(resolve => setTimeout(resolve, left))
    tell(Buffer.from(JSON.stringify({ type: 'reply.delta', reply: 'x', at: 0, text: token(now()) })))
  }
  tell(Buffer.from(JSON.stringify({ type: 'reply.ended', reply: 'x', how: 'done' })))
}

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  process.stdout.write(`listening on http://127.0.0.1:${port}\n`)
})
