import { columns, show, type ColumnKey, type Value } from './columns.ts'
import { stopGrace } from './ours.ts'

/** What the built-in console is to reach; each line: the bar, what was measured, by how much it was missed. */
export function bar(of: (key: ColumnKey) => Value | undefined): string[][] {
  const atMost = (words: string, key: ColumnKey, limit: number): string[] => {
    const value = of(key)
    const { unit } = columns[key]
    const shown = `${show(key, value)} ${unit}`.trim()
    if (typeof value !== 'number') return [words, shown, 'not measured']
    return [words, shown, value <= limit ? 'reached' : `missed by ${show(key, value - limit)} ${unit}`]
  }
  const withPss = ([words = '', shown = '', verdict = '']: string[]): string[] => [
    words,
    `${shown}; PSS ${show('pss', of('pss'))} MB`,
    verdict,
  ]
  const [rss, rss10] = [of('rss'), of('rss10')]
  const growth = typeof rss === 'number' && typeof rss10 === 'number' ? rss10 / rss - 1 : undefined
  const gone = /^gone, ([\d.]+) s$/.exec(String(of('stubborn')))?.[1]
  return [
    atMost('first frame ≤ 0.25 s from `node runner/main.ts`', 'frame', 0.25),
    atMost('1M lines ≤ 2.3 s', 'flood', 2.3),
    atMost('1M lines ≤ 1.8 s of CPU', 'floodCpu', 1.8),
    withPss(atMost('RSS ≤ 110 MB after 1M lines, all processes together', 'rss', 110)),
    [
      'RSS flat at 10M lines (at most a tenth more)',
      `${show('rss', rss)} → ${show('rss10', rss10)} MB`,
      growth === undefined
        ? 'not measured'
        : growth <= 0.1
          ? 'reached'
          : `grew by ${(growth * 100).toFixed(0)} %`,
    ],
    atMost('idle ≤ 0.1 %', 'idle', 0.1),
    atMost("`R` → a trivial child's new pid ≤ 20 ms", 'restart', 20),
    atMost('quit ≤ 0.1 s with willing children', 'quit', 0.1),
    [
      `a child that ignores TERM, INT and HUP is gone at the grace limit (${stopGrace} s)`,
      show('stubborn', of('stubborn')),
      gone !== undefined && Number(gone) <= stopGrace + 0.3 ? 'reached' : 'missed',
    ],
    [
      'kill -9 of the supervisor leaves 0, also of a child that ignores HUP',
      show('orphans', of('orphans')),
      of('orphans') === 0 ? 'reached' : 'missed',
    ],
  ]
}
