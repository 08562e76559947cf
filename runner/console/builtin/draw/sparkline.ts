const bars = '▁▂▃▄▅▆▇█'

/** The last `columns` values at most as bars, the newest last, none for 0; `full` is the height of the tallest bar. */
export function sparkline(values: readonly number[], columns: number, full: number): string {
  const shown = values.slice(-columns)
  const top = bars.length - 1
  const line = shown.map(value => {
    if (value <= 0 || full <= 0) return ' '
    return bars[Math.min(top, Math.round((value / full) * top))]
  })
  return line.join('')
}
