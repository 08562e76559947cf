import {
  type ChatWrapper,
  getLlama,
  type Llama,
  type LlamaContext,
  type LlamaContextOptions,
  type LlamaModel,
} from 'node-llama-cpp'
import { type GgufHeader, llamaMemory } from '../../../../models/gguf.ts'
import { EngineError, type EngineSetup } from '../../../core/engine.ts'
import { checkMemory, contextSizeOf, headerOf } from '../gguf-file.ts'
import { Batching } from './batching.ts'
import { nativeFailure, NativeLog } from './native-failure.ts'
import { pickWrapper } from './pick-wrapper.ts'
import type { LlamaSettings } from './settings.ts'
import { withoutBinaryTest } from './without-binary-test.ts'

export interface OpenModel {
  readonly runtime: Llama
  readonly model: LlamaModel
  readonly header: GgufHeader
  /** None of a model that only embeds. */
  readonly context: LlamaContext | undefined
  /** As they are now; undefined: it runs on the processor. */
  readonly bytesOnCard: (() => Promise<number>) | undefined
  readonly batching: Batching
  readonly wrapper: ChatWrapper
  readonly log: NativeLog
}

/** Throws an EngineError for what is wrong with the file or the machine. */
export async function openModel(setup: EngineSetup, settings: LlamaSettings): Promise<OpenModel> {
  const { path, header } = headerOf(setup.model, 'model')
  const contextSize = contextSizeOf(header, settings)
  const needs = llamaMemory(header, { contextSize, sequences: settings.sequences })
  if (!setup.gpu) checkMemory(needs, 0)
  const log = new NativeLog()
  const runtime = await startRuntime(setup, log)
  const card = setup.gpu ? await startCard(runtime, setup, log) : undefined
  if (card !== undefined) checkMemory(needs, card.free)
  const model = await loadModel(runtime, path, setup, contextSize * settings.sequences, log)
  const batching = new Batching()
  const make = (): Promise<LlamaContext> =>
    makeContext(
      model,
      {
        contextSize,
        sequences: settings.sequences,
        threads: setup.threads,
        batching: { itemPrioritizationStrategy: batching.strategy },
      },
      log,
    )
  const context = header.embeddingOnly ? undefined : await make()
  return {
    runtime,
    model,
    header,
    context,
    bytesOnCard: card === undefined ? undefined : await bytesOnCard(runtime, card, setup.gpuBytes),
    batching,
    wrapper: pickWrapper(model, header),
    log,
  }
}

interface Card {
  /** Bytes, as the driver said before the model came. */
  readonly used: number
  readonly free: number
}

/** What the model may have there is capped. Throws `no_gpu` where llama.cpp has found no card that it can use. */
async function startCard(runtime: Llama, { gpuBytes }: EngineSetup, log: NativeLog): Promise<Card> {
  const { total, used, free } =
    runtime.gpu === false ? { total: 0, used: 0, free: 0 } : await runtime.getVramState()
  if (total === 0) {
    const detail = ['llama.cpp sees none', log.text].filter(part => part !== '').join(': ')
    throw new EngineError({ reason: 'no_gpu', detail })
  }
  if (gpuBytes === undefined) return { used, free }
  await runtime.setVramCap(gpuBytes)
  return { used, free: Math.min(free, gpuBytes) }
}

/**
 * node-llama-cpp only reckons what it has on the card. The driver knows better, but not whose it is: the difference that the load
 * has made counts where it is more, as far as the model may go.
 */
async function bytesOnCard(runtime: Llama, before: Card, most = Infinity): Promise<() => Promise<number>> {
  const grown = Math.min((await runtime.getVramState()).used - before.used, most)
  return async () => Math.max((await runtime.getLlamaMemoryUsage()).gpuVram, grown)
}

async function startRuntime(setup: EngineSetup, log: NativeLog): Promise<Llama> {
  const start = (gpu: 'auto' | false): Promise<Llama> =>
    getLlama({
      gpu,
      build: 'never',
      skipDownload: true,
      progressLogs: false,
      // Without it, as many threads as the machine has: a hundred times slower where another one is busy.
      maxThreads: setup.threads,
      logger: (_level, message) => log.add(message),
    })
  return setup.gpu ? start('auto') : withoutBinaryTest(() => start(false))
}

async function loadModel(
  runtime: Llama,
  path: string,
  { gpu, onProgress }: EngineSetup,
  contextSize: number,
  log: NativeLog,
): Promise<LlamaModel> {
  let told = 0
  try {
    return await runtime.loadModel({
      modelPath: path,
      // As many layers as the cap leaves room for beside the context.
      gpuLayers: gpu ? { fitContext: { contextSize } } : 0,
      onLoadProgress: progress => {
        if (progress - told < 0.05 || progress > 1) return
        told = progress
        onProgress(progress)
      },
    })
  } catch (error) {
    throw nativeFailure(error, 'bad_model', log)
  }
}

async function makeContext(
  model: LlamaModel,
  options: LlamaContextOptions,
  log: NativeLog,
): Promise<LlamaContext> {
  try {
    return await model.createContext({ ...options, failedCreationRemedy: false })
  } catch (error) {
    throw nativeFailure(error, 'out_of_memory', log)
  }
}
