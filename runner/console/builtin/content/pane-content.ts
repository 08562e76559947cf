import { History, type LogSource, type Mark, type ShownLine } from '../pane/history.ts'
import { LiveScreen } from '../pane/live-screen.ts'
import { PaneFeed, type Piece } from '../pane/pane-feed.ts'
import { isLive, type Cell, type Found, type PaneState, type Position } from '../state.ts'
import { Canvas, type RowSource } from '../terminal/canvas.ts'
import { lineFilter, searchPattern } from './filter.ts'
import { Finder } from './finder.ts'
import { LinesWindow, type WindowOptions } from './lines-window.ts'
import { linePrefix } from './prefix.ts'

/** So many of the last lines are given to a terminal that begins in the middle of a run. */
const backlogLines = 300

/**
 * What one pane shows: its programs' terminal while it follows them, a window on the lines of their logs otherwise. Its
 * state's flags decide, this one only obeys.
 */
export class PaneContent {
  readonly #history: History
  readonly #window: LinesWindow
  readonly #feed: PaneFeed
  readonly #services: readonly string[]
  readonly #wake: () => void
  readonly #onError: (error: unknown) => void
  #pane: PaneState
  #screen: LiveScreen | undefined
  #backlog: Uint8Array | undefined
  #size: { columns: number; rows: number } | undefined
  #finder: Finder | undefined
  #left = 0
  #frozen = false
  #arrived = 0
  #covered: Mark = []

