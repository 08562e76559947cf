import type { LlamaModel, LlamaRankingContext, Token } from 'node-llama-cpp'
import type { GgufHeader } from '../../../../models/gguf.ts'
import { EngineError, type Ranked, type RerankRequest } from '../../../core/engine.ts'
import { type NativeLog, nativeFailure } from './native-failure.ts'

const largestContext = 2048
/** Of a document, at once: with fewer there is nothing to judge. */
const smallestPiece = 16

/** Texts by how well they answer a question. It takes its memory with the first request. */
export class Ranker {
  readonly #contextSize: number
  readonly #model: LlamaModel
  readonly #threads: number
  readonly #log: NativeLog
  #context: Promise<LlamaRankingContext> | undefined
  #tail: Promise<unknown> = Promise.resolve()

  constructor(model: LlamaModel, header: GgufHeader, { threads, log }: { threads: number; log: NativeLog }) {
    this.#model = model
    this.#threads = threads
    this.#log = log
    this.#contextSize = Math.min(header.contextLength || largestContext, largestContext)
  }

  /** A document that is longer than the context counts as much as the best of its pieces. */
  async rank(
    { query, documents, top = documents.length }: RerankRequest,
    signal: AbortSignal,
  ): Promise<Omit<Ranked, 'model'>> {
    const context = await this.#ready()
    const question = this.#model.tokenize(query, false, 'trimLeadingSpace')
    const around = context.calculateInputLength(question, [])
    // One token less than the context, or the library refuses it.
    const room = this.#contextSize - around - 1
    if (room < smallestPiece)
      throw new EngineError({ reason: 'context_too_long', tokens: around, context: this.#contextSize })
    let promptTokens = 0
    const scores: number[] = []
    for (const document of documents) {
      let best = 0
      for (const piece of pieces(this.#model.tokenize(document, false, 'trimLeadingSpace'), room)) {
        signal.throwIfAborted()
        promptTokens += around + piece.length
        const score = await this.#one(context, question, piece)
        best = Math.max(best, Number.isFinite(score) ? score : 0)
      }
      scores.push(best)
    }
    signal.throwIfAborted()
    const ranking = scores
      .map((score, index) => ({ index, score }))
      .toSorted((one, other) => other.score - one.score || one.index - other.index)
      .slice(0, top)
    return { ranking, usage: { promptTokens } }
  }

  /** One after the other: two requests at once would share the one sequence that the library has. */
  #one(context: LlamaRankingContext, query: Token[], document: Token[]): Promise<number> {
    const turn = this.#tail.then(() => context.rank(query, document))
    this.#tail = turn.catch(() => undefined)
    return turn
  }

  #ready(): Promise<LlamaRankingContext> {
    this.#context ??= this.#open().catch((error: unknown) => {
      this.#context = undefined
      throw error
    })
    return this.#context
  }

  async #open(): Promise<LlamaRankingContext> {
    if (!this.#model.fileInsights.supportsRanking)
      throw new EngineError({ reason: 'unsupported', what: 'rerank' })
    try {
      return await this.#model.createRankingContext({
        contextSize: this.#contextSize,
        // A pair has to fit into one batch, or models that look both ways fail.
        batchSize: this.#contextSize,
        threads: this.#threads,
      })
    } catch (error) {
      if (error instanceof Error && /not supported for/.test(error.message))
        throw new EngineError({ reason: 'unsupported', what: 'rerank' }, { cause: error })
      throw nativeFailure(error, 'internal', this.#log)
    }
  }
}

/** They overlap by half, so that no sentence is only seen cut. An empty text is one empty piece. */
function pieces(tokens: Token[], room: number): Token[][] {
  const found = [tokens.slice(0, room)]
  for (let end = room; end < tokens.length;) {
    end = Math.min(end + Math.ceil(room / 2), tokens.length)
    found.push(tokens.slice(end - room, end))
  }
  return found
}
