import { execa } from 'execa'
import { readFile, writeFile } from 'node:fs/promises'
import { between as betweenMarkers, machine, markdown } from '../shared/document.ts'
import { bar } from './bar.ts'
import { columns, median, show, tables, type ColumnKey, type Sample, type Value } from './columns.ts'
import type { Subject } from './subject.ts'

const between = (text: string, name: string, content: string): string =>
  betweenMarkers('bench/console.ts', text, name, content)

export interface Row {
  readonly subject: Subject
  version: string
  readonly samples: Sample[]
  /** Why there is nothing to measure. */
  problem: string | undefined
  /** What else failed or was left out. */
  readonly failures: string[]
}

export interface Result {
  readonly rows: readonly Row[]
  readonly runs: number
  readonly lines: number
  readonly minutes: number
}

export function asText(result: Result): string {
  const blocks = tables.map(keys => aligned([heads(keys), ...measured(result).map(row => cells(row, keys))]))
  const less =
    result.lines === 1_000_000
      ? []
      : [`${result.lines} lines where the head says 1M, and ten times that for 10M.`]
  return [
    '',
    ...less,
    '',
    ...blocks.flatMap(block => [block, '']),
    ...problems(result),
    noise(result),
    '',
  ].join('\n')
}

/** Replaces what stands between the document's markers. */
export async function intoDocument(path: string, result: Result): Promise<void> {
  const text = await readFile(path, 'utf8')
  const blocks = tables.map(keys => markdown([heads(keys), ...measured(result).map(row => cells(row, keys))]))
  const ours = result.rows.find(({ subject }) => subject.name === 'us-builtin')
  const facts = await circumstances(result)
  const table = [facts, ...blocks, ...problems(result), noise(result)].filter(Boolean).join('\n\n')
  const judged =
    ours === undefined ? '' : markdown([['the bar', 'measured', ''], ...bar(key => value(ours, key))])
  const how = result.rows
    .map(({ subject, version }) => `- **${subject.name}** ${version}: ${subject.how}`)
    .join('\n')
  const meanings = Object.values(columns).map(({ title, unit, means }) => [title, unit, means])
  let filled = between(text, 'table', table)
  filled = between(filled, 'subjects', how)
  filled = between(filled, 'columns', markdown([['column', '', 'means'], ...meanings]))
  if (judged !== '') filled = between(filled, 'bar', judged)
  await writeFile(path, filled)
}

function measured({ rows }: Result): Row[] {
  return rows.filter(({ problem }) => problem === undefined)
}

function problems({ rows }: Result): string[] {
  return rows.flatMap(({ subject, problem, failures }) =>
    [...(problem === undefined ? [] : [problem]), ...failures].map(words => `${subject.name}: ${words}`),
  )
}

/** How far one and the same thing lay apart within this run. */
function noise({ rows, lines }: Result): string {
  const floor = rows.find(({ subject }) => subject.name === 'pty')
  const times = (floor?.samples ?? []).map(({ flood }) => flood).filter(time => typeof time === 'number')
  if (times.length < 2) return ''
  const [least, most] = [Math.min(...times), Math.max(...times)].map(time => time.toFixed(1))
  return `The machine's noise: the bare pty alone took from ${least} to ${most} s for the same ${lines} lines.`
}

function heads(keys: readonly ColumnKey[]): string[] {
  return ['', ...keys.map(key => `${columns[key].title} ${columns[key].unit}`.trim())]
}

function cells(row: Row, keys: readonly ColumnKey[]): string[] {
  return [row.subject.name, ...keys.map(key => show(key, value(row, key)))]
}

function value(row: Row, key: ColumnKey): Value | undefined {
  return median(row.samples.map(sample => sample[key]).filter(value => value !== undefined))
}

function aligned(rows: readonly string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => (row[column] ?? '').length)))
  return rows
    .map(row =>
      row.map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      ),
    )
    .map(row => row.join('  '))
    .join('\n')
}

async function circumstances({ runs, lines, minutes }: Result): Promise<string> {
  const tmux = await execa('tmux', ['-V'], { reject: false })
  return [
    ...machine(),
    tmux.stdout ?? 'no tmux',
    `${runs} runs in turn, medians, ${lines} lines`,
    `${Math.round(minutes)} minutes in all`,
  ].join(' · ')
}
