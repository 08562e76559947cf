import type { History, Mark, ShownLine } from '../pane/history.ts'
import type { LineFilter } from './lines-window.ts'

/** The last lines that match, found a piece at a time and kept, so that nothing is looked through twice. */
export class FilteredTail {
  readonly #history: History
  readonly #filter: LineFilter
  readonly #rows: number
  lines: readonly ShownLine[] = []
  #from: Mark
  #to: Mark
  #atStart = false

  constructor(history: History, filter: LineFilter, rows: number) {
    this.#history = history
    this.#filter = filter
    this.#rows = rows
    this.#from = history.end
    this.#to = this.#from
  }

  /** Looks at what is new, and if the lines are too few, at some of what is older. True if there is more of either. */
  step(): boolean {
    const filter = this.#filter
    const fresh = this.#history.forward(this.#to, { lines: 10_000, filter })
    this.#to = fresh.end
    this.lines = [...this.lines, ...fresh.lines].slice(-this.#rows)
    const missing = this.#rows - this.lines.length
    if (missing > 0 && !this.#atStart) {
      const older = this.#history.back(this.#from, { lines: missing, filter })
      this.#from = older.start
      this.#atStart = older.stopped === 'edge'
      this.lines = [...older.lines, ...this.lines]
    }
    return fresh.stopped !== 'edge' || (this.lines.length < this.#rows && !this.#atStart)
  }
}
