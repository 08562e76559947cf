import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LlamaModel } from 'node-llama-cpp'
import type { GgufHeader } from '../../../../models/gguf.ts'
import { EngineError } from '../../../core/engine.ts'
import { NativeLog } from './native-failure.ts'
import { Ranker } from './ranker.ts'

async function reasonOf(message: string): Promise<string> {
  const model = {
    fileInsights: { supportsRanking: true },
    createRankingContext: () => Promise.reject(new Error(message)),
  } as unknown as LlamaModel
  const ranker = new Ranker(model, { contextLength: 512 } as GgufHeader, { threads: 1, log: new NativeLog() })
  const request = { kind: 'rerank', query: 'a', documents: ['b'] } as const
  try {
    await ranker.rank({ ...request, documents: [...request.documents] }, new AbortController().signal)
  } catch (error) {
    if (error instanceof EngineError) return error.failure.reason
    throw error
  }
  return 'none'
}

test('a ranker that can not start says that memory is short only where it is', async () => {
  assert.equal(await reasonOf('failed to allocate buffer of 2 GB'), 'out_of_memory')
  assert.equal(await reasonOf("The model's builtin template is invalid."), 'internal')
  assert.equal(
    await reasonOf('Computing rankings is not supported for encoder-decoder models.'),
    'unsupported',
  )
})
