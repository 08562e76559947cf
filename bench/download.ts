import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { sha256Of } from './download/content.ts'
import { median } from './portal/measure.ts'
import { between, machine, markdown } from './shared/document.ts'

/**
 * The download engine beside curl and aria2c (Debian's), from a server on loopback that gives each connection 50 MB/s, and
 * without a limit. Ours also checks the hash and syncs the file, so the peers are measured with that, too.
 * Usage: `node bench/download.ts [--bytes 4000000000] [--rounds 5] [--folder DIR] [--write]`
 */
const { values } = parseArgs({
  options: {
    bytes: { type: 'string', default: '4000000000' },
    rounds: { type: 'string', default: '5' },
    folder: { type: 'string', default: tmpdir() },
    write: { type: 'boolean', default: false },
  },
})
const bytes = Number(values.bytes)
const sha256 = sha256Of(bytes)
const folder = await mkdtemp(join(values.folder, 'courante-bench-'))
const file = join(folder, 'file')
const env = { ...process.env, NODE_COMPILE_CACHE: join(folder, '.cache') }

const aria =
  (connections: number, ...more: string[]) =>
  (url: string) => [
    ['aria2c', '-q', `-x${connections}`, `-s${connections}`, ...more, '-d', folder, '-o', 'file', url],
  ]
const curl = (url: string): string[] => ['curl', '-s', '-o', file, url]
const program = resolve(import.meta.dirname, 'download/ours.ts')
const subjects = {
  ours: (url: string) => [[process.execPath, program, url, String(bytes), sha256, file]],
  curl: (url: string) => [curl(url)],
  'aria2c -x8': aria(8),
  'aria2c -x16': aria(16),
  'curl, sync and sha256sum': (url: string) => [curl(url), ['sync', file], ['sha256sum', file]],
  'aria2c -x8 --checksum': aria(8, `--checksum=sha-256=${sha256}`),
} satisfies Record<string, (url: string) => string[][]>
type Name = keyof typeof subjects
const names = Object.keys(subjects) as Name[]

interface Result {
  readonly seconds: number[]
  /** KiB. */
  readonly peak: number[]
}

try {
  // Fills Node's compile cache, as every start but the first finds it.
  await measure('limited', 0, 0)
  const limited = await measure('50 MB/s for each connection', 50e6, Number(values.rounds))
  const unlimited = await measure('no limit', 0, Number(values.rounds))
  await report(limited, unlimited)
} finally {
  await rm(folder, { recursive: true })
}

async function measure(title: string, rate: number, rounds: number): Promise<Map<Name, Result>> {
  const server = spawn(
    process.execPath,
    [resolve(import.meta.dirname, 'download/server.ts'), String(bytes), String(rate)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const [port] = (await once(server.stdout, 'data')) as [Buffer]
  const url = `http://127.0.0.1:${port.toString().trim()}/file`
  const results = new Map<Name, Result>()
  for (let round = 0; round < Math.max(1, rounds); round++) {
    // In turn, so that whatever else the machine does meets all of them.
    for (const name of rounds === 0 ? (['ours'] as const) : names) {
      const result = results.get(name) ?? { seconds: [], peak: [] }
      results.set(name, result)
      await rm(file, { force: true })
      const began = performance.now()
      let peak = 0
      for (const [program = '', ...args] of subjects[name](url))
        peak = Math.max(peak, await run(program, args))
      result.seconds.push((performance.now() - began) / 1000)
      result.peak.push(peak)
      if (rounds > 0) console.error(`${title}: ${name}: ${result.seconds.at(-1)?.toFixed(2)} s, ${peak} KiB`)
    }
  }
  server.kill()
  await rm(file, { force: true })
  return results
}

/** Its peak of memory, as the kernel counts it. */
async function run(program: string, args: string[]): Promise<number> {
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'], env })
  let peak = 0
  const timer = setInterval(() => (peak = Math.max(peak, peakOf(child.pid ?? 0))), 20)
  const [code] = (await once(child, 'close')) as [number]
  clearInterval(timer)
  if (code !== 0) throw new Error(`${program} ended with ${code}`)
  return peak
}

function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return 0
    throw error
  }
}

async function report(limited: Map<Name, Result>, unlimited: Map<Name, Result>): Promise<void> {
  const rate = (results: Map<Name, Result>, name: Name): number =>
    bytes / 1e6 / median(results.get(name)?.seconds ?? [])
  const ratio = (results: Map<Name, Result>, name: Name): string =>
    (rate(results, 'ours') / rate(results, name)).toFixed(2)
  const peak = (name: Name): number =>
    Math.max(...[limited, unlimited].flatMap(results => results.get(name)?.peak ?? [])) / 1024
  const table = markdown([
    ['', '50 MB/s a connection: MB/s', 'ours ÷ it', 'no limit: MB/s', 'ours ÷ it', 'peak RSS, MiB'],
    ...names.map(name => [
      name,
      rate(limited, name).toFixed(0),
      ratio(limited, name),
      rate(unlimited, name).toFixed(0),
      ratio(unlimited, name),
      peak(name).toFixed(0),
    ]),
  ])
  const better = (results: Map<Name, Result>): number =>
    rate(results, 'ours') / Math.max(rate(results, 'curl'), rate(results, 'aria2c -x8'))
  const mark = (reached: boolean): string => (reached ? 'reached' : '**missed**')
  const bar = markdown([
    ['the bar', 'measured', ''],
    ...[
      ['limited: ≥ 0.95 × the better of curl and aria2c -x8', better(limited)] as const,
      ['no limit: ≥ 0.95 × the better of the two', better(unlimited)] as const,
    ].map(([what, share]) => [what, `${share.toFixed(2)} ×`, mark(share >= 0.95)]),
    ['peak RSS < 120 MB', `${(peak('ours') * 1.048576).toFixed(0)} MB`, mark(peak('ours') * 1.048576 < 120)],
  ])
  const facts = [
    ...machine(),
    `a file of ${(bytes / 1e9).toFixed(1)} GB in ${values.folder}`,
    `${values.rounds} rounds in turn, medians`,
  ].join(' · ')
  console.log([facts, table, bar].join('\n\n'))
  if (!values.write) return
  const path = resolve(import.meta.dirname, '../docs/benchmarks.md')
  const text = between('bench/download.ts', await readFile(path, 'utf8'), 'table', `${facts}\n\n${table}`)
  await writeFile(path, between('bench/download.ts', text, 'bar', bar))
}
