import { Worker } from 'node:worker_threads'

/** Hashes a file while it grows, in a thread of its own that reads what has just been written. */
export interface Hasher extends AsyncDisposable {
  /** Up to here the file is whole. */
  advance(front: number): void
  /** When all of it is there. */
  digest(): Promise<Buffer>
}

/** Below this a thread takes longer to start than the file to read. */
const threadFrom = 32 * 2 ** 20

export interface HashJob {
  readonly path: string
  readonly algorithm: string
  readonly bytes: number
  /** One 64-bit number: how far the file is whole. */
  readonly front: SharedArrayBuffer
}

export function openHasher(path: string, algorithm: string, bytes: number, signal: AbortSignal): Hasher {
  if (bytes < threadFrom)
    return {
      advance: () => undefined,
      async digest() {
        const { hashFile } = await import('../verify.ts')
        return hashFile(path, algorithm, signal)
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
  const front = new BigInt64Array(new SharedArrayBuffer(8))
  const job: HashJob = { path, algorithm, bytes, front: front.buffer }
  const worker = new Worker(new URL('hash-worker.ts', import.meta.url), {
    workerData: job,
    // It must not take the environment's options (a loader, an inspector) for its own.
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 },
  })
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  worker.on('message', (digest: Uint8Array) => resolve(Buffer.from(digest)))
  worker.on('error', reject)
  // Nobody may have asked for it yet.
  promise.catch(() => undefined)
  return {
    advance(bytes) {
      if (Atomics.exchange(front, 0, BigInt(bytes)) !== BigInt(bytes)) Atomics.notify(front, 0)
    },
    async digest() {
      const stop = (): void => reject(signal.reason)
      signal.addEventListener('abort', stop)
      try {
        signal.throwIfAborted()
        return await promise
      } finally {
        signal.removeEventListener('abort', stop)
      }
    },
    async [Symbol.asyncDispose]() {
      await worker.terminate()
    },
  }
}