  constructor(
    pane: PaneState,
    sources: readonly { readonly service: string; readonly log: LogSource }[],
    wake: () => void,
    onError: (error: unknown) => void,
  ) {
    this.#pane = pane
    this.#services = sources.map(({ service }) => service)
    this.#wake = wake
    this.#onError = onError
    this.#history = new History(sources)
    this.#window = new LinesWindow(this.#history, this.#options())
    const logs = new Map(sources.map(({ service, log }) => [service, log]))
    this.#feed = new PaneFeed(
      (service, start, length) => logs.get(service)?.read(start, length) ?? new Uint8Array(),
    )
  }

  get position(): Position {
    return this.#window.position
  }

  get found(): Found | undefined {
    return this.#finder?.found
  }

  get size(): { readonly columns: number; readonly rows: number } | undefined {
    return this.#size
  }

  /** What can be drawn now. */
  get source(): (RowSource & { readonly cursor?: Cell }) | undefined {
    return this.#isLive() ? this.#screen : this.#window.view
  }

  /** The size of its place on the screen. */
  resize(columns: number, rows: number): void {
    if (this.#size?.columns === columns && this.#size.rows === rows) return
    this.#size = { columns, rows }
    this.#screen?.resize(columns, rows)
    this.#window.resize(columns, rows)
  }

  /** Takes what its services have printed so far in this run; `starts`: where it begins in their logs. */
  begin(starts: ReadonlyMap<string, number>): void {
    this.#history.refresh()
    if (this.#pane.kind !== 'services') return
    const page = this.#history.back(this.#history.end, { lines: backlogLines })
    this.#covered = page.end
    const lines = page.lines.filter(({ service, offset }) => offset >= (starts.get(service) ?? 0))
    // What has no end yet is still being written: it comes last, and goes on where it stops.
    const whole = lines.filter(line => !this.#isUnfinished(line))
    this.#backlog = Buffer.concat(whole.flatMap(({ raw }) => [raw, Buffer.from('\r\n\u001b[0m')]))
    for (const { service, offset, raw } of lines.filter(line => this.#isUnfinished(line)))
      this.#feed.add({ service, start: offset, end: offset + raw.length })
  }

  #isUnfinished({ service, offset, raw, kind }: ShownLine): boolean {
    return kind === 'output' && offset + raw.length === this.#covered[this.#services.indexOf(service)]
  }

  grown(piece: Piece): void {
    const index = this.#services.indexOf(piece.service)
    if (index === -1) return
    this.#arrived += piece.end - piece.start
    if (this.#pane.kind !== 'services') return
    const start = Math.max(piece.start, this.#covered[index] ?? 0)
    if (start < piece.end) this.#feed.add({ ...piece, start })
  }

  /** A line of the supervisor's. */
  told(at: number, text: string): void {
    this.#history.addEvent(at, text)
    if (this.#pane.kind === 'services') this.#feed.addLine(text)
  }

  /** Told before the terminal began: it is in the backlog already. */
  toldEarlier(at: number, text: string): void {
    this.#history.addEvent(at, text)
  }

  /** The pane's filter, wrap, times or search are these now. */
  review(pane: PaneState): void {
    this.#pane = pane
    if (pane.wrap) this.#left = 0
    this.#window.review(this.#options())
  }

  search(pane: PaneState): void {
    this.#finder?.close()
    this.#finder = undefined
    this.#window.unmark()
    this.review(pane)
    if (pane.search === '') return
    this.#history.refresh()
    const { filter, highlight = searchPattern(pane.search) } = this.#options()
    this.#finder = new Finder(this.#history, highlight, filter, this.#wake, this.#onError)
  }

  find(direction: 'back' | 'forward'): void {
    this.#finder?.go(direction)
  }

  scroll(rows: number): void {
    this.#history.refresh()
    this.#frozen = false
    this.#window.scroll(rows)
  }

  scrollTo(end: 'oldest' | 'newest'): void {
    this.#history.refresh()
    if (end === 'newest') this.#window.toNewest()
    else this.#window.toOldest()
  }

  sideways(columns: number): void {
    if (this.#pane.wrap) return
    this.#left = Math.max(0, this.#left + columns)
    this.#window.review(this.#options())
  }

  /** Shows what it shows, whatever comes; thawed, it goes on. */
  freeze(frozen: boolean): void {
    this.#frozen = frozen
  }

  /** The text between two cells of what it shows, both included; a line that goes on in the next row is one line. */
  textBetween(from: Cell, to: Cell): string {
    const { columns, rows } = this.#size ?? { columns: 0, rows: 0 }
    const live = this.#isLive() ? this.#screen : undefined
    const first = live === undefined ? from.y : Math.max(0, from.y)
    const last = live === undefined ? to.y : Math.min(to.y, rows - 1)
    const shown = live === undefined ? this.#window.rowsBetween(first, last) : { source: live, goesOn: [] }
    const canvas = new Canvas(columns, 1)
    let text = ''
    for (let y = first; y <= last; y++) {
      canvas.clear()
      shown.source.drawRow(live === undefined ? y - first : y, canvas, 0, 0, columns)
      const left = y === from.y ? from.x : 0
      const right = y === to.y ? to.x : columns - 1
      const row = canvas.textOf({ x: left, y: 0, columns: right - left + 1, rows: 1 })
      text += shown.goesOn[y - first] === true ? row : `${row.trimEnd()}\n`
    }
    return text.replace(/\n+$/, '')
  }

  /** Brings what it shows up to date. Resolves with the bytes of output that went into it, and whether there is more. */
  async prepare(): Promise<{ bytes: number; more: boolean }> {
    // What came, and not what of it is shown: that tells a flood.
    const bytes = this.#arrived
    this.#arrived = 0
    if (this.#size === undefined || this.#frozen) return { bytes, more: false }
    if (this.#isLive()) return { bytes, more: await this.#prepareLive(this.#size) }
    this.#history.refresh()
    const hit = this.#finder?.take()
    if (hit !== undefined) this.#window.jump(hit.mark, hit)
    return { bytes, more: this.#window.prepare() }
  }

  close(): void {
    this.#finder?.close()
    this.#screen?.close()
  }

  /** True if more of it waits. */
  async #prepareLive({ columns, rows }: { columns: number; rows: number }): Promise<boolean> {
    if (this.#screen === undefined) {
      this.#screen = await LiveScreen.create(columns, rows)
      // Its place may have changed meanwhile.
      this.#screen.resize(this.#size?.columns ?? columns, this.#size?.rows ?? rows)
    }
    const backlog = this.#backlog
    this.#backlog = undefined
    if (backlog !== undefined && backlog.length > 0) await this.#screen.feed(backlog)
    await this.#feed.feed(this.#screen)
    return this.#feed.pending > 0
  }

  #isLive(): boolean {
    return isLive({ ...this.#pane, position: this.position })
  }

  #options(): WindowOptions {
    const { kind, wrap, times, search, filter, services } = this.#pane
    return {
      wrap,
      left: this.#left,
      prefix: linePrefix({ times, names: kind === 'merged' ? services : undefined }),
      filter: lineFilter(filter, line => this.#history.lineBefore(line)),
      highlight: search === '' ? undefined : searchPattern(search),
    }
  }
}
