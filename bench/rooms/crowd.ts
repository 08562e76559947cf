import { Program } from './program.ts'

export interface Crowd {
  /** From the model's token to a reader, in ms; of all tokens and readers. */
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly most: number
  /** Tokens that a reader didn't get, of the one who got the fewest. */
  readonly missed: number
  /** Readers who were cut off. */
  readonly closed: number
  /** MB of the server's memory at the end. */
  readonly rss: number
  /** Cores that it used meanwhile. */
  readonly cpu: number
}

export interface CrowdOptions {
  readonly url: string
  readonly stream: string
  /** What is posted to, so that it begins. */
  readonly go: string
  readonly readers: number
  readonly tokens: number
}

/** Many readers, in a process of their own, of one server while a model writes. */
export async function crowd(
  server: Program,
  { url, stream, go, readers, tokens }: CrowdOptions,
): Promise<Crowd> {
  await using crowd = new Program('bench/rooms/readers.ts', [
    url.replace('http', 'ws') + stream,
    String(readers),
  ])
  await crowd.said(/^ready$/)
  const before = server.use()
  const began = performance.now()
  await fetch(url + go, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text: 'What time is it?' }),
  })
  const [, json = ''] = await crowd.said(/^done (.*)$/)
  const seconds = (performance.now() - began) / 1000
  const after = server.use()
  const facts = JSON.parse(json) as Omit<Crowd, 'missed' | 'rss' | 'cpu'> & { least: number }
  return {
    ...facts,
    missed: tokens - facts.least,
    rss: after.rss,
    cpu: (after.cpu - before.cpu) / seconds,
  }
}
