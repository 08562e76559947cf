import type { Io } from '../../lib/io.ts'
import { megabytes } from './bytes.ts'
import type { StepFacts } from './step.ts'

export interface ProgressLine {
  readonly update: (bytes: number, total: number) => void
  readonly end: (well: boolean) => void
}

/** One line that changes on a terminal; elsewhere one at the start and one at the end, fit for a log. */
export function openProgress(name: string, facts: StepFacts, io: Io): ProgressLine {
  const started = performance.now()
  const terminal = io.stdout.isTTY === true
  const from = facts.bytes === 0 ? 'with' : 'from'
  let shown = ''
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
      if (!terminal) return
      const done = Math.floor((bytes / total) * 100)
      show(`  ${name}  ${bar(done)} ${done}%  ${megabytes(bytes)} of ${megabytes(total)}`)
    },
    end: well => {
      const took = `${((performance.now() - started) / 1000).toFixed(1)} s`
      if (terminal) show(well ? `  ${name}  done in ${took}` : `  ${name}  not done`)
      io.stdout.write(terminal ? '\n' : `${name}: ${well ? `done in ${took}` : 'not done'}\n`)
    },
  }
}

function bar(percent: number): string {
  const full = Math.round(percent / 5)
  return '█'.repeat(full) + '░'.repeat(20 - full)
}
