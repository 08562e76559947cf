import { z } from 'zod'
import { embeddedSchema, rankedSchema } from '../../portal/llm-request.ts'
import { type Api, route } from '../api/route.ts'
import type { CoreJobs } from '../core-job.ts'
import { anyModel, definedOnly } from './sampling.ts'
import { optional } from './optional.ts'

const bodyLimit = 16 * 1024 * 1024
/** Of one request to core. */
const mostTexts = 256

const embedSchema = z.object({
  model: anyModel,
  input: z.union(
    [
      z
        .string()
        .min(1)
        .transform(text => [text]),
      z.array(z.string()).min(1).max(2048),
    ],
    'a text, or up to 2048 of them; no tokens',
  ),
  encoding_format: optional(z.enum(['float', 'base64'])),
  dimensions: z.null('the model decides that').optional(),
})

const rerankSchema = z.object({
  model: anyModel,
  query: z.string().min(1),
  documents: z
    .array(z.union([z.string(), z.object({ text: z.string() }).transform(({ text }) => text)]))
    .min(1)
    .max(1000),
  top_n: optional(z.number().int().positive()),
  return_documents: optional(z.boolean()),
})

const usageSchema = z.object({ prompt_tokens: z.number(), total_tokens: z.number() })

/** Vectors and rankings of texts. */
export function textRoutes(api: Api, jobs: CoreJobs): void {
  const shared = { method: 'POST', access: 'user', scope: 'models', bodyLimit } as const
  route(
    api,
    {
      ...shared,
      path: '/v1/embeddings',
      summary: "A vector for each text, in OpenAI's form",
      body: embedSchema,
      reply: z.object({
        object: z.literal('list'),
        model: z.string(),
        data: z.array(
          z.object({
            object: z.literal('embedding'),
            index: z.number(),
            embedding: z.union([z.array(z.number()), z.string()]),
          }),
        ),
        usage: usageSchema,
      }),
    },
    async ({ body, reply }) => {
      const embeddings: number[][] = []
      let model = ''
      let tokens = 0
      for (let at = 0; at < body.input.length; at += mostTexts) {
        const input = body.input.slice(at, at + mostTexts)
        const request = { kind: 'embed', input, ...definedOnly({ model: body.model }) }
        const part = embeddedSchema.parse(await jobs.run({ service: 'llm', request }, reply.raw))
        embeddings.push(...part.embeddings)
        model = part.model
        tokens += part.usage.promptTokens
      }
      return {
        object: 'list' as const,
        model,
        data: embeddings.map((vector, index) => ({
          object: 'embedding' as const,
          index,
          embedding: body.encoding_format === 'base64' ? base64Of(vector) : vector,
        })),
        usage: { prompt_tokens: tokens, total_tokens: tokens },
      }
    },
  )
  route(
    api,
    {
      ...shared,
      path: '/v1/rerank',
      summary: 'Documents by how well they answer a question, in the form of Cohere and Jina',
      body: rerankSchema,
      reply: z.object({
        model: z.string(),
        results: z.array(
          z.object({
            index: z.number(),
            relevance_score: z.number(),
            document: z.object({ text: z.string() }).optional(),
          }),
        ),
        usage: usageSchema,
      }),
    },
    async ({ body, reply }) => {
      const { documents, query, return_documents: withDocuments } = body
      const options = definedOnly({ model: body.model, top: body.top_n })
      const request = { kind: 'rerank', query, documents, ...options }
      const result = await jobs.run({ service: 'llm', request }, reply.raw)
      const { model, ranking, usage } = rankedSchema.parse(result)
      return {
        model,
        results: ranking.map(({ index, score }) => ({
          index,
          relevance_score: score,
          ...(withDocuments === true ? { document: { text: documents[index] ?? '' } } : {}),
        })),
        usage: { prompt_tokens: usage.promptTokens, total_tokens: usage.promptTokens },
      }
    },
  )
}

/** 32-bit floats, little-endian. */
function base64Of(vector: readonly number[]): string {
  const bytes = Buffer.alloc(vector.length * 4)
  for (const [at, value] of vector.entries()) bytes.writeFloatLE(value, at * 4)
  return bytes.toString('base64')
}
