/** A number, or why there is none. */
export type Value = number | string
export type Sample = Partial<Record<ColumnKey, Value>>

export interface Column {
  readonly title: string
  readonly unit: string
  readonly digits: number
  /** For docs/benchmarks.md. */
  readonly means: string
}

export const columns = {
  frame: {
    title: 'frame',
    unit: 's',
    digits: 2,
    means:
      'from the spawn of the first process to the first frame: ours to the line with the keys, a peer to anything at all',
  },
  line: {
    title: 'first line',
    unit: 's',
    digits: 2,
    means: "from the spawn to the first child's first line on the screen",
  },
  flood: {
    title: '1M, 64 KiB',
    unit: 's',
    digits: 1,
    means:
      'one million coloured lines (102 MB) from one of three children, in writes of 64 KiB, until the last one is on the screen',
  },
  floodCpu: {
    title: 'CPU',
    unit: 's',
    digits: 1,
    means:
      "seconds of CPU that it cost the subject's own processes (all threads, servers and helpers that have ended; not the children), until half a second after",
  },
  lines: {
    title: '1M, a write a line',
    unit: 's',
    digits: 1,
    means: 'the same lines, each with a write of its own',
  },
  linesCpu: { title: 'CPU', unit: 's', digits: 1, means: 'what that cost' },
  restart: {
    title: 'restart',
    unit: 'ms',
    digits: 0,
    means: "from the restart key to the new child's first act; the old one ends at once",
  },
  quit: {
    title: 'quit',
    unit: 's',
    digits: 2,
    means: 'from the key until the subject and three willing children are gone',
  },
  rssStart: {
    title: 'RSS at start',
    unit: 'MB',
    digits: 0,
    means: "resident memory of the subject's own processes together, seconds after the start",
  },
  rss: {
    title: 'after 1M',
    unit: 'MB',
    digits: 0,
    means: 'the same a second after the last of the million lines was shown',
  },
  peak: { title: 'peak', unit: 'MB', digits: 0, means: "until then: the sum of each process's own highest" },
  pss: {
    title: 'PSS',
    unit: 'MB',
    digits: 0,
    means:
      'then, with each shared page divided among all that map it (Node itself is shared, also with the bench)',
  },
  rss10: {
    title: 'after 10M',
    unit: 'MB',
    digits: 0,
    means:
      'resident a second after ten million lines in a fresh run; "in 45 s" where it had not got through by then',
  },
  peak10: { title: 'peak', unit: 'MB', digits: 0, means: 'until then' },
  idle: {
    title: 'idle',
    unit: '%',
    digits: 2,
    means: 'of one core while nothing happens, over 4 s, from the scheduler (nanoseconds)',
  },
  ticks: {
    title: '20 lines/s',
    unit: '%',
    digits: 1,
    means: 'of one core while one child prints a line every 50 ms, over 3 s',
  },
  stubborn: {
    title: 'stubborn child at quit',
    unit: '',
    digits: 1,
    means:
      'quit when one child ignores TERM, INT and HUP: gone (after so many seconds); hangs: the subject still waits 12 s later; orphan: the subject has ended, the child has not',
  },
  orphans: {
    title: 'orphans after kill -9',
    unit: '',
    digits: 0,
    means:
      'children that live 3 s after the process that holds them was killed with KILL; one of the three ignores HUP',
  },
} satisfies Record<string, Column>

export type ColumnKey = keyof typeof columns

/** Two tables, since one would be too wide to read. */
export const tables: readonly (readonly ColumnKey[])[] = [
  ['frame', 'line', 'flood', 'floodCpu', 'lines', 'linesCpu', 'restart', 'quit'],
  ['rssStart', 'rss', 'peak', 'pss', 'rss10', 'peak10', 'idle', 'ticks', 'stubborn', 'orphans'],
]

/** The middle of the numbers; words only where there is no number. */
export function median(values: readonly Value[]): Value | undefined {
  const numbers = values.filter(value => typeof value === 'number').toSorted((a, b) => a - b)
  if (numbers.length === 0) return values[0]
  const middle = (numbers.length - 1) / 2
  return ((numbers[Math.floor(middle)] ?? 0) + (numbers[Math.ceil(middle)] ?? 0)) / 2
}

export function show(key: ColumnKey, value: Value | undefined): string {
  if (value === undefined) return ''
  return typeof value === 'number' ? value.toFixed(columns[key].digits) : value
}
