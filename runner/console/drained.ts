import type { Writable } from 'node:stream'

/**
 * Resolves when the stream takes more: at once where it does already, and also when it is closed or fails, as a terminal
 * or a reader that went away; whoever owns the stream hears of that. With `signal`, not later than it aborts.
 */
export async function drained(stream: Writable, signal?: AbortSignal): Promise<void> {
  if (stream.destroyed || !stream.writableNeedDrain || signal?.aborted === true) return
  const { promise, resolve } = Promise.withResolvers<void>()
  const done = (): void => resolve()
  for (const event of ends) stream.once(event, done)
  signal?.addEventListener('abort', done)
  await promise
  for (const event of ends) stream.off(event, done)
  signal?.removeEventListener('abort', done)
}

const ends = ['drain', 'close', 'error'] as const
