import { styleText } from 'node:util'
import type { Io } from '../../lib/io.ts'
import { plainLines } from '../../lib/plain.ts'
import { type Check, groups } from './check.ts'
import { frame } from './messages.ts'

/** All findings by their groups, and a last line that sums them up. */
export function report(dir: string, checks: readonly Check[], io: Io): string {
  const lines = [frame.title(dir)]
  for (const group of groups) {
    const some = checks.filter(check => check.group === group)
    if (some.length > 0) lines.push('', frame.groups[group], ...some.flatMap(check => checkLines(check, io)))
  }
  const count = (state: Check['state']): number => checks.filter(check => check.state === state).length
  const [failures, warnings] = [count('fail'), count('warn')]
  lines.push('', failures === 0 ? frame.well(warnings) : frame.broken(failures, warnings))
  return `${lines.join('\n')}\n`
}

/** One finding: its mark and what was found, below that what to do. */
export function checkLines({ state, found, mend }: Check, io: Io): string[] {
  const hasColours = io.stdout.isTTY === true && io.env['NO_COLOR'] === undefined
  // Whether the stream has them was just asked, of the stream that is meant.
  const mark = hasColours
    ? styleText(colours[state], frame.marks[state], { validateStream: false })
    : frame.marks[state]
  const [first = '', ...more] = plainLines(found).split('\n')
  return [
    `  ${mark}  ${first}`,
    ...more.map(line => `        ${line}`),
    ...(mend === undefined || mend === ''
      ? []
      : plainLines(mend)
          .split('\n')
          .map((line, at) => `        ${at === 0 ? '→ ' : '  '}${line.trim()}`)),
  ]
}

const colours = { ok: 'green', warn: 'yellow', fail: 'red', skip: 'dim' } as const
