import { setImmediate as breathe } from 'node:timers/promises'
import { lineText } from '../../../supervisor/log-lines.ts'
import { EventLines } from './event-lines.ts'
import { LineFinder, type Line, type LogSource } from './line-finder.ts'

export type { LogSource } from './line-finder.ts'

export interface ShownLine {
  /** Of the service, or '' for a line of the supervisor's. */
  readonly service: string
  /** Logical offset of its first byte in the service's log; for a supervisor's line its number. */
  readonly offset: number
  readonly time?: number
  /** As it was printed, without its line end. */
  readonly raw: Uint8Array
  readonly kind: 'output' | 'event'
}

/**
 * A place between two lines: an offset for each service of the history, in its order, and last the number of an event line.
 * Stays right when lines come.
 */
export type Mark = readonly number[]

export interface Page {
  /** Oldest first. */
  readonly lines: readonly ShownLine[]
  /** Before the first line, and behind the last whole one; with a filter: of all that was looked at. */
  readonly start: Mark
  readonly end: Mark
  /** Why it ended: enough lines, nothing more in this direction, or (only with a filter) the budget of bytes looked at. */
  readonly stopped: 'full' | 'edge' | 'budget'
}

export interface PageOptions {
  readonly lines: number
  /** Gets the line's text without escape sequences. Forward, a line without an end yet is not asked for. */
  readonly filter?: ((text: string, line: ShownLine) => boolean) | undefined
  /** Bytes to look at, at most (only with a filter; 1 MiB unless told). */
  readonly budget?: number
}

export interface Hit {
  readonly service: string
  readonly offset: number
  readonly text: string
  /** The place just before the line. */
  readonly mark: Mark
}

/**
 * Lines of the logs of one or several services and of what the supervisor said, merged by time (those of the same tenth of
 * a second by service). Reads from the files what it is asked for; in memory are only the event lines and a few blocks.
 */
export class History {
  readonly #sources: readonly Source[]
  readonly #events: EventLines

  constructor(services: readonly { readonly service: string; readonly log: LogSource }[]) {
    this.#events = new EventLines()
    const logs = services.map(({ service, log }): Source => ({
      service,
      kind: 'output',
      log,
      lines: new LineFinder(log),
    }))
    this.#sources = [...logs, { service: '', kind: 'event', log: this.#events, lines: this.#events }]
  }

  addEvent(time: number, text: string): void {
    this.#events.add(time, text)
  }

  /** Looks at the files again. */
  refresh(): void {
    for (const { log } of this.#sources) log.refresh()
  }

  /** Before the oldest line that still exists. */
  get start(): Mark {
    return this.#sources.map(({ log }) => log.start)
  }

  /** Behind the newest byte. */
  get end(): Mark {
    return this.#sources.map(({ log }) => log.end)
  }

  back(from: Mark, options: PageOptions): Page {
    const lines: ShownLine[] = []
    const { stopped, at } = this.#walk('back', from, options, line => lines.push(line))
    return { lines: lines.toReversed(), start: at, end: from, stopped }
  }

  forward(from: Mark, options: PageOptions): Page {
    const lines: ShownLine[] = []
    const { stopped, at } = this.#walk('forward', from, options, line => lines.push(line))
    return { lines, start: from, end: at, stopped }
  }

  /** The place just before this line. */
  markOf(service: string, offset: number): Mark {
    const own = this.#sources.findIndex(source => source.service === service)
    const time = this.#sources[own]?.log.timeAt(offset) ?? 0
    return this.#sources.map(({ log, lines }, index) => {
      if (index === own) return offset
      // Before it stands what is older, and of the same time what belongs to a service before its own.
      return lines.beginFrom(log.offsetAt(index < own ? time + 1 : time))
    })
  }

  /** The line of the same service that stands before one, without escape sequences. */
  lineBefore(
    line: Pick<ShownLine, 'service' | 'offset'>,
  ): { service: string; offset: number; text: string } | undefined {
    const { service, offset } = line
    const found = this.#sources.find(source => source.service === service)?.lines.back(offset)
    return found === undefined
      ? undefined
      : { service, offset: found.start, text: lineText(Buffer.from(found.bytes).toString()) }
  }

  /** Lines between the two, counted up to `limit`. */
  count(from: Mark, to: Mark, limit: number): number {
    let sum = 0
    for (const [index, { lines }] of this.#sources.entries())
      if (sum < limit) sum += lines.count(from[index] ?? 0, to[index] ?? 0, limit - sum)
    return sum
  }

  /** Lines that match, from a place on, nearest first; as the logs are at the call. Lets the event loop breathe. */
  async *search(
    pattern: RegExp,
    from: Mark,
    direction: 'back' | 'forward',
    signal: AbortSignal,
  ): AsyncGenerator<Hit> {
    // A global or sticky one would remember where it stopped in the line before.
    const plain = new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ''))
    this.refresh()
    for (let place = from; !signal.aborted;) {
      const hits: Hit[] = []
      const filter = (text: string): boolean => plain.test(text)
      const { stopped, at } = this.#walk(
        direction,
        place,
        { lines: 1000, filter, budget: 256 * 1024 },
        ({ service, offset }, mark, text) => hits.push({ service, offset, text, mark }),
      )
      yield* hits
      if (stopped === 'edge') return
      place = at
      await breathe()
    }
  }

  #walk(
    direction: 'back' | 'forward',
    from: Mark,
    { lines, filter, budget = 1024 * 1024 }: PageOptions,
    found: (line: ShownLine, mark: Mark, text: string) => void,
  ): { stopped: Page['stopped']; at: Mark } {
    const walk = new Walk(this.#sources, direction, from)
    let looked = 0
    for (let count = 0; count < lines;) {
      if (filter !== undefined && looked >= budget) return { stopped: 'budget', at: walk.at }
      const next = walk.next(filter !== undefined)
      if (next === undefined) return { stopped: 'edge', at: walk.at }
      const { source, line } = next
      looked += line.bytes.length
      const shown: ShownLine = {
        service: source.service,
        offset: line.start,
        raw: withoutEnd(line.bytes),
        kind: source.kind,
      }
      const text = filter === undefined ? '' : lineText(decoder.decode(shown.raw))
      if (filter !== undefined && !filter(text, shown)) continue
      const time = source.log.timeAt(line.start)
      found(time === undefined ? shown : { ...shown, time }, walk.before(next), text)
      count += 1
    }
    return { stopped: 'full', at: walk.at }
  }
}

