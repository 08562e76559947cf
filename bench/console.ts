import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { tempDir } from '../test/support/temp.ts'
import type { Sample } from './console/columns.ts'
import { coloured } from './console/coloured.ts'
import { endAllNow } from './console/instance.ts'
import { measureEnds, measureRun, measureTenfold, warmUp } from './console/measure.ts'
import { ours } from './console/ours.ts'
import { packageCosts } from './console/packages.ts'
import { peers } from './console/peers.ts'
import { asText, intoDocument, type Row } from './console/report.ts'

/**
 * Ours and others that run several programs on one terminal, measured in one go, turn by turn. docs/benchmarks.md says
 * what each column means. `--write` puts the tables there; `--packages` measures what blessed would cost instead.
 * Usage: `node bench/console.ts [--runs 3] [--lines 1000000] [--only us-builtin,pty] [--write]`, or `--packages`.
 */
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    lines: { type: 'string', default: '1000000' },
    only: { type: 'string' },
    write: { type: 'boolean', default: false },
    packages: { type: 'boolean', default: false },
  },
})
/** No new measurement is begun after this. */
const budgetMs = 24 * 60_000

let interrupted = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.once(signal, () => {
    // What is being measured fails at once, and everything is cleared away as always.
    interrupted = true
    endAllNow()
  })

const fullLines = 1_000_000
if (values.write && Number(values.lines) !== fullLines)
  throw new Error(`--write needs ${fullLines} lines: the bar is for them`)
if (values.packages) console.log(await packageCosts())
else await compare(Number(values.runs), Number(values.lines))

async function compare(runs: number, lines: number): Promise<void> {
  const start = performance.now()
  await using folder = await tempDir()
  const load = { flood: join(folder.path, 'flood'), lines }
  await writeFile(load.flood, coloured(lines))
  const wanted = values.only?.split(',')
  const rows: Row[] = []
  for (const subject of [...ours, ...peers].filter(({ name }) => wanted?.includes(name) ?? true)) {
    const row: Row = { subject, version: '', samples: [], problem: undefined, failures: [] }
    rows.push(row)
    await attempt(row, 'warm-up', async () => {
      row.version = await subject.version()
      await warmUp(subject, load)
      return {}
    })
  }
  for (let run = 0; run < runs; run++) {
    for (const row of rows) await attempt(row, `run ${run + 1}`, () => measureRun(row.subject, load))
  }
  // Last: where time runs out, it is not the medians that suffer.
  for (const row of rows) await attempt(row, 'ends', () => measureEnds(row.subject, load))
  for (const row of rows) await attempt(row, 'tenfold', () => measureTenfold(row.subject, load))
  if (interrupted) return
  const minutes = (performance.now() - start) / 60_000
  const result = { rows, runs, lines, minutes }
  console.log(asText(result))
  if (values.write) await intoDocument(resolve(import.meta.dirname, '../docs/benchmarks.md'), result)

  async function attempt(row: Row, what: string, measure: () => Promise<Sample>): Promise<void> {
    const { name } = row.subject
    if (row.problem !== undefined || interrupted) return
    if (performance.now() - start > budgetMs) {
      row.failures.push(`${what} was left out, since time was up`)
      return
    }
    try {
      const sample = await measure()
      row.samples.push(sample)
      console.error(`${name}, ${what}: ${JSON.stringify(sample, rounded)}`)
    } catch (error) {
      const words = (error as Error).message.split('\n')[0] ?? ''
      console.error(`${name}, ${what}: ${words}`)
      // What failed once, after it had worked, is only a sample less.
      if (row.samples.length === 0) row.problem = words
      else row.failures.push(`${what}: ${words}`)
    }
  }
}

function rounded(_: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value
}
