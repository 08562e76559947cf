import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromMarkdown, type Options } from 'mdast-util-from-markdown'
import { deadline, inTime } from './deadline.ts'
import { limits } from './limits.ts'

const options = { extensions: [deadline] } as unknown as Options

test('a text that takes too long is given up, and then others have less time for a while', () => {
  let clock = 0
  /** Undefined: given up. Each look at the clock is a millisecond later: so slow is this machine. */
  const parse = (lines: number): number | undefined => {
    const begun = clock
    const made = inTime(
      () => fromMarkdown('a\n\n'.repeat(lines), options),
      () => clock++,
    )
    return made === undefined ? undefined : clock - begun
  }
  const usual = 3500
  const needed = parse(usual)
  assert.ok(
    needed !== undefined && needed > limits.millisecondsThen && needed < limits.milliseconds,
    `${needed}`,
  )
  const begun = clock
  assert.equal(parse(10_000), undefined)
  assert.ok(clock - begun < limits.milliseconds + 10)
  assert.equal(parse(usual), undefined)
  clock += 60_000
  assert.ok(Math.abs((parse(usual) ?? 0) - needed) < 5)
})
