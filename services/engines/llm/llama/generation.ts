import type { ChatWrapper, LlamaModel, TokenMeter } from 'node-llama-cpp'
import { EngineError, type EngineSetup, type Generated, type TextLine } from '../../../core/engine.ts'
import type { Grammars } from './grammars.ts'
import type { SamplingDefaults } from './sampling.ts'
import type { SequencePool } from './sequence-pool.ts'

/** What it takes to generate text. */
export interface Generator {
  readonly model: LlamaModel
  readonly sequences: SequencePool
  readonly grammars: Grammars
  readonly wrapper: ChatWrapper
  readonly defaults: SamplingDefaults
  readonly setup: EngineSetup
}

export type Say = (line: TextLine) => void
export type Result = Omit<Generated, 'model'>

/** What is told of one generation, and measured of it. */
export class Generation {
  readonly #say: Say
  readonly #started = performance.now()
  readonly #texts = { text: '', thought: '' }
  #firstToken: number | undefined
  #meter: TokenMeter | undefined
  #outputBefore = 0

  constructor(say: Say) {
    this.#say = say
  }

  /** From here on, the sequence's tokens are this generation's. */
  count(meter: TokenMeter): void {
    this.#meter = meter
    this.#outputBefore = meter.usedOutputTokens
  }

  /** Something came, if only a part of a tool's call. */
  begin(): void {
    this.#firstToken ??= performance.now() - this.#started
  }

  add(type: TextLine['type'], text: string): void {
    this.begin()
    if (text === '') return
    this.#texts[type] += text
    this.#say({ type, text })
  }

  result(finish: Result['finish'], promptTokens: number, cachedTokens: number): Result {
    const total = performance.now() - this.#started
    const completionTokens = (this.#meter?.usedOutputTokens ?? 0) - this.#outputBefore
    const rest = total - (this.#firstToken ?? total)
    return {
      text: this.#texts.text,
      ...(this.#texts.thought === '' ? {} : { thought: this.#texts.thought }),
      finish,
      usage: { promptTokens, cachedTokens, completionTokens },
      timings: {
        ...(this.#firstToken === undefined ? {} : { firstToken: this.#firstToken }),
        total,
        ...(completionTokens > 1 && rest > 0
          ? { tokensPerSecond: ((completionTokens - 1) / rest) * 1000 }
          : {}),
      },
    }
  }
}

/** How many tokens may still come. Throws `context_too_long`. */
export function roomFor(
  { model, sequences }: Pick<Generator, 'model' | 'sequences'>,
  tokens: number,
  maxTokens = Infinity,
): number {
  const { contextSize } = sequences
  const trained = model.trainContextSize
  // The library begins to forget the start of a conversation one token before the end.
  if (tokens >= contextSize - 1)
    throw new EngineError({
      reason: 'context_too_long',
      tokens,
      context: contextSize,
      ...(trained > contextSize ? { trained } : {}),
    })
  return Math.min(maxTokens, contextSize - tokens)
}
