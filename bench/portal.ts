import { mkdtemp, readFile, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { bare } from './portal/bare.ts'
import { bullmq } from './portal/bullmq.ts'
import { costsOfWaiting, idleOf, syncsOf } from './portal/costs.ts'
import { http } from './portal/http.ts'
import { measure, median, type Turn } from './portal/measure.ts'
import { ours } from './portal/ours.ts'
import { between, machine, markdown } from './shared/document.ts'

/**
 * A request and its answer through our portal, BullMQ, plain HTTP and a bare hop over folders, turn by turn in one run, on tmpfs
 * and on a disk; then what waiting jobs cost, and what an idle worker does. docs/benchmarks.md says what it means.
 * Usage: `node bench/portal.ts [--rounds 7] [--write]`; needs redis-server.
 */
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, write: { type: 'boolean', default: false } },
})
const subjects = [ours('rename'), ours('fsync'), bare, http, bullmq(false), bullmq(true)]
const counts = { one: 400, many: 3000 }
const inFlight = 16
const kinds: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x1021994: 'tmpfs',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
}

interface Row {
  readonly name: string
  readonly one: Turn[]
  readonly many: Turn[]
}

/** As the worker's, for the client's syncs; before the first use of the pool. */
process.env['UV_THREADPOOL_SIZE'] = '16'

const places: { kind: string; rows: Row[]; syncs: number | undefined }[] = []
for (const base of ['/dev/shm', tmpdir()]) {
  const folder = await mkdtemp(join(base, 'courante-bench-'))
  try {
    const kind = kinds[(await statfs(folder)).type] ?? 'another file system'
    places.push({ kind, ...(await compare(folder, kind !== 'tmpfs')) })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
const waitingCounts = [10, 100, 1000, 10_000, 100_000]
const folder = await mkdtemp(join(tmpdir(), 'courante-bench-'))
const waiting = await costsOfWaiting(folder, waitingCounts)
const idle = await idleOf(join(folder, 'idle'))
await rm(folder, { recursive: true, force: true })
await report()
process.exit(0)

/** `isDisk`: where an fsync does something. */
async function compare(folder: string, isDisk: boolean): Promise<{ rows: Row[]; syncs: number | undefined }> {
  const rows: (Row & { asker: Awaited<ReturnType<(typeof subjects)[number]['open']>> })[] = []
  for (const subject of subjects) {
    const asker = await subject.open(await mkdtemp(join(folder, `${subject.name}-`)))
    await measure(asker, 1000, inFlight)
    rows.push({ name: subject.name, asker, one: [], many: [] })
  }
  const syncs: number[] = []
  for (let round = 0; round < Number(values.rounds); round++) {
    // To and fro, so that nobody always has the same one before it, whose files the disk still writes.
    for (const { asker, one, many } of round % 2 === 0 ? rows : rows.toReversed()) {
      one.push(await measure(asker, counts.one, 1))
      many.push(await measure(asker, counts.many, inFlight))
    }
    if (isDisk) syncs.push(await syncsOf(folder))
  }
  for (const { asker } of rows) await asker.close()
  return { rows, syncs: isDisk ? median(syncs) : undefined }
}

function of(rows: readonly Row[], name: string, which: 'one' | 'many', what: keyof Turn): number {
  const row = rows.find(row => row.name === name)
  return median((row?.[which] ?? []).map(turn => turn[what]))
}

async function report(): Promise<void> {
  const tables = places.map(({ kind, rows }) =>
    markdown([
      [`on ${kind}`, 'p50 ms', 'p99 ms', 'requests/s', 'p50 ms, 16 in flight', 'p99 ms', 'requests/s'],
      ...rows.map(({ name }) => [
        name,
        ...(['one', 'many'] as const).flatMap(which => [
          of(rows, name, which, 'p50').toFixed(2),
          of(rows, name, which, 'p99').toFixed(2),
          of(rows, name, which, 'perSecond').toFixed(0),
        ]),
      ]),
    ]),
  )
  const flat = markdown([
    ['waiting', ...waitingCounts.map(String)],
    ['µs a job', ...waiting.map(cost => cost.toFixed(0))],
  ])
  const facts = [...machine(), `${values.rounds} rounds in turn, medians`].join(' · ')
  const table = [facts, ...tables, flat].join('\n\n')
  const bar = markdown([['the bar', 'measured', ''], ...places.flatMap(barOf), ...barOfWorker()])
  console.log(`${table}\n\n${bar}`)
  if (!values.write) return
  const path = resolve(import.meta.dirname, '../docs/benchmarks.md')
  let text = await readFile(path, 'utf8')
  text = between('bench/portal.ts', text, 'table', table)
  text = between('bench/portal.ts', text, 'bar', bar)
  const how = subjects.map(subject => `- **${subject.name}**: ${subject.how}`).join('\n')
  await writeFile(path, between('bench/portal.ts', text, 'subjects', how))
}

function barOf({ kind, rows, syncs }: (typeof places)[number]): string[][] {
  const p50 = (name: string) => of(rows, name, 'one', 'p50')
  const perSecond = (name: string) => of(rows, name, 'many', 'perSecond')
  return [
    judged(`${kind}: p50 ≤ 0.5 × BullMQ's`, p50('us') / p50('bullmq'), value => value <= 0.5),
    judged(`${kind}: p50 ≤ 2.5 × the bare hop's`, p50('us') / p50('bare'), value => value <= 2.5),
    judged(
      `${kind}: requests/s ≥ 2.5 × BullMQ's`,
      perSecond('us') / perSecond('bullmq'),
      value => value >= 2.5,
    ),
    ...(syncs === undefined
      ? []
      : [
          judged(
            `${kind}: with fsync, requests/s ≥ 0.15 × the ${syncs.toFixed(0)} fsyncs/s of 16 threads`,
            perSecond('us-fsync') / syncs,
            value => value >= 0.15,
          ),
        ]),
  ]
}

function barOfWorker(): string[][] {
  // Fewer are over before the code is warm.
  const few = waiting[waitingCounts.indexOf(1000)] ?? 1
  return [
    judged(
      'a job of 100,000 waiting ≤ 1.5 × one of 1,000',
      (waiting.at(-1) ?? 0) / few,
      value => value <= 1.5,
    ),
    [`an idle worker ≤ 0.2 % of a core`, `${idle.toFixed(2)} %`, idle <= 0.2 ? 'reached' : 'missed'],
  ]
}

function judged(claim: string, value: number, reached: (value: number) => boolean): string[] {
  return [claim, `${value.toFixed(2)} ×`, reached(value) ? 'reached' : 'missed']
}