interface Source {
  readonly service: string
  readonly kind: ShownLine['kind']
  readonly log: Pick<LogSource, 'refresh' | 'start' | 'end' | 'timeAt' | 'offsetAt'>
  readonly lines: Pick<LineFinder, 'back' | 'forward' | 'beginFrom' | 'count'>
}

interface Next {
  readonly line: Line
  time: number | undefined
}

interface Step {
  readonly source: Source
  readonly line: Line
}

/** One way through the lines of all sources: each time the newest (or oldest) of those that are next. */
class Walk {
  readonly #sources: readonly Source[]
  readonly #direction: 'back' | 'forward'
  readonly #at: number[]
  /** The next line of each source, with its time; not looked for yet where it is undefined, none where it is null. */
  readonly #next: (Next | null | undefined)[]

  constructor(sources: readonly Source[], direction: 'back' | 'forward', from: Mark) {
    this.#sources = sources
    this.#direction = direction
    this.#at = sources.map(({ log }, index) => Math.min(Math.max(from[index] ?? 0, log.start), log.end))
    this.#next = sources.map(() => undefined)
  }

  get at(): Mark {
    return [...this.#at]
  }

  /** The place just before the line that came last. */
  before({ source, line }: Step): Mark {
    return this.#at.map((at, index) => (this.#sources[index] === source ? line.start : at))
  }

  next(onlyWhole: boolean): Step | undefined {
    let best = -1
    for (let index = 0; index < this.#sources.length; index++) {
      if (this.#load(index, onlyWhole) === null) continue
      if (best === -1 || this.#isBefore(index, best)) best = index
    }
    const source = this.#sources[best]
    const line = this.#next[best]?.line
    if (source === undefined || line === undefined) return undefined
    // Forward, a line without an end goes on later: it is looked at again then.
    const stays = this.#direction === 'forward' && !isWhole(line)
    if (!stays) this.#at[best] = this.#direction === 'back' ? line.start : line.end
    this.#next[best] = stays ? null : undefined
    return { source, line }
  }

  #load(index: number, onlyWhole: boolean): Next | null {
    const known = this.#next[index]
    if (known !== undefined) return known
    const source = this.#sources[index]
    const line = source?.lines[this.#direction](this.#at[index] ?? 0)
    const left = line === undefined || (onlyWhole && this.#direction === 'forward' && !isWhole(line))
    return (this.#next[index] = left ? null : { line, time: undefined })
  }

  /** Whether one source's line comes earlier in this walk than another one's. */
  #isBefore(one: number, other: number): boolean {
    const time = this.#timeOf(one)
    const others = this.#timeOf(other)
    if (this.#direction === 'back') return time > others || (time === others && one > other)
    return time < others || (time === others && one < other)
  }

  /** 0 where it isn't known. */
  #timeOf(index: number): number {
    const next = this.#next[index]
    if (next === undefined || next === null) return 0
    return (next.time ??= this.#sources[index]?.log.timeAt(next.line.start) ?? 0)
  }
}

const decoder = new TextDecoder()
const newline = 10
const carriageReturn = 13
/** Where a line without a newline is cut (LineFinder). */
const cutSize = 64 * 1024

function isWhole({ bytes, end }: Line): boolean {
  return bytes.at(-1) === newline || (bytes.length >= cutSize && end % cutSize === 0)
}

function withoutEnd(bytes: Uint8Array): Uint8Array {
  let end = bytes.length
  if (bytes[end - 1] === newline) end -= 1
  while (end > 0 && bytes[end - 1] === carriageReturn) end -= 1
  return bytes.subarray(0, end)
}
