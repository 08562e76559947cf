import { existsSync } from 'node:fs'
import {
  type ChatWrapper,
  getLlama,
  InsufficientMemoryError,
  type Llama,
  type LlamaContext,
  type LlamaContextOptions,
  type LlamaModel,
} from 'node-llama-cpp'
import { GgufError, type GgufHeader, llamaMemory, readGgufHeader } from '../../../../models/gguf.ts'
import { EngineError, type EngineSetup } from '../../../core/engine.ts'
import { Batching } from './batching.ts'
import { wantsGpu } from './gpu.ts'
import { pickWrapper } from './pick-wrapper.ts'
import type { LlamaSettings } from './settings.ts'
import { withoutBinaryTest } from './without-binary-test.ts'

export interface OpenModel {
  readonly runtime: Llama
  readonly model: LlamaModel
  readonly header: GgufHeader
  /** None of a model that only embeds. */
  readonly context: LlamaContext | undefined
  readonly batching: Batching
  readonly wrapper: ChatWrapper
}

const defaultContextSize = 4096

/** Throws an EngineError for what is wrong with the file or the machine. */
export async function openModel(given: EngineSetup, settings: LlamaSettings): Promise<OpenModel> {
  const setup = { ...given, gpu: given.gpu || wantsGpu(given.env) }
  const path = setup.model.files['model']
  if (path === undefined) throw new EngineError({ reason: 'bad_settings', detail: 'files.model is missing' })
  const header = headerOf(path)
  const contextSize = contextSizeOf(header, settings)
  if (!setup.gpu) checkMemory(header, contextSize, settings.sequences, 0)
  const log = new NativeLog()
  const runtime = await startRuntime(setup, log)
  if (setup.gpu) checkMemory(header, contextSize, settings.sequences, await freeOnCard(runtime))
  const model = await loadModel(runtime, path, setup, log)
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
  return {
    runtime,
    model,
    header,
    context: header.embeddingOnly ? undefined : await make(),
    batching,
    wrapper: pickWrapper(model, header),
  }
}

function headerOf(path: string): GgufHeader {
  if (!existsSync(path)) throw new EngineError({ reason: 'missing_files', files: [path] })
  try {
    return readGgufHeader(path)
  } catch (error) {
    if (!(error instanceof GgufError)) throw error
    throw new EngineError({ reason: 'bad_model', detail: `${path}: ${error.message}` }, { cause: error })
  }
}

function contextSizeOf({ contextLength }: GgufHeader, { contextSize }: LlamaSettings): number {
  const trained = contextLength === 0 ? defaultContextSize : contextLength
  return Math.min(trained, contextSize ?? defaultContextSize)
}

/** Bytes; none where no card answers, which Vulkan does not mind. */
async function freeOnCard(runtime: Llama): Promise<number> {
  return runtime.gpu === false ? 0 : (await runtime.getVramState()).free
}

/**
 * Before llama.cpp asks for it: Linux grants any memory, and kills the process when it is used. `onCard`: bytes that a
 * graphics card takes off the machine's memory.
 */
function checkMemory(header: GgufHeader, contextSize: number, sequences: number, onCard: number): void {
  const needed = llamaMemory(header, { contextSize, sequences })
  const there = process.availableMemory() + onCard
  if (needed <= there) return
  const [needs, has] = [needed, there].map(bytes => `${Math.round(bytes / 2 ** 20)} MiB`)
  throw new EngineError({ reason: 'out_of_memory', detail: `it needs some ${needs}, and ${has} are free` })
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
  log: NativeLog,
): Promise<LlamaModel> {
  let told = 0
  try {
    return await runtime.loadModel({
      modelPath: path,
      ...(gpu ? {} : { gpuLayers: 0 }),
      onLoadProgress: progress => {
        if (progress - told < 0.05 || progress > 1) return
        told = progress
        onProgress(progress)
      },
    })
  } catch (error) {
    throw failureOf(error, 'bad_model', log)
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
    throw failureOf(error, 'out_of_memory', log)
  }
}

function failureOf(error: unknown, reason: 'bad_model' | 'out_of_memory', log: NativeLog): EngineError {
  const memory = error instanceof InsufficientMemoryError || /alloc|memory/i.test(log.text)
  const message = error instanceof Error ? error.message : String(error)
  const detail = [message, log.text].filter(part => part !== '').join(': ')
  return new EngineError({ reason: memory ? 'out_of_memory' : reason, detail }, { cause: error })
}

/** The last words of llama.cpp, which explain a failure better than its exceptions. */
class NativeLog {
  #lines: string[] = []

  add(message: string): void {
    this.#lines = [...this.#lines, message.trim().slice(0, 300)].slice(-3)
  }

  get text(): string {
    return this.#lines.join(' / ')
  }
}
