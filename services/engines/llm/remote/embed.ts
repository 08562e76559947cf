import { z } from 'zod'
import type { Embedded, EmbedRequest } from '../../../core/engine.ts'
import type { Endpoint } from '../../shared/endpoint.ts'

const maxBytes = 256 * 1024 * 1024

const answerSchema = z.object({
  data: z.array(z.object({ index: z.number().int().optional(), embedding: z.array(z.number()) })),
  usage: z.object({ prompt_tokens: z.number() }).optional(),
})

export async function embed(
  endpoint: Endpoint,
  { input }: EmbedRequest,
  signal: AbortSignal,
): Promise<Omit<Embedded, 'model'>> {
  const body = await endpoint.post(
    'embeddings',
    { model: endpoint.model, input, encoding_format: 'float' },
    signal,
  )
  const answer = await endpoint.json(body, maxBytes, signal)
  const parsed = answerSchema.safeParse(answer)
  if (!parsed.success || parsed.data.data.length !== input.length)
    throw endpoint.failure({ fault: 'bad_answer', detail: `no ${input.length} vectors came` })
  const { data, usage } = parsed.data
  const vectors = data.toSorted((one, other) => (one.index ?? 0) - (other.index ?? 0))
  return {
    embeddings: vectors.map(({ embedding }) => normalised(embedding)),
    usage: { promptTokens: usage?.prompt_tokens ?? 0 },
  }
}

/** Not every server does it. */
function normalised(vector: readonly number[]): number[] {
  const length = Math.hypot(...vector)
  return length === 0 ? [...vector] : vector.map(one => one / length)
}
