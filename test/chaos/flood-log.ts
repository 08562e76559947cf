import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LogReader } from '../../runner/supervisor/log-reader.ts'
import { floodBegin, floodLine } from '../support/flood-line.ts'

export interface FloodCheck {
  /** In words; empty if the log is whole. */
  readonly faults: readonly string[]
  /** Whole lines, over all processes. */
  readonly lines: number
}

/**
 * Reads the log of test/support/programs/flood.ts over all its segments. What each of its processes printed must stand
 * there in one piece, from its first line on, without a gap, and up to the last line that the process noted as taken;
 * only of those in `cutOff` the end may be missing: what lay in the terminal of a killed supervisor, nobody can read.
 */
export function checkFlood(home: string, notes: string, cutOff: ReadonlySet<number>): FloodCheck {
  const faults: string[] = []
  const seen = new Map<number, number>()
  let writer: Writer | undefined
  const finish = (): void => {
    if (writer === undefined) return
    const { pid, lines } = writer
    seen.set(pid, lines)
    const noted = notedBy(notes, pid)
    if (lines < noted && !cutOff.has(pid))
      faults.push(`of process ${pid}, ${lines} lines are in the log, and ${noted} were written`)
  }
  for (const { text, whole } of linesOf(join(home, 'logs'))) {
    const [end = '', ...begins] = text.split(floodBegin)
    if (begins.length === 0) {
      if (writer === undefined) faults.push(`before the first process: ${shown(text)}`)
      else if (!writer.takes(text, whole)) faults.push(writer.fault(text))
    } else {
      if (end !== '' && writer?.takes(end, false) !== true) faults.push(`before a begin: ${shown(end)}`)
      const pid = Number(/^begin (\d+)\r\n$/.exec(begins.at(-1) ?? '')?.[1])
      // Killed in the middle of its first line.
      if (Number.isNaN(pid) && whole) faults.push(`a torn begin: ${shown(text)}`)
      finish()
      writer = Number.isNaN(pid) ? undefined : new Writer(pid)
    }
    if (faults.length > 10) break
  }
  finish()
  for (const pid of readdirSync(notes).map(Number)) {
    if (!seen.has(pid) && notedBy(notes, pid) > 0 && !cutOff.has(pid) && faults.length === 0)
      faults.push(`nothing of process ${pid} is in the log`)
  }
  return { faults, lines: [...seen.values()].reduce((sum, lines) => sum + lines, 0) }
}

/** One process of the flood, as far as its lines have been read. */
class Writer {
  readonly pid: number
  lines = 0
  #torn = false

  constructor(pid: number) {
    this.pid = pid
  }

  /** Whether this is its next line, or, as the last one, the beginning of that. */
  takes(text: string, whole: boolean): boolean {
    const expected = floodLine(this.lines + 1).replace('\n', '\r\n')
    if (this.#torn) return false
    if (whole && expected === text) {
      this.lines += 1
      return true
    }
    // Cut off by a kill; the supervisor ends such a line before the next process begins.
    this.#torn = true
    return expected.startsWith(text.replace(/\r\n$/, ''))
  }

  fault(text: string): string {
    return `process ${this.pid}, line ${this.lines + 1}: ${shown(text)}`
  }
}

/** Every line of all segments, with its line end; the last one may have none. */
function* linesOf(folder: string): Generator<{ text: string; whole: boolean }> {
  const reader = new LogReader(folder, 'flood')
  try {
    reader.refresh()
    if (reader.start !== 0) throw new Error(`the log begins at ${reader.start}`)
    let rest = ''
    for (let at = 0; at < reader.end;) {
      const block = reader.read(at, 262_144)
      if (block.length === 0) throw new Error(`nothing at ${at}, and the log ends at ${reader.end}`)
      at += block.length
      const lines = (rest + block.toString('latin1')).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) yield { text: `${line}\n`, whole: true }
    }
    if (rest !== '') yield { text: rest, whole: false }
  } finally {
    reader.close()
  }
}

/** The last line of which it knows that it was taken; 0 if it did not come that far. */
function notedBy(notes: string, pid: number): number {
  return Number(readFileSync(join(notes, String(pid)), 'utf8'))
}

function shown(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text)
}
