import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  realpathSync,
  statSync,
  type BigIntStats,
} from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import type { FollowEvent, FollowOptions } from './follow.ts'
import type { Watches } from './watches.ts'

/** An open file, and how far it was read. */
interface Source {
  readonly file: number
  readonly device: bigint
  readonly inode: bigint
  position: number
  changed: bigint
  /** The last bytes before `position`: others there mean that the file was written anew. */
  before: Buffer
  /** Says that it holds nothing, and holds something, as files in /proc do: read once. */
  readonly pseudo: boolean
}

/**
 * absent ──→ open ──→ orphan   its name has gone, its writer may go on until another file has the name
 *               ←──────
 */
type State =
  | { readonly is: 'absent' }
  | { readonly is: 'open'; readonly source: Source }
  | { readonly is: 'orphan'; readonly source: Source }

/** So much at once, before others have their turn. */
const mostOfTurn = 16 * 2 ** 20
const compared = 64

/** One of the files that are followed. All steps are synchronous (docs/decisions/005-synchronous-steps.md). */
export class FollowedFile {
  readonly #name: string
  readonly #options: Pick<FollowOptions, 'by' | 'start'>
  readonly #watches: Watches
  readonly #due: () => void
  readonly #buffer: Buffer
  readonly #path: string
  #state: State = { is: 'absent' }
  #unwatch: (() => void)[] = []

  constructor(
    name: string,
    options: Pick<FollowOptions, 'by' | 'start'>,
    shared: {
      readonly watches: Watches
      readonly buffer: Buffer
      readonly due: (file: FollowedFile) => void
    },
  ) {
    this.#name = name
    this.#path = resolve(name)
    this.#options = options
    this.#watches = shared.watches
    this.#buffer = shared.buffer
    this.#due = () => shared.due(this)
  }

  get open(): boolean {
    return this.#state.is !== 'absent'
  }

