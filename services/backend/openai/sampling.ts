import { z } from 'zod'
import { optional } from './optional.ts'

/** A name that clients send when they mean whichever is there. */
export const anyModel = optional(z.string().max(200)).transform(name =>
  name === '' || name === 'default' ? undefined : name,
)

/** Less means "none" to LM Studio, llama.cpp and vLLM. */
const atLeast = (least: number) =>
  optional(z.number().int()).transform(value => (value === undefined || value < least ? undefined : value))

/** What chat and text completions share. Fields that change nothing of the text, such as `user`, are taken and left. */
export const samplingShape = {
  model: anyModel,
  max_tokens: atLeast(1),
  max_completion_tokens: atLeast(1),
  temperature: optional(z.number().min(0).max(2)),
  top_p: optional(z.number().gt(0).max(1)),
  presence_penalty: optional(z.number().min(-2).max(2)),
  frequency_penalty: optional(z.number().min(-2).max(2)),
  seed: atLeast(0),
  stop: optional(z.union([z.string(), z.array(z.string()).max(16)])),
  n: optional(z.literal(1, 'one answer at a time')),
  stream: optional(z.boolean()),
  stream_options: optional(z.object({ include_usage: optional(z.boolean()) })),
  // Ollama's, vLLM's and llama-server's.
  top_k: atLeast(0),
  min_p: optional(z.number().min(0).max(1)),
  repeat_penalty: optional(z.number().positive().max(2)),
}

export type Sampling = z.output<z.ZodObject<typeof samplingShape>>

/** The same in a request of ours. */
export function samplingOf(body: Sampling) {
  const { stop, seed } = body
  const stops = (typeof stop === 'string' ? [stop] : (stop ?? [])).filter(text => text !== '')
  return definedOnly({
    model: body.model,
    maxTokens: body.max_completion_tokens ?? body.max_tokens,
    temperature: body.temperature,
    topP: body.top_p,
    topK: body.top_k,
    minP: body.min_p,
    repeatPenalty: body.repeat_penalty,
    presencePenalty: body.presence_penalty,
    frequencyPenalty: body.frequency_penalty,
    // OpenAI's has 64 bits.
    seed: seed === undefined ? undefined : seed >>> 0,
    stop: stops.length === 0 ? undefined : stops,
  })
}

export function definedOnly<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> }
}
