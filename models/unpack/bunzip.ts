import { on } from 'node:events'
import { Worker } from 'node:worker_threads'
import { ArchiveFault } from './entry.ts'

/** How many pieces may wait to be taken: enough that neither side waits for the other. */
export const ahead = 4

/** What the thread says. */
export type BunzipMessage =
  | { readonly type: 'piece'; readonly piece: Uint8Array<ArrayBuffer> }
  | { readonly type: 'end' }
  /** With the file's content. */
  | { readonly type: 'fault'; readonly fault: string }
  /** With reading it. */
  | { readonly type: 'error'; readonly message: string; readonly code: string | undefined }

/**
 * What comes out of a .bz2 file. A thread of its own decodes: the decoder works through a whole block at once, of which a
 * few bytes may make 45 MB, and only where it runs synchronously can it be held back byte by byte.
 */
export async function* bunzip(path: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const waiting = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(new URL('bunzip-worker.ts', import.meta.url), { workerData: { path, waiting } })
  try {
    const options = { close: ['exit'], ...(signal === undefined ? {} : { signal }) }
    for await (const [message] of on(worker, 'message', options) as AsyncIterable<[BunzipMessage]>) {
      if (message.type === 'end') return
      if (message.type === 'fault') throw new ArchiveFault(message.fault)
      if (message.type === 'error') throw Object.assign(new Error(message.message), { code: message.code })
      yield Buffer.from(message.piece.buffer)
      Atomics.sub(waiting, 0, 1)
      Atomics.notify(waiting, 0)
    }
    throw new Error('the thread that unpacks .bz2 ended early')
  } finally {
    await worker.terminate()
  }
}
