import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { IndexReader } from './log-index.ts'
import { indexPath, listSegments, logPath, statOf, type Segment } from './log-segments.ts'
import { OpenFew } from './open-few.ts'

/**
 * Reads a service's log straight from its files, in any process, also while the supervisor writes and rotates them, and
 * when nothing runs. Offsets are logical: they count every byte ever kept, over all segments and runs.
 *
 * Everything between `start` and `end` can be read. Old segments are deleted at some time; then `start` moves up, and a read
 * below it gives the bytes from `start` on. Who reads on and on asks like this:
 * `bytes = reader.read(at, n); at = Math.max(at, reader.start) + bytes.length`.
 */
export class LogReader {
  readonly #folder: string
  readonly #service: string
  /** Without a gap up to the current one, the oldest first. */
  #earlier: Segment[] = []
  #current: Current | undefined
  /** By their segments' starts. */
  #files = new OpenFew<number>(4, fd => closeSync(fd))
  /** One that is not there will not come any more: it was made before its log. */
  #indexes = new OpenFew<IndexReader | 'none'>(4, index => {
    if (index !== 'none') index.close()
  })

  constructor(folder: string, service: string) {
    this.#folder = folder
    this.#service = service
    this.refresh()
  }

  /** The oldest offset that still exists, as far as was seen; exact after a read there. */
  get start(): number {
    return this.#earlier[0]?.start ?? this.#current?.start ?? 0
  }

  /** Just behind the last byte that was there at the last `refresh`, or at the last read that reached it. */
  get end(): number {
    return this.#current === undefined ? 0 : this.#current.start + this.#current.size
  }

  /** Looks at the files again. While nothing has rotated: one stat and one fstat. */
  refresh(): void {
    const current = this.#current
    const now = statOf(logPath(this.#folder, this.#service))
    if (current !== undefined) {
      // Asked after the look at the name: a file that has lost its name has its last size.
      current.size = fstatSync(current.fd).size
      if (now !== undefined && sameFile(now, current)) return
      // The writer may be between two renames, or it was killed there, or somebody took the files away.
      if (now === undefined && statOf(logPath(this.#folder, this.#service, this.end)) === undefined) return
    }
    const next = this.#openCurrent()
    if (next === undefined) return
    if (current !== undefined) this.#files.add(current.start, current.fd)
    this.#earlier = this.#leadingTo(next.start, current)
    this.#current = next
  }

  /** At most `length` bytes, fewer at the end; across segments. */
  read(offset: number, length: number): Buffer {
    if (offset + length > this.end) this.refresh()
    for (;;) {
      const from = Math.max(offset, this.start)
      const buffer = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.end - from)))
      const filled = this.#fill(buffer, from)
      if (filled !== undefined) return buffer.subarray(0, filled)
    }
  }

  /** Where the last `lines` lines before `before` (`end`, where it isn't given) begin. */
  offsetOfLastLines(lines: number, before?: number): number {
    if (before === undefined) this.refresh()
    const last = Math.min(before ?? this.end, this.end)
    if (lines <= 0) return last
    // The end of the last line is not the start of one more.
    let wanted = lines + (last > this.start && this.read(last - 1, 1)[0] === newline ? 1 : 0)
    for (let end = last; end > this.start;) {
      const start = Math.max(this.start, end - 65_536)
      const block = this.read(start, end - start)
      // What was deleted in the meantime is missing at its begin.
      const begin = Math.max(start, this.start)
      for (
        let at = block.lastIndexOf(newline);
        at !== -1;
        at = at === 0 ? -1 : block.lastIndexOf(newline, at - 1)
      )
        if (--wanted === 0) return begin + at + 1
      end = start
    }
    return this.start
  }

  /** When the byte there was written: epoch ms, to about 100 ms. Undefined where there is none, or its index is lost. */
  timeAt(offset: number): number | undefined {
    if (offset >= this.end) this.refresh()
    if (offset < this.start || offset >= this.end) return undefined
    const segment = this.#segmentOf(offset)
    return segment === undefined ? undefined : this.#indexOf(segment)?.timeAt(offset)
  }

  /** The first byte written at or after that time, to about 100 ms; `end` if there is none. */
  offsetAt(time: number): number {
    this.refresh()
    let offset = this.end
    for (const segment of [...this.#earlier, ...this.#currents()].toReversed()) {
      const index = this.#indexOf(segment)
      if (index !== undefined && index.time < time) {
        return Math.min(index.offsetAt(time) ?? segment.start + segment.size, offset)
      }
      offset = segment.start
    }
    return offset
  }

  close(): void {
    if (this.#current !== undefined) closeSync(this.#current.fd)
    this.#current = undefined
    this.#earlier = []
    this.#files.clear()
    this.#indexes.clear()
  }

  /** Undefined when a segment has turned out to be deleted: then `start` has moved up. */
  #fill(buffer: Buffer, offset: number): number | undefined {
    let filled = 0
    while (filled < buffer.length) {
      const at = offset + filled
      const segment = this.#segmentOf(at)
      if (segment === undefined) return filled
      const fd = segment === this.#current ? this.#current.fd : this.#fileOf(segment)
      if (fd === undefined) {
        this.#earlier = this.#earlier.filter(({ start }) => start > segment.start)
        return undefined
      }
      const length = Math.min(buffer.length - filled, segment.start + segment.size - at)
      const read = readSync(fd, buffer, filled, length, at - segment.start)
      // Cut short by somebody after we looked.
      if (read === 0) return filled
      filled += read
    }
    return filled
  }

  #segmentOf(offset: number): Segment | undefined {
    if (this.#current !== undefined && offset >= this.#current.start) return this.#current
    return this.#earlier.findLast(({ start }) => start <= offset)
  }

  #currents(): Segment[] {
    return this.#current === undefined ? [] : [this.#current]
  }

  #fileOf({ start }: Segment): number | undefined {
    return this.#files.get(start, () => openIfThere(logPath(this.#folder, this.#service, start)))
  }

  #indexOf({ start }: Segment): IndexReader | undefined {
    const index = this.#indexes.get(start, () => {
      // A current index may just have been given a segment's name, or the other way round.
      for (const name of [undefined, start]) {
        const index = IndexReader.open(indexPath(this.#folder, this.#service, name))
        if (index?.start === start) return index
        index?.close()
      }
      return 'none'
    })
    return index === 'none' ? undefined : index
  }

  /**
   * Opens the current file and finds out its offset. The writer makes the index of a segment before its log, and gives both
   * away before it makes the next: so an index that was read while one and the same log stood there is that log's.
   * Undefined when it rotates faster than we look; then the next refresh finds it.
   */
  #openCurrent(): Current | undefined {
    const path = logPath(this.#folder, this.#service)
    for (let tries = 0; tries < 100; tries += 1) {
      const fd = openIfThere(path)
      if (fd === undefined) return this.#openLast()
      const index = IndexReader.open(indexPath(this.#folder, this.#service))
      index?.close()
      const start = index?.start ?? this.#behindSegments()
      const { dev, ino, size } = fstatSync(fd)
      const now = statOf(path)
      if (now !== undefined && sameFile(now, { dev, ino })) return { start, size, fd, dev, ino }
      closeSync(fd)
    }
    return undefined
  }

  /** Without a current file, the last segment stands for it: perhaps it could not be made, and the last one still grows. */
  #openLast(): Current | undefined {
    const last = listSegments(this.#folder, this.#service).at(-1)
    if (last === undefined || last.start <= (this.#current?.start ?? -1)) return undefined
    const fd = openIfThere(logPath(this.#folder, this.#service, last.start))
    if (fd === undefined) return undefined
    const { dev, ino, size } = fstatSync(fd)
    return { start: last.start, size, fd, dev, ino }
  }

  /** For a log whose index is lost. */
  #behindSegments(): number {
    const last = listSegments(this.#folder, this.#service).at(-1)
    return last === undefined ? 0 : last.start + last.size
  }

  /**
   * The segments before `end`, without a gap. From the one that was current until now we know the way: each one's end is
   * the next one's name. A look at the folder is only for the beginning, and where something was deleted.
   */
  #leadingTo(end: number, before: Segment | undefined): Segment[] {
    if (before !== undefined && before.size > 0) {
      const chain = this.#follow([...this.#earlier, { start: before.start, size: before.size }], end)
      if (endOf(chain) === end) return this.#withoutDeleted(chain)
    }
    let chain: Segment[] = []
    for (const segment of listSegments(this.#folder, this.#service)) {
      if (segment.start >= end) break
      // What was renamed while the folder was listed may be missing in the list.
      chain = this.#follow(chain, segment.start)
      if (endOf(chain) !== segment.start) chain = []
      chain.push(segment)
    }
    chain = this.#follow(chain, end)
    return endOf(chain) === end ? chain : []
  }

  #follow(chain: Segment[], end: number): Segment[] {
    for (let start = endOf(chain); start !== undefined && start < end; start = endOf(chain)) {
      const size = statOf(logPath(this.#folder, this.#service, start))?.size ?? 0
      if (size === 0) return chain
      chain.push({ start, size })
    }
    return chain
  }

  #withoutDeleted(chain: Segment[]): Segment[] {
    const first = chain.findIndex(
      ({ start }) => statOf(logPath(this.#folder, this.#service, start)) !== undefined,
    )
    return first === -1 ? [] : chain.slice(first)
  }
}

interface Current {
  readonly start: number
  size: number
  readonly fd: number
  readonly dev: number
  readonly ino: number
}

const newline = 10

function endOf(chain: readonly Segment[]): number | undefined {
  const last = chain.at(-1)
  return last === undefined ? undefined : last.start + last.size
}

function sameFile(a: { dev: number; ino: number }, b: { dev: number; ino: number }): boolean {
  return a.ino === b.ino && a.dev === b.dev
}

function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
