import { createRequire } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import type { NativeRequest, WorkerAnswer } from './sherpa-tts.ts'

/** The part of sherpa-onnx-node that we use; the package carries no declarations that could be imported. */
interface Sherpa {
  readonly OfflineTts: { createAsync(config: unknown): Promise<OfflineTts> }
}

interface OfflineTts {
  readonly sampleRate: number
  /** -1 to 1. Throws for a text of which nothing can be spoken. */
  generate(request: NativeRequest): { readonly samples: Float32Array<ArrayBuffer> }
}

/** What sherpa-tts.ts talks to. */
const { OfflineTts } = createRequire(import.meta.url)('sherpa-onnx-node') as Sherpa
try {
  // The other way to load ends the process for a file that is no model.
  const tts = await OfflineTts.createAsync(workerData)
  parentPort?.on('message', (request: NativeRequest) => {
    try {
      const { samples } = tts.generate(request)
      answer({ type: 'samples', samples }, [samples.buffer])
    } catch (error) {
      answer({ type: 'failed', detail: wordsOf(error) })
    }
  })
  answer({ type: 'loaded', sampleRate: tts.sampleRate })
} catch (error) {
  answer({ type: 'failed', detail: wordsOf(error) })
}

function answer(message: WorkerAnswer, transfer: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer)
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
