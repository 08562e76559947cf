import { setImmediate } from 'node:timers/promises'
import { Bell } from './bell.ts'
import { FollowedFile } from './followed-file.ts'
import { Watches } from './watches.ts'

export type FollowEvent =
  /** The file is there: at the start, or again. */
  | { readonly type: 'found'; readonly file: string }
  /** No file that can be followed has the name: the code of `open`, EISDIR, or ENOTREG (a pipe, a device). */
  | { readonly type: 'gone'; readonly file: string; readonly code: string }
  /** All that was read is void: it was truncated, written anew, or another file has the name. It follows from its start. */
  | {
      readonly type: 'rewind'
      readonly file: string
      readonly why: 'truncated' | 'rewritten' | 'replaced'
    }
  /** `offset` is where they begin. The bytes are good until the next event is asked for: the memory is used again. */
  | { readonly type: 'bytes'; readonly file: string; readonly offset: number; readonly bytes: Buffer }

export interface FollowOptions {
  /**
   * `name`: whatever file has the name, also one that comes later; `descriptor`: this very file, wherever it is moved;
   * `once`: to its end as it is now, and no further.
   */
  readonly by: 'name' | 'descriptor' | 'once'
  /** Where to begin with what is there at the start (lib/line-starts.ts); all of it, if it does not say. */
  readonly start?: (file: number, size: number) => number
  readonly signal: AbortSignal
  /** How often to look without being told: watches get lost and are blind on network mounts. */
  readonly rescanMs?: number
}

/**
 * Follows files until the signal aborts, by watching and rescanning, through rotation, truncation, deletion and
 * replacement. Before it goes over to another file of the same name it gives out what the old one still held. Ends by itself
 * with `once`, and with `descriptor` where no file could be opened. A file that was rewritten up to exactly the same 64 bytes
 * before our place can't be told from one that has grown; nor can one be seen that came and went between two looks.
 */
export async function* follow(
  files: readonly string[],
  options: FollowOptions,
): AsyncGenerator<FollowEvent, void, undefined> {
  const { signal, by, rescanMs = 1000 } = options
  const bell = new Bell()
  const due = new Set<FollowedFile>()
  const watches = new Watches()
  const shared = {
    watches,
    buffer: Buffer.allocUnsafeSlow(128 * 1024),
    due: (file: FollowedFile) => {
      due.add(file)
      bell.ring()
    },
  }
  const all = files.map(file => new FollowedFile(file, options, shared))
  const rescan = (): void => {
    watches.renew()
    for (const file of all) due.add(file)
    bell.ring()
  }
  const timer = setInterval(rescan, rescanMs)
  const onAbort = (): void => bell.ring()
  signal.addEventListener('abort', onAbort)
  const breath = new Breath()
  try {
    for (const file of all) {
      for (const event of file.begin()) {
        if (signal.aborted) return
        yield event
        await breath.take()
      }
    }
    if (by === 'once') return
    // What happened before the watches stood.
    rescan()
    while (!signal.aborted && (by === 'name' || all.some(file => file.open))) {
      await bell.wait()
      // A copy: who is not done is due again, after the others.
      const turn = [...due]
      due.clear()
      for (const file of turn) {
        for (const event of file.look()) {
          if (signal.aborted) return
          yield event
          await breath.take()
        }
      }
    }
  } finally {
    clearInterval(timer)
    signal.removeEventListener('abort', onAbort)
    for (const file of all) file.close()
    watches.close()
  }
}

/** Reading is synchronous: a gigabyte must leave the others of this process, and a signal, their turn. */
class Breath {
  #last = performance.now()

  async take(): Promise<void> {
    if (performance.now() - this.#last < 10) return
    await setImmediate()
    this.#last = performance.now()
  }
}
