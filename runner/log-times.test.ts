import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatTime, parseTime } from './log-times.ts'

const now = Date.parse('2026-11-21T09:00:00Z')

test('times: how long ago, or a date, local unless a zone is named', () => {
  const cases: [string, number | undefined][] = [
    ['10m', now - 600_000],
    ['1.5h', now - 5_400_000],
    ['30s', now - 30_000],
    ['250ms', now - 250],
    ['2d', now - 172_800_000],
    ['2026-11-21', new Date(2026, 10, 21).getTime()],
    ['2026-11-21T08:59', new Date(2026, 10, 21, 8, 59).getTime()],
    ['2026-11-21 08:59:01,250', new Date(2026, 10, 21, 8, 59, 1, 250).getTime()],
    ['2026-11-21T08:59:01.250Z', now - 58_750],
    ['2026-11-21T10:00+01:00', now],
    ['10', undefined],
    ['yesterday', undefined],
    ['2026-13-41', undefined],
    ['', undefined],
  ]
  for (const [text, time] of cases) assert.equal(parseTime(text, now), time, text)
  assert.equal(parseTime(formatTime(now + 7), 0), now + 7, 'what is printed can be typed in again')
})
