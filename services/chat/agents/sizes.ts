/** Tokens that a template puts around each message, about. */
export const perMessage = 8
/** What a picture takes, about: 256 in some models, thousands in those that look closely. */
export const perPicture = 600
/** Where nobody has said how much a model holds. Its error says so, if it is less. */
const usualContext = 8192
/** English and German have about 4 bytes to a token, Chinese 3; small models have small vocabularies. The first answer corrects it. */
const usualBytes = 3
/** The room that is left for the answer: a quarter of the context, and no more than this, in tokens. */
const mostForAnswer = 1000

/** UTF-8: of all measures that need no tokenizer the one that depends least on the language. */
export function bytesOf(text: string): number {
  return Buffer.byteLength(text)
}

interface Size {
  readonly context: number | undefined
  readonly bytesPerToken: number
}

/** What is known of the models' sizes: how many tokens they hold, and how many bytes of what was asked so far made a token. */
export class Sizes {
  readonly #known = new Map<string, Size>()

  of(model: string): Size {
    return this.#known.get(model) ?? { context: undefined, bytesPerToken: usualBytes }
  }

  /** An answer, or the refusal of a prompt, has said how many tokens these bytes are. */
  learn(model: string, prompt: { bytes: number; messages: number; tokens: number }, context?: number): void {
    const size = this.of(model)
    const tokens = prompt.tokens - perMessage * prompt.messages
    // Of a few words it is chance.
    const measured = prompt.bytes < 400 || tokens < 40 ? undefined : prompt.bytes / tokens
    this.#known.set(model, {
      context: context ?? size.context,
      bytesPerToken: Math.min(8, Math.max(0.5, measured ?? size.bytesPerToken)),
    })
  }
}

/** Tokens that a prompt may have. */
export function promptTokens(limits: {
  /** Of the model, and as an agent's file wants it. */
  readonly context: number | undefined
  readonly wanted: number | undefined
  readonly maxTokens: number | undefined
}): number {
  const { context, wanted, maxTokens } = limits
  const whole = Math.min(context ?? wanted ?? usualContext, wanted ?? Infinity)
  return whole - Math.min(Math.floor(whole / 4), maxTokens ?? mostForAnswer, mostForAnswer)
}
