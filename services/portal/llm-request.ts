import { z } from 'zod'
import { fileNameSchema } from './file-name.ts'
import { modelIdSchema } from './model-id.ts'

const toolCallSchema = z.object({
  id: z.string().max(200),
  name: z.string().max(200),
  arguments: z.record(z.string(), z.unknown()),
})
export type ToolCall = z.infer<typeof toolCallSchema>

const messageSchema = z.discriminatedUnion('role', [
  z.object({ role: z.literal('system'), content: z.string() }),
  z.object({
    role: z.literal('user'),
    content: z.string(),
    /** Pictures (PNG, JPEG, WebP, GIF) in the request's folder, for models that see; they come before the text. */
    images: z.array(fileNameSchema).max(16).optional(),
  }),
  z.object({
    role: z.literal('assistant'),
    content: z.string().default(''),
    toolCalls: z.array(toolCallSchema).optional(),
  }),
  /** What a tool answered to the call with that id. */
  z.object({ role: z.literal('tool'), toolCallId: z.string().max(200), content: z.string() }),
])
export type ChatMessage = z.infer<typeof messageSchema>

/** What is left out is as the engine finds best for the model. */
const samplingShape = {
  model: modelIdSchema.optional(),
  /** Without it, what is left of the context. */
  maxTokens: z.number().int().positive().optional(),
  /** 0 takes the likeliest token each time. */
  temperature: z.number().min(0).max(2).optional(),
  topP: z.number().gt(0).max(1).optional(),
  topK: z.number().int().min(0).optional(),
  minP: z.number().min(0).max(1).optional(),
  /** 1 is none. */
  repeatPenalty: z.number().positive().max(2).optional(),
  presencePenalty: z.number().min(-2).max(2).optional(),
  frequencyPenalty: z.number().min(-2).max(2).optional(),
  /** The same seed, prompt and settings give the same text. */
  seed: z.number().int().min(0).max(0xffff_ffff).optional(),
  /** Generation ends before any of these would be said. */
  stop: z.array(z.string().min(1).max(200)).max(16).optional(),
  /** What the text has to be: any JSON, JSON of a schema, or words of a grammar (GBNF). */
  format: z
    .discriminatedUnion('type', [
      z.object({ type: z.literal('json') }),
      z.object({ type: z.literal('schema'), schema: z.record(z.string(), z.unknown()) }),
      z.object({ type: z.literal('grammar'), grammar: z.string() }),
    ])
    .optional(),
}

const chatSchema = z.object({
  kind: z.literal('chat'),
  messages: z.array(messageSchema).min(1).max(10_000),
  /** `parameters` is a JSON Schema of an object. */
  tools: z
    .array(
      z.object({
        name: z.string().regex(/^[\w-]{1,64}$/),
        description: z.string().optional(),
        parameters: z.record(z.string(), z.unknown()).optional(),
      }),
    )
    .max(128)
    .optional(),
  toolChoice: z.enum(['auto', 'none', 'required']).default('auto'),
  ...samplingShape,
})
export type ChatRequest = z.infer<typeof chatSchema>

const completeSchema = z.object({ kind: z.literal('complete'), prompt: z.string(), ...samplingShape })
export type CompleteRequest = z.infer<typeof completeSchema>

const embedSchema = z.object({
  kind: z.literal('embed'),
  input: z.array(z.string()).min(1).max(256),
  model: modelIdSchema.optional(),
})
export type EmbedRequest = z.infer<typeof embedSchema>

const rerankSchema = z.object({
  kind: z.literal('rerank'),
  query: z.string().min(1),
  documents: z.array(z.string()).min(1).max(1000),
  /** Only so many of the best; without it, all. */
  top: z.number().int().positive().optional(),
  model: modelIdSchema.optional(),
})
export type RerankRequest = z.infer<typeof rerankSchema>

/** `request.json` of the service `llm`. */
export const llmRequestSchema = z.discriminatedUnion('kind', [
  chatSchema,
  completeSchema,
  embedSchema,
  rerankSchema,
])
export type LlmRequest = z.infer<typeof llmRequestSchema>
/** What a client writes: defaults may be left out. */
export type LlmRequestInput = z.input<typeof llmRequestSchema>

/** A line of the stream: the next piece of the text, or of what the model thinks before it answers. */
export const textLineSchema = z.object({ type: z.enum(['text', 'thought']), text: z.string() })
export type TextLine = z.infer<typeof textLineSchema>

const usageSchema = z.object({
  promptTokens: z.number(),
  /** Those of the prompt that did not have to be evaluated, since an earlier request had begun with them. */
  cachedTokens: z.number(),
  completionTokens: z.number(),
})

/** In ms, inside the engine. */
const timingsSchema = z.object({
  /** From the request to the first token; undefined where none came. */
  firstToken: z.number().optional(),
  total: z.number(),
  /** Of the tokens after the first. */
  tokensPerSecond: z.number().optional(),
})

/** What the `result.json` of `chat` and `complete` says beside `ok` and `id`. */
export const generatedSchema = z.object({
  model: z.string(),
  text: z.string(),
  /** What the model thought before it answered, for models that do. */
  thought: z.string().optional(),
  toolCalls: z.array(toolCallSchema).optional(),
  /** `length`: maxTokens or the context ended it. */
  finish: z.enum(['stop', 'length', 'tool_calls']),
  usage: usageSchema,
  timings: timingsSchema,
})
export type Generated = z.infer<typeof generatedSchema>

/** What the `result.json` of `embed` says beside `ok` and `id`: one vector of length 1 for each input, zeros for an empty one. */
export const embeddedSchema = z.object({
  model: z.string(),
  embeddings: z.array(z.array(z.number())),
  usage: z.object({ promptTokens: z.number() }),
})
export type Embedded = z.infer<typeof embeddedSchema>

/** What the `result.json` of `rerank` says beside `ok` and `id`: the documents by their place in the request, best first. */
export const rankedSchema = z.object({
  model: z.string(),
  /** `score`: 0 to 1, higher is better; to be compared within one answer only. */
  ranking: z.array(z.object({ index: z.number(), score: z.number() })),
  usage: z.object({ promptTokens: z.number() }),
})
export type Ranked = z.infer<typeof rankedSchema>
