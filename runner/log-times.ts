/** `10m` ago (ms, s, m, h, d), or a date with or without a time: local, unless a zone stands behind it. Epoch ms. */
export function parseTime(text: string, now: number): number | undefined {
  const [, count, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? []
  if (count !== undefined) return now - Number(count) * (milliseconds[unit ?? ''] ?? Number.NaN)
  const [, date, time] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:[.,]\d{1,3})?)?(?:Z|[+-]\d\d:?\d\d)?))?$/.exec(text) ?? []
  if (date === undefined) return undefined
  // A date alone would be read as UTC.
  const value = Date.parse(`${date}T${time?.replace(',', '.') ?? '00:00'}`)
  return Number.isNaN(value) ? undefined : value
}

/** Local time to the millisecond, as parseTime takes it. */
export function formatTime(time: number): string {
  const date = new Date(time)
  return new Date(time - date.getTimezoneOffset() * 60_000).toISOString().slice(0, -1)
}

const milliseconds: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}
