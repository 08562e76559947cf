import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { between, machine, markdown } from './shared/document.ts'
import { latency, type Latency } from './rooms/latency.ts'
import { crowd, type Crowd } from './rooms/crowd.ts'
import { Program } from './rooms/program.ts'

/**
 * Rooms: how soon others see what is posted, and how a thousand readers of one room keep up with a model that writes 20 tokens a
 * second; each beside a bare broadcast over `ws`, which does nothing else. docs/benchmarks.md says what it means.
 * Usage: `node bench/rooms.ts [--posts 1000] [--readers 1000] [--seconds 30] [--write]`
 */
const { values } = parseArgs({
  options: {
    posts: { type: 'string', default: '1000' },
    readers: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '30' },
    write: { type: 'boolean', default: false },
  },
})
const [posts, readers] = [Number(values.posts), Number(values.readers)]
const perSecond = 20
const tokens = Number(values.seconds) * perSecond

const home = await mkdtemp(join(tmpdir(), 'courante-bench-'))
const rows: { name: string; latency: Latency }[] = []
let ours: Crowd
let bare: Crowd
{
  await using model = new Program('bench/rooms/model.ts', [home, String(tokens), String(perSecond)])
  await model.said(/^ready$/)
  const env = { COURANTE_HOME: home, COURANTE_SOCKETS: home, PORT: '0' }
  await using backend = new Program('services/backend/main.ts', [], env)
  const [, url = ''] = await backend.said(/^backend listening on (\S+)$/)
  await using floor = new Program('bench/rooms/bare.ts', [String(tokens), String(perSecond)])
  const [, floorUrl = ''] = await floor.said(/^listening on (\S+)$/)
  await makeRoom(url, 'quiet', [])
  await makeRoom(url, 'crowd', ['Courante'])
  const post = '/api/rooms/quiet/messages'
  const stream = '/api/rooms/quiet/stream'
  for (const kind of ['ws', 'sse'] as const) {
    rows.push({ name: `a room, ${kind}`, latency: await latency({ url, post, stream, kind, posts }) })
  }
  const bareLatency = await latency({ url: floorUrl, post: '/', stream: '/', kind: 'ws', posts })
  rows.push({ name: 'bare broadcast, ws', latency: bareLatency })
  bare = await crowd(floor, { url: floorUrl, stream: '/', go: '/go', readers, tokens })
  ours = await crowd(backend, {
    url,
    stream: '/api/rooms/crowd/stream',
    go: '/api/rooms/crowd/messages',
    readers,
    tokens,
  })
}
await rm(home, { recursive: true, force: true })
await report()

async function makeRoom(url: string, id: string, agents: readonly string[]): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ id, agents })
  const { status } = await fetch(`${url}/api/rooms`, { method: 'POST', headers, body })
  if (status !== 201) throw new Error(`no room: ${status}`)
}

async function report(): Promise<void> {
  const ms = (value: number): string => value.toFixed(1)
  const table = [
    [...machine(), `${posts} posts, one after the other`, `${readers} readers, ${tokens} tokens`].join(' · '),
    markdown([
      ['post → event at another client', 'p50 ms', 'p95 ms', 'p99 ms'],
      ...rows.map(({ name, latency }) => [name, ms(latency.p50), ms(latency.p95), ms(latency.p99)]),
    ]),
    markdown([
      [`${readers} readers`, 'p50 ms', 'p95 ms', 'p99 ms', 'worst ms', 'missed', 'RSS MB', 'of a core'],
      ...[['a room', ours] as const, ['bare broadcast', bare] as const].map(([name, crowd]) => [
        name,
        ...[crowd.p50, crowd.p95, crowd.p99, crowd.most].map(ms),
        String(crowd.missed),
        crowd.rss.toFixed(0),
        `${(crowd.cpu * 100).toFixed(0)} %`,
      ]),
    ]),
  ].join('\n\n')
  const worst = Math.max(...rows.slice(0, 2).map(({ latency }) => latency.p95))
  const bar = markdown([
    ['the bar', 'measured', ''],
    ['post → event at another client: p95 ≤ 20 ms', `${ms(worst)} ms`, worst <= 20 ? 'reached' : 'missed'],
    [
      `${readers} readers at 20 tokens/s: p95 ≤ 250 ms`,
      `${ms(ours.p95)} ms`,
      ours.p95 <= 250 ? 'reached' : 'missed',
    ],
    [
      'none dropped',
      `${ours.missed} tokens, ${ours.closed} readers`,
      ours.missed + ours.closed === 0 ? 'reached' : 'missed',
    ],
  ])
  console.log(`${table}\n\n${bar}`)
  if (!values.write) return
  const path = resolve(import.meta.dirname, '../docs/benchmarks.md')
  const text = between('bench/rooms.ts', await readFile(path, 'utf8'), 'table', table)
  await writeFile(path, between('bench/rooms.ts', text, 'bar', bar))
}
