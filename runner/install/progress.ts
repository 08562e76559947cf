import type { Io } from '../../lib/io.ts'
import { plain } from '../../lib/plain.ts'
import { megabytes } from './bytes.ts'
import { progressWords as words } from './messages.ts'
import type { StepFacts } from './step.ts'

export interface ProgressLine {
  readonly update: (bytes: number, total: number) => void
  /** Of work that is no download. */
  readonly percent: (percent: number) => void
  /** A sentence of its own, which stays. */
  readonly note: (sentence: string) => void
  readonly end: (well: boolean) => void
}

/** How often a log without a terminal is told of a long download. */
const logEveryMs = 10_000
/** Over which time the speed is measured: short enough to show a stall, long enough to be read. */
const speedOverMs = 3000

/** One line that changes on a terminal; elsewhere one at the start, one now and then, and one at the end, fit for a log. */
export function openProgress(name: string, facts: StepFacts, io: Io): ProgressLine {
  const started = performance.now()
  const terminal = io.stdout.isTTY === true
  const from = facts.bytes === 0 ? 'with' : 'from'
  const speed = speedometer()
  let shown = ''
  let most = 0
  let loggedAt = started
  const show = (text: string) => {
    if (text === shown) return
    shown = text
    // Cut to the width: a line that wraps can't be overwritten.
    io.stdout.write(`\r${text.slice(0, (io.stdout.columns ?? 80) - 1)}\u001B[K`)
  }
  if (terminal) show(`  ${name} …`)
  else io.stdout.write(`${name}: ${from} ${facts.source}\n`)
  return {
    update: (bytes, total) => {
      // A download that starts over begins at zero; a bar that runs backwards helps nobody.
      most = Math.max(most, bytes)
      const now = performance.now()
      const rate = speed(now, bytes)
      const percent = Math.floor((most / total) * 100)
      const rest = words.rest(rate, total - most)
      if (terminal)
        show(`  ${name}  ${bar(percent)} ${percent}%  ${megabytes(most)} of ${megabytes(total)}${rest}`)
      else if (now - loggedAt >= logEveryMs) {
        loggedAt = now
        io.stdout.write(`${name}: ${percent}%, ${megabytes(most)} of ${megabytes(total)}${rest}\n`)
      }
    },
    percent: percent => {
      if (terminal) return show(`  ${name}  ${bar(percent)} ${percent}%`)
      const now = performance.now()
      if (now - loggedAt < logEveryMs) return
      loggedAt = now
      io.stdout.write(`${name}: ${percent}%\n`)
    },
    note: told => {
      const sentence = plain(told)
      io.stdout.write(terminal ? `\r  ${name}: ${sentence}\u001B[K\n` : `${name}: ${sentence}\n`)
      const line = shown
      shown = ''
      if (terminal) show(line)
    },
    end: well => {
      const took = `${((performance.now() - started) / 1000).toFixed(1)} s`
      if (terminal) show(well ? `  ${name}  done in ${took}` : `  ${name}  not done`)
      io.stdout.write(terminal ? '\n' : `${name}: ${well ? `done in ${took}` : 'not done'}\n`)
    },
  }
}

/** Bytes a second over the last seconds; undefined until there is something to tell. */
function speedometer(): (now: number, bytes: number) => number | undefined {
  let samples: { now: number; bytes: number }[] = []
  return (now, bytes) => {
    const last = samples.at(-1)
    if (last !== undefined && bytes < last.bytes) samples = []
    // A few samples a second are enough, however often somebody calls.
    if (last === undefined || now - last.now > 100) samples.push({ now, bytes })
    while (samples.length > 2 && now - (samples[0]?.now ?? now) > speedOverMs) samples.shift()
    const [first] = samples
    if (first === undefined || now - first.now < 500) return undefined
    return ((bytes - first.bytes) / (now - first.now)) * 1000
  }
}

function bar(percent: number): string {
  const full = Math.round(percent / 5)
  return '█'.repeat(full) + '░'.repeat(20 - full)
}
