import { z } from 'zod'
import { Refusal } from '../api/refusal.ts'
import { type Api, route } from '../api/route.ts'
import { apiProblems } from '../messages.ts'
import type { Model } from '../protocol.ts'

type ListedModel = Pick<Model, 'id' | 'kind' | 'origin'>

export interface UsableModels {
  /** Those that can be asked of now. */
  usable(): readonly ListedModel[]
  /** Which one answers where none of that kind is named. */
  usual(kind: Model['kind']): string | undefined
}

const modelSchema = z.object({
  id: z.string(),
  object: z.literal('model'),
  /** Seconds since 1970; nobody knows it here. */
  created: z.literal(0),
  owned_by: z.string(),
  /** Ours: llm, embedding, rerank, stt, tts or image. */
  kind: z.string(),
})

export function modelRoutes(api: Api, models: UsableModels): void {
  const shared = { access: 'user', scope: 'models' } as const
  route(
    api,
    {
      ...shared,
      method: 'GET',
      path: '/v1/models',
      summary: 'The models that can be used, as OpenAI lists them',
      reply: z.object({ object: z.literal('list'), data: z.array(modelSchema) }),
    },
    () => ({ object: 'list' as const, data: models.usable().map(described) }),
  )
  route(
    api,
    {
      ...shared,
      method: 'GET',
      path: '/v1/models/:model',
      summary: 'One of them',
      params: z.object({ model: z.string().min(1).max(500) }),
      reply: modelSchema,
    },
    ({ params }) => {
      const model = models.usable().find(({ id }) => id === params.model)
      if (model === undefined) throw new Refusal(404, apiProblems.noSuchModel(params.model))
      return described(model)
    },
  )
}

function described({ id, kind, origin }: ListedModel): z.infer<typeof modelSchema> {
  return { id, object: 'model', created: 0, owned_by: origin, kind }
}
