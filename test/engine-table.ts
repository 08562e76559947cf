import { glob, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { type Io, runMain } from '../lib/io.ts'
import { contractOf } from './support/engine-contract.ts'

const root = join(import.meta.dirname, '..')
const doc = join(root, 'docs/engines.md')
export const marks = { begin: '<!-- the contract: begin -->', end: '<!-- the contract: end -->' } as const

/** What stands above a column, and the beginnings of the tests that it sums up. */
const columns: readonly (readonly [title: string, ...tests: string[]])[] = [
  ['answers', 'answers good'],
  ['declines bad requests', 'declines bad'],
  ['refuses bad models', 'says '],
  ['refuses foreign files', 'refuses an empty'],
  ['tells its memory', 'tells what'],
  ['cancels', 'ends a request'],
  ['ends with core', 'ends with core'],
]

type End = 'passed' | 'failed' | 'skipped'

/** `node test/engine-table.ts`: runs each engine's contract test and writes the table of docs/engines.md. */
async function run(_argv: readonly string[], io: Io): Promise<number> {
  const files = await Array.fromAsync(glob('test/e2e/engine-*.test.ts', { cwd: root }))
  const reporter = join(import.meta.dirname, 'support/line-reporter.ts')
  const { stdout } = await execa(
    process.execPath,
    ['--test', '--test-concurrency=1', `--test-reporter=${reporter}`, ...files.sort()],
    { cwd: root, reject: false, cancelSignal: io.signal, maxBuffer: 64e6 },
  )
  // Half a table would pass for a whole one.
  if (io.signal.aborted) return 130
  const ends = new Map<string, Map<string, End[]>>()
  for (const line of stdout.split('\n').filter(line => line.startsWith('{'))) {
    const { path, end } = JSON.parse(line) as { path: string[]; end: End }
    const at = path.findIndex(name => name.startsWith(contractOf))
    const [subject, test] = path.slice(at)
    if (at === -1 || subject === undefined || test === undefined) continue
    const row = ends.get(subject) ?? new Map<string, End[]>()
    ends.set(subject, row)
    for (const [title, ...beginnings] of columns)
      if (beginnings.some(beginning => test.startsWith(beginning)))
        row.set(title, [...(row.get(title) ?? []), end])
  }
  const rows = [...ends]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([subject, row]) => rowOf(subject.slice(contractOf.length), row))
  const head = ['engine', ...columns.map(([title]) => title)]
  const table = [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
  const text = await readFile(doc, 'utf8')
  const [before = '', , after = ''] = text.split(new RegExp(`(${marks.begin}[^]*${marks.end})`))
  await writeFile(doc, `${before}${marks.begin}\n\n${table}\n\n${marks.end}${after}`)
  io.stdout.write(`${table}\n`)
  return [...ends.values()].some(row => [...row.values()].flat().includes('failed')) ? 1 : 0
}

function rowOf(subject: string, row: ReadonlyMap<string, readonly End[]>): string[] {
  const [program = '', ...against] = subject.split(', ')
  const name = program.replace(/^services\/engines\//, '').replace(/\.ts$/, '')
  const cells = columns.map(([title]) => cellOf(row.get(title) ?? []))
  return [`\`${name}\`${against.length === 0 ? '' : `, ${against.join(', ')}`}`, ...cells]
}

/** A dash: it has nothing of the kind, such as an endpoint without files. */
function cellOf(ends: readonly End[]): string {
  if (ends.length === 0) return '–'
  if (ends.includes('failed')) return '**no**'
  return ends.every(end => end === 'skipped') ? 'not run' : 'yes'
}

if (import.meta.main) await runMain(run)
