import { deepEqual, equal, rejects } from 'node:assert/strict'
import { test } from 'node:test'
import { EngineError, type EngineFailure } from '../../core/engine.ts'
import type { Haste } from './decoder.ts'
import { tryAgain } from './try-again.ts'

type Fault = Pick<Extract<EngineFailure, { reason: 'remote' }>, 'fault' | 'status' | 'retryAfter'>

const busy: Fault = { fault: 'refused', status: 503 }

test('a server that has no time for a request is asked again, after as long as it says', async () => {
  deepEqual(await trying('file', busy, { ...busy, status: 429, retryAfter: 20 }), ['words', 0.5, 20])
  deepEqual(await trying('live', { fault: 'unreachable' }), ['words', 0.5])
})

test('it is asked four times, and then has failed', async () => {
  deepEqual(await trying('file', busy, busy, busy), ['words', 0.5, 1, 2])
  deepEqual(await trying('file', busy, busy, busy, { ...busy, status: 500 }), [500, 0.5, 1, 2])
})

test('what would be the same again is not asked again', async () => {
  for (const status of [400, 401, 404, 413])
    deepEqual(await trying('file', { fault: 'refused', status }), [status])
  deepEqual(await trying('file', { fault: 'timeout' }), [undefined])
})

test('who speaks does not wait as long as a file does', async () => {
  deepEqual(await trying('file', { ...busy, retryAfter: 60 }), ['words', 60])
  deepEqual(await trying('live', { ...busy, retryAfter: 60 }), [503])
  deepEqual(await trying('file', { ...busy, retryAfter: 3600 }), [503])
})

test('a wait ends with its request', async () => {
  const abort = new AbortController()
  let asked = 0
  const work = async (): Promise<string> => {
    asked++
    setImmediate(() => abort.abort())
    throw failure({ ...busy, retryAfter: 100 })
  }
  await rejects(tryAgain(work, 'file', abort.signal), { name: 'AbortError' })
  equal(asked, 1)
})

/** The words, or the status of the failure, and how long was waited. */
async function trying(haste: Haste, ...faults: Fault[]): Promise<unknown[]> {
  const waited: number[] = []
  const work = async (): Promise<string> => {
    const fault = faults.shift()
    if (fault !== undefined) throw failure(fault)
    return 'words'
  }
  const pause = async (seconds: number): Promise<void> => void waited.push(seconds)
  try {
    return [await tryAgain(work, haste, new AbortController().signal, pause), ...waited]
  } catch (error) {
    const failed = error instanceof EngineError ? error.failure : undefined
    return [failed?.reason === 'remote' ? failed.status : error, ...waited]
  }
}

function failure(fault: Fault): EngineError {
  return new EngineError({ reason: 'remote', host: 'far', detail: 'no', ...fault })
}
