import type { LlamaEmbeddingContext, LlamaModel } from 'node-llama-cpp'
import type { GgufHeader } from '../../../../models/gguf.ts'
import { type Embedded, EngineError } from '../../../core/engine.ts'
import { type NativeLog, nativeFailure } from './native-failure.ts'

const largestContext = 2048

/** Texts to vectors. It takes its memory with the first request. */
export class Embedder {
  readonly contextSize: number
  readonly #model: LlamaModel
  readonly #header: GgufHeader
  readonly #threads: number
  readonly #log: NativeLog
  #context: Promise<LlamaEmbeddingContext> | undefined
  #tail: Promise<unknown> = Promise.resolve()

  constructor(model: LlamaModel, header: GgufHeader, { threads, log }: { threads: number; log: NativeLog }) {
    this.#model = model
    this.#header = header
    this.#threads = threads
    this.#log = log
    this.contextSize = Math.min(header.contextLength || largestContext, largestContext)
  }

  async embed(input: readonly string[], signal: AbortSignal): Promise<Omit<Embedded, 'model'>> {
    const context = await this.#ready()
    const lengths = input.map(text => context.calculateInputLength(text))
    for (const tokens of lengths)
      if (tokens >= this.contextSize)
        throw new EngineError({ reason: 'context_too_long', tokens, context: this.contextSize })
    const embeddings: number[][] = []
    for (const text of input) {
      signal.throwIfAborted()
      embeddings.push(normalised(await this.#one(context, text)))
      signal.throwIfAborted()
    }
    return { embeddings, usage: { promptTokens: lengths.reduce((sum, length) => sum + length, 0) } }
  }

  /** One after the other: the library's lock does not keep their order. */
  #one(context: LlamaEmbeddingContext, text: string): Promise<readonly number[]> {
    const turn = this.#tail.then(async () => {
      const { vector } = await context.getEmbeddingFor(text)
      // The library has none for a text without tokens.
      return vector.length > 0 ? vector : Array.from({ length: this.#model.embeddingVectorSize }, () => 0)
    })
    this.#tail = turn.catch(() => undefined)
    return turn
  }

  #ready(): Promise<LlamaEmbeddingContext> {
    this.#context ??= this.#open().catch((error: unknown) => {
      this.#context = undefined
      throw error
    })
    return this.#context
  }

  async #open(): Promise<LlamaEmbeddingContext> {
    const { ranks, architecture } = this.#header
    if (this.#model.embeddingVectorSize === 0 || architecture === 't5' || ranks)
      throw new EngineError({ reason: 'unsupported', what: 'embed' })
    try {
      return await this.#model.createEmbeddingContext({
        contextSize: this.contextSize,
        // A text has to fit into one batch, or models that look both ways fail.
        batchSize: this.contextSize,
        threads: this.#threads,
      })
    } catch (error) {
      throw nativeFailure(error, 'internal', this.#log)
    }
  }
}

/** To length 1. Zeros, which stand for an empty text, stay zeros. */
function normalised(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector)
  return length === 0 || !Number.isFinite(length) ? vector.map(() => 0) : vector.map(one => one / length)
}
