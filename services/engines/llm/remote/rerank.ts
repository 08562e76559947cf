import { z } from 'zod'
import type { Ranked, RerankRequest } from '../../../core/engine.ts'
import type { Endpoint } from '../../shared/endpoint.ts'

const maxBytes = 16 * 1024 * 1024

/** As Jina, Cohere, vLLM and llama-server answer; they count tokens under different names, or not at all. */
const answerSchema = z.object({
  results: z.array(z.object({ index: z.number().int().min(0), relevance_score: z.number() })),
  usage: z.object({ prompt_tokens: z.number().optional(), total_tokens: z.number().optional() }).nullish(),
})

export async function rerank(
  endpoint: Endpoint,
  { query, documents, top = documents.length }: RerankRequest,
  signal: AbortSignal,
): Promise<Omit<Ranked, 'model'>> {
  const wanted = Math.min(top, documents.length)
  const body = await endpoint.post(
    'rerank',
    { model: endpoint.model, query, documents, top_n: wanted },
    signal,
  )
  const answer = await endpoint.json(body, maxBytes, signal)
  const parsed = answerSchema.safeParse(answer)
  const results = parsed.data?.results ?? []
  const known = new Set(results.map(({ index }) => index).filter(index => index < documents.length))
  if (known.size !== results.length || known.size < wanted)
    throw endpoint.failure({ fault: 'bad_answer', detail: `no order of ${documents.length} documents came` })
  const { prompt_tokens: prompt, total_tokens: total } = parsed.data?.usage ?? {}
  // llama-server gives what the model says, which no range holds; others a probability.
  const isRaw = results.some(({ relevance_score: score }) => score < 0 || score > 1)
  const ranking = results
    .map(({ index, relevance_score: score }) => ({
      index,
      score: isRaw ? 1 / (1 + Math.exp(-score)) : score,
    }))
    .toSorted((one, other) => other.score - one.score || one.index - other.index)
    .slice(0, wanted)
  return { ranking, usage: { promptTokens: prompt ?? total ?? 0 } }
}
