import { z } from 'zod'

const day = 24 * 3600_000
const durations: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3600_000, d: day }
const sizes: Readonly<Record<string, number>> = {
  '': 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
}

/** A time as people write it, in ms: `30s`, `10m`, `2h`; 0 is 0. */
export const durationMs = amount(/^(\d+(?:\.\d+)?)(s|m|h|d)$/, durations, '30s, 10m, 2h or 0').refine(
  ms => ms <= 365 * day,
  'expected at most a year',
)

/** A size as people write it, in bytes: `6GB`, `512 MB`, `4GiB`. */
export const sizeBytes = amount(/^(\d+(?:\.\d+)?) ?([KMGT]I?B|)$/, sizes, '6GB or 512MB').refine(
  bytes => bytes > 0,
  'expected more than 0',
)

function amount(pattern: RegExp, units: Readonly<Record<string, number>>, example: string) {
  return z.unknown().transform((value, context) => {
    if (value === 0) return 0
    const text = typeof value === 'string' || typeof value === 'number' ? String(value).trim() : ''
    const [, count, unit] = pattern.exec('' in units ? text.toUpperCase() : text) ?? []
    if (count !== undefined && unit !== undefined) return Math.round(Number(count) * (units[unit] ?? NaN))
    context.addIssue({ code: 'custom', message: `expected ${example}` })
    return z.NEVER
  })
}
