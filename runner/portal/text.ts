/** Rows of words as lines of columns; the first row are the titles. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)))
  return rows.map(row =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** 45 B, 640 kB, 12 MB, 1.2 GB. */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`
  if (count < 1e6) return `${Math.round(count / 1e3)} kB`
  if (count < 1e9) return `${Math.round(count / 1e6)} MB`
  return `${(count / 1e9).toFixed(1)} GB`
}