  *begin(): Generator<FollowEvent> {
    const { by, start } = this.#options
    const source = this.#open((file, size) => start?.(file, size) ?? 0)
    if (typeof source === 'string') yield { type: 'gone', file: this.#name, code: source }
    else {
      this.#enter({ is: 'open', source })
      yield { type: 'found', file: this.#name }
      yield* this.#drain(source, by === 'once')
    }
    if (by === 'name') this.#watch()
  }

  *look(): Generator<FollowEvent> {
    const state = this.#state
    if (this.#options.by !== 'name') {
      if (state.is !== 'absent') yield* this.#drain(state.source)
      return
    }
    const now = this.#identity()
    if (state.is === 'absent') {
      const source = typeof now === 'string' ? now : this.#open(() => 0)
      if (typeof source === 'string') return
      this.#enter({ is: 'open', source })
      yield { type: 'found', file: this.#name }
      yield* this.#drain(source)
      return
    }
    const { source } = state
    if (typeof now === 'string') {
      yield* this.#drain(source)
      if (state.is === 'open') yield* this.#lose(source, now)
      return
    }
    if (now.ino === source.inode && now.dev === source.device) {
      if (state.is === 'orphan') {
        this.#enter({ is: 'open', source })
        yield { type: 'found', file: this.#name }
      }
      yield* this.#drain(source)
      return
    }
    // All of it, since nobody comes back to it.
    yield* this.#drain(source, true)
    const next = this.#open(() => 0)
    if (typeof next === 'string') {
      if (state.is === 'open') yield* this.#lose(source, next)
      return
    }
    closeSync(source.file)
    this.#enter({ is: 'open', source: next })
    if (state.is === 'orphan') yield { type: 'found', file: this.#name }
    yield { type: 'rewind', file: this.#name, why: 'replaced' }
    yield* this.#drain(next)
  }

  *#lose(source: Source, code: string): Generator<FollowEvent> {
    this.#enter({ is: 'orphan', source })
    yield { type: 'gone', file: this.#name, code }
  }

  close(): void {
    if (this.#state.is !== 'absent') closeSync(this.#state.source.file)
    this.#state = { is: 'absent' }
    for (const end of this.#unwatch) end()
  }

  #enter(state: State): void {
    this.#state = state
    if (this.#options.by !== 'once') this.#watch()
  }

  #watch(): void {
    const before = this.#unwatch
    this.#unwatch = this.#watched().map(([path, name]) => this.#watches.add(path, name, this.#due))
    // After the new ones, so that a watch of the same folder lives on.
    for (const end of before) end()
  }

  /** Its name; where that is a link, also what it points to; where the name has gone, whatever happens in its folder. */
  #watched(): [path: string, name: string | undefined][] {
    const state = this.#state
    if (this.#options.by === 'descriptor') {
      if (state.is === 'absent') return []
      // This very file, and not what has its name by then.
      return [[process.platform === 'linux' ? `/proc/self/fd/${state.source.file}` : this.#path, undefined]]
    }
    const link = state.is === 'open' ? targetOf(this.#path) : undefined
    return [
      [dirname(this.#path), state.is === 'orphan' ? undefined : basename(this.#path)],
      ...(link === undefined ? [] : [[dirname(link), basename(link)] as [string, string]]),
    ]
  }

  /** Which file has the name now, or why none that could be followed. */
  #identity(): BigIntStats | string {
    try {
      return statSync(this.#path, { bigint: true, throwIfNoEntry: false }) ?? 'ENOENT'
    } catch (error) {
      return codeOf(error)
    }
  }

  /** The code of an error where it can't be followed. */
  #open(start: (file: number, size: number) => number): Source | string {
    let file: number
    try {
      // Opening a named pipe would wait for its writer.
      file = openSync(this.#path, constants.O_RDONLY | constants.O_NONBLOCK)
    } catch (error) {
      return codeOf(error)
    }
    const stat = fstatSync(file, { bigint: true })
    if (!stat.isFile()) {
      closeSync(file)
      return stat.isDirectory() ? 'EISDIR' : 'ENOTREG'
    }
    const pseudo = stat.size === 0n && readSync(file, this.#buffer, 0, 1, 0) > 0
    const source: Source = {
      file,
      device: stat.dev,
      inode: stat.ino,
      position: start(file, Number(stat.size)),
      changed: -1n,
      before: Buffer.alloc(0),
      pseudo,
    }
    this.#remember(source)
    return source
  }

  *#drain(source: Source, toItsEnd = false): Generator<FollowEvent> {
    const buffer = this.#buffer
    for (let taken = 0; toItsEnd || taken < mostOfTurn;) {
      // Before each read, since anything can happen to the file while somebody looks at what was read.
      const stat = fstatSync(source.file, { bigint: true })
      const why = this.#rewritten(source, stat)
      if (why === 'unchanged') return
      if (why !== undefined) {
        source.position = 0
        this.#remember(source)
        yield { type: 'rewind', file: this.#name, why }
      }
      const offset = source.position
      const read = readSync(source.file, buffer, 0, buffer.length, offset)
      if (!source.pseudo || read === 0) source.changed = stat.mtimeNs
      if (read === 0) return
      source.position += read
      this.#remember(source, buffer.subarray(0, read))
      yield { type: 'bytes', file: this.#name, offset, bytes: buffer.subarray(0, read) }
      taken += read
    }
    this.#due()
  }

  /**
   * The size tells of a truncation only until as much was written again, so the bytes before our place are compared, too.
   * Zeros there are a hole: a writer that does not append went on at its old place after somebody truncated the file.
   */
  #rewritten(source: Source, stat: BigIntStats): 'truncated' | 'rewritten' | 'unchanged' | undefined {
    const { position, before, changed, pseudo } = source
    // One that was filled while it was opened looks the same, until it has a size.
    if (pseudo && stat.size === 0n) return changed === -1n ? undefined : 'unchanged'
    if (stat.size < position) return 'truncated'
    if (stat.mtimeNs === changed && Number(stat.size) === position) return 'unchanged'
    if (before.length === 0) return undefined
    const now = Buffer.alloc(before.length)
    readSync(source.file, now, 0, now.length, position - now.length)
    return now.equals(before) || now.every(byte => byte === 0) ? undefined : 'rewritten'
  }

  /** The bytes before the place, of which the last may just have been read. */
  #remember(source: Source, last?: Buffer): void {
    const length = Math.min(compared, source.position)
    if (source.before.length !== length) source.before = Buffer.alloc(length)
    if (length === 0) return
    if (last !== undefined && last.length >= length) last.copy(source.before, 0, last.length - length)
    else if (readSync(source.file, source.before, 0, length, source.position - length) < length) {
      // It was truncated just now, which its size will tell.
      source.before = Buffer.alloc(0)
    }
  }
}

/** What a symbolic link points to in the end; undefined of anything else. */
function targetOf(path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? realpathSync(path) : undefined
  } catch (error) {
    // Gone again, or a part of the way is not ours to read: the name is watched anyway.
    codeOf(error)
    return undefined
  }
}

function codeOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  if (code === undefined) throw error
  return code
}
