import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { jsonOrUndefined } from '../../../../lib/parse-json.ts'
import type { Generated, TextLine, ToolCall } from '../../../core/engine.ts'
import type { Endpoint } from '../../shared/endpoint.ts'

const maxText = 8 * 1024 * 1024
const maxCalls = 128

const usageSchema = z.object({
  prompt_tokens: z.number().default(0),
  completion_tokens: z.number().default(0),
  prompt_tokens_details: z.object({ cached_tokens: z.number().nullish() }).nullish(),
})
const callSchema = z.object({
  index: z
    .number()
    .int()
    .min(0)
    .max(maxCalls - 1)
    .optional(),
  id: z.string().max(200).nullish(),
  function: z.object({ name: z.string().nullish(), arguments: z.string().nullish() }).optional(),
})
/** A chunk of chat/completions or of completions. */
const chunkSchema = z.object({
  error: z.union([z.string(), z.object({ message: z.string() })]).nullish(),
  choices: z
    .array(
      z.object({
        text: z.string().nullish(),
        delta: z
          .object({
            content: z.string().nullish(),
            /** DeepSeek's and vLLM's name, and Ollama's. */
            reasoning_content: z.string().nullish(),
            reasoning: z.string().nullish(),
            tool_calls: z.array(callSchema).nullish(),
          })
          .nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .default([]),
  usage: usageSchema.nullish(),
})

/** Puts the chunks of an answer together. */
export class Reply {
  readonly #endpoint: Endpoint
  readonly #say: (line: TextLine) => void
  readonly #started = performance.now()
  readonly #texts = { text: '', thought: '' }
  readonly #calls: { id: string; name: string; arguments: string }[] = []
  #firstToken: number | undefined
  #pieces = 0
  #finish: string | undefined
  #usage: z.infer<typeof usageSchema> | undefined

  constructor(endpoint: Endpoint, say: (line: TextLine) => void) {
    this.#endpoint = endpoint
    this.#say = say
  }

  get finished(): boolean {
    return this.#finish !== undefined
  }

  take(data: string): void {
    const parsed = chunkSchema.safeParse(jsonOrUndefined(data))
    if (!parsed.success) throw this.#bad(`it can't be understood: ${data}`)
    const { error, choices, usage } = parsed.data
    if (error !== null && error !== undefined)
      throw this.#endpoint.failure({
        fault: 'refused',
        detail: typeof error === 'string' ? error : error.message,
      })
    if (usage !== null && usage !== undefined) this.#usage = usage
    const [choice] = choices
    if (choice === undefined) return
    const { delta, text, finish_reason: finish } = choice
    this.#add('thought', delta?.reasoning_content ?? delta?.reasoning)
    this.#add('text', delta?.content ?? text)
    for (const call of delta?.tool_calls ?? []) this.#addCall(call)
    if (finish !== null && finish !== undefined) this.#finish = finish
  }

  result(): Omit<Generated, 'model'> {
    const total = performance.now() - this.#started
    const toolCalls = this.#calls.map(call => this.#parsedCall(call))
    const completionTokens = this.#usage?.completion_tokens ?? this.#pieces
    const rest = total - (this.#firstToken ?? total)
    return {
      text: this.#texts.text,
      ...(this.#texts.thought === '' ? {} : { thought: this.#texts.thought }),
      ...(toolCalls.length === 0 ? {} : { toolCalls }),
      finish: toolCalls.length > 0 ? 'tool_calls' : this.#finish === 'length' ? 'length' : 'stop',
      usage: {
        promptTokens: this.#usage?.prompt_tokens ?? 0,
        cachedTokens: this.#usage?.prompt_tokens_details?.cached_tokens ?? 0,
        completionTokens,
      },
      timings: {
        ...(this.#firstToken === undefined ? {} : { firstToken: this.#firstToken }),
        total,
        ...(completionTokens > 1 && rest > 0
          ? { tokensPerSecond: ((completionTokens - 1) / rest) * 1000 }
          : {}),
      },
    }
  }

  #add(type: TextLine['type'], text: string | null | undefined): void {
    if (text === null || text === undefined || text === '') return
    this.#begin()
    this.#texts[type] += text
    if (this.#texts[type].length > maxText) throw this.#bad(`it is longer than ${maxText} characters`)
    this.#say({ type, text })
  }

  #addCall(call: z.infer<typeof callSchema>): void {
    this.#begin()
    // Ollama sends calls whole and without an index that counts; a new id is a new call then.
    const last = this.#calls.length - 1
    const known = call.id === null || call.id === undefined || this.#calls[call.index ?? last]?.id === call.id
    const at = known ? (call.index ?? Math.max(0, last)) : this.#calls.length
    if (at >= maxCalls || at > this.#calls.length) throw this.#bad('its tool calls have no order')
    const entry = (this.#calls[at] ??= { id: call.id ?? `call_${randomUUID()}`, name: '', arguments: '' })
    entry.name += call.function?.name ?? ''
    entry.arguments += call.function?.arguments ?? ''
    if (entry.arguments.length > maxText) throw this.#bad(`a tool call is longer than ${maxText} characters`)
  }

  #parsedCall({ id, name, arguments: text }: { id: string; name: string; arguments: string }): ToolCall {
    const values = text.trim() === '' ? {} : jsonOrUndefined(text)
    if (name === '' || typeof values !== 'object' || values === null || Array.isArray(values))
      throw this.#bad(`the tool call ${JSON.stringify(name)} has no arguments that can be read`)
    return { id, name, arguments: values as Record<string, unknown> }
  }

  #begin(): void {
    this.#pieces++
    this.#firstToken ??= performance.now() - this.#started
  }

  #bad(detail: string): Error {
    return this.#endpoint.failure({ fault: 'bad_answer', detail })
  }
}
