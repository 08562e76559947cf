// readers URL COUNT: so many WebSockets that read a room; says how old each token was when it came
import { WebSocket } from 'ws'
import { quantile } from '../portal/measure.ts'
import { now } from './program.ts'
import { timesOf } from './token.ts'

const [url = '', count = '1'] = process.argv.slice(2)
const delays: number[] = []
const counts: number[] = Array.from({ length: Number(count) }, () => 0)
let ended = 0
let closed = 0

for (let n = 0; n < Number(count); n++) {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  await new Promise((resolve, reject) => {
    socket.on('open', resolve)
    socket.on('error', reject)
  })
  socket.on('close', () => closed++)
  socket.on('message', data => {
    const at = now()
    const event = JSON.parse((data as Buffer).toString('utf8')) as {
      type: string
      text?: string
      reply?: string
      message?: { text: string }
    }
    // The last tokens come with the whole message.
    const isWhole = event.type === 'message' && event.reply !== undefined
    const times = isWhole ? timesOf(event.message?.text ?? '').slice(counts[n]) : timesOf(event.text ?? '')
    for (const time of times) delays.push(at - time)
    counts[n] = (counts[n] ?? 0) + times.length
    if (event.type === 'reply.ended' && ++ended === Number(count)) report()
  })
}
process.stdout.write('ready\n')

function report(): void {
  const sorted = Float64Array.from(delays).sort()
  const at = (q: number): number => quantile(sorted as unknown as number[], q)
  const facts = {
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    most: at(1),
    least: Math.min(...counts),
    closed,
  }
  process.stdout.write(`done ${JSON.stringify(facts)}\n`)
}
