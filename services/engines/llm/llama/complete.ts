import { LlamaCompletion, type LlamaModel, type Token } from 'node-llama-cpp'
import { type CompleteRequest, EngineError } from '../../../core/engine.ts'
import { Generation, type Generator, type Result, roomFor, type Say } from './generation.ts'
import { samplingOf } from './sampling.ts'

/** Text that goes on from a prompt, without any template. */
export async function complete(
  { model, sequences, grammars, defaults }: Generator,
  request: CompleteRequest,
  signal: AbortSignal,
  say: Say,
): Promise<Result> {
  const generation = new Generation(say)
  const tokens = tokensOf(model, request.prompt)
  const maxTokens = roomFor({ model, sequences }, tokens.length, request.maxTokens)
  const grammar = request.format === undefined ? undefined : await grammars.of(request.format)
  return sequences.use(tokens, signal, async ({ sequence, place, cached }) => {
    generation.count(sequence.tokenMeter)
    const completion = new LlamaCompletion({ contextSequence: sequence })
    try {
      const { metadata } = await completion.generateCompletionWithMeta(withoutBos(model, tokens), {
        ...samplingOf(request, defaults),
        maxTokens,
        evaluationPriority: place,
        signal,
        contextShiftSize: 1,
        disableContextShift: true,
        ...(grammar === undefined ? {} : { grammar }),
        ...(request.stop === undefined ? {} : { customStopTriggers: request.stop }),
        onTextChunk: text => generation.add('text', text),
      })
      return generation.result(metadata.stopReason === 'maxTokens' ? 'length' : 'stop', tokens.length, cached)
    } finally {
      completion.dispose()
    }
  })
}

/** As llama.cpp will see it, with the token that begins a text. */
function tokensOf(model: LlamaModel, prompt: string): Token[] {
  const { bos } = model.tokens
  const begins = model.tokens.shouldPrependBosToken && bos !== null
  const tokens = model.tokenize(prompt, false, begins ? 'trimLeadingSpace' : undefined)
  if (begins) tokens.unshift(bos)
  if (tokens.length === 0)
    throw new EngineError({ reason: 'bad_request', detail: 'this model needs a prompt that is not empty' })
  return tokens
}

/** The library sets that token itself. */
function withoutBos(model: LlamaModel, tokens: readonly Token[]): Token[] {
  const begins = model.tokens.shouldPrependBosToken && model.tokens.bos !== null
  return begins ? tokens.slice(1) : [...tokens]
}
