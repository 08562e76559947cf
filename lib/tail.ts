import { watch, type FSWatcher } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { basename, dirname } from 'node:path'

export interface TailLine {
  /** Byte offset just after the line: hand it to `from` to go on behind this line. */
  readonly offset: number
  /** Without its newline. */
  readonly line: string
}

export interface TailOptions {
  /** The last so many lines, or what follows a byte offset (from an earlier `TailLine`); then all that is added. */
  readonly from: { readonly lines: number } | { readonly offset: number; readonly orLines: number }
  readonly signal: AbortSignal
  /** How often to look without being told: watches get lost and are blind on network mounts. */
  readonly rescanMs?: number
}

/**
 * Follows a growing file until the signal aborts. The file may be absent at first, be truncated or be replaced by rename;
 * then it is read from its start. Lines are split at \n only, and half a line is never given out. An offset that does
 * not stand behind a newline belongs to another file; then the last `orLines` lines come instead. A file truncated and
 * filled again past the old position between two looks can't be told from a grown one.
 */
export async function* tail(path: string, options: TailOptions): AsyncGenerator<TailLine> {
  const { signal, rescanMs = 1000 } = options
  const bell = new Bell()
  // The folder, since the file may be absent or replaced.
  const watcher = watchFolder(dirname(path), name => {
    if (name === null || name === basename(path)) bell.ring()
  })
  const onAbort = (): void => bell.ring()
  signal.addEventListener('abort', onAbort)
  let file: OpenFile | undefined
  let first = true
  try {
    while (!signal.aborted) {
      if (file === undefined) {
        file = await openFile(path)
        if (file !== undefined && first) file.position = await startOf(file.handle, options.from)
        // A file that appears later is new to us from its first byte on.
        first = false
      }
      if (file !== undefined) {
        const replaced = await isReplaced(path, file)
        for await (const line of newLines(file)) {
          yield line
          if (signal.aborted) return
        }
        if (replaced) {
          await file.handle.close()
          file = undefined
          continue
        }
      }
      await bell.wait(rescanMs)
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    watcher?.close()
    await file?.handle.close()
  }
}

interface OpenFile {
  readonly handle: FileHandle
  readonly device: number
  readonly inode: number
  position: number
  partial: Buffer[]
}

async function openFile(path: string): Promise<OpenFile | undefined> {
  try {
    const handle = await open(path, 'r')
    const { dev, ino } = await handle.stat()
    return { handle, device: dev, inode: ino, position: 0, partial: [] }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Whether the path names another file by now. An absent path doesn't count: the writer may be between two renames. */
async function isReplaced(path: string, file: OpenFile): Promise<boolean> {
  try {
    const now = await stat(path)
    return now.ino !== file.inode || now.dev !== file.device
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

async function* newLines(file: OpenFile): AsyncGenerator<TailLine> {
  const { size } = await file.handle.stat()
  if (size < file.position) {
    file.position = 0
    file.partial = []
  }
  const chunk = Buffer.allocUnsafe(64 * 1024)
  for (;;) {
    const { bytesRead } = await file.handle.read(chunk, 0, chunk.length, file.position)
    if (bytesRead === 0) return
    const chunkStart = file.position
    file.position += bytesRead
    let start = 0
    for (;;) {
      const end = chunk.subarray(0, bytesRead).indexOf(10, start)
      if (end === -1) break
      const line = Buffer.concat([...file.partial, chunk.subarray(start, end)]).toString('utf8')
      file.partial = []
      start = end + 1
      yield { offset: chunkStart + start, line }
    }
    if (start < bytesRead) file.partial.push(Buffer.from(chunk.subarray(start, bytesRead)))
  }
}

async function startOf(handle: FileHandle, from: TailOptions['from']): Promise<number> {
  const { size } = await handle.stat()
  if ('lines' in from) return startOfLastLines(handle, size, from.lines)
  if (from.offset === 0) return 0
  const before = Buffer.alloc(1)
  if (from.offset <= size) await handle.read(before, 0, 1, from.offset - 1)
  return before[0] === 10 ? from.offset : startOfLastLines(handle, size, from.orLines)
}

/** Reads backwards until enough newlines were seen. An unfinished last line is not counted. */
async function startOfLastLines(handle: FileHandle, size: number, lines: number): Promise<number> {
  const chunk = Buffer.allocUnsafe(64 * 1024)
  let seen = 0
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - chunk.length)
    const { bytesRead } = await handle.read(chunk, 0, end - start, start)
    for (let i = bytesRead - 1; i >= 0; i--) {
      if (chunk[i] === 10 && ++seen > lines) return start + i + 1
    }
    end = start
  }
  return 0
}

/** Calls back with the name that changed, if the system tells it. Undefined where nothing can be watched: a rescan must do. */
export function watchFolder(folder: string, onChange: (name: string | null) => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, (_event, name) => onChange(name))
    watcher.on('error', () => watcher.close())
    return watcher
  } catch (error) {
    // No such folder yet, or no watches left on this machine.
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOSPC' || code === 'EMFILE') return undefined
    throw error
  }
}

/** Remembers a ring that comes while nobody waits. */
export class Bell {
  #rung = false
  #wake: (() => void) | undefined

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  async wait(ms: number): Promise<void> {
    if (!this.#rung) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, ms)
      this.#wake = resolve
      await promise
      clearTimeout(timer)
      this.#wake = undefined
    }
    this.#rung = false
  }
}
