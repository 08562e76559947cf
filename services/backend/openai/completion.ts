import { z } from 'zod'
import { type Api, route } from '../api/route.ts'
import type { CoreJobs } from '../core-job.ts'
import { generate, type Head, type Shape } from './generate.ts'
import { samplingOf, samplingShape } from './sampling.ts'
import { usageOf } from './usage.ts'
import type { UsableModels } from './models.ts'
import { optional } from './optional.ts'

const bodySchema = z.object({
  ...samplingShape,
  prompt: z.union([z.string(), z.tuple([z.string()]).transform(([prompt]) => prompt)], 'one text'),
  echo: optional(z.literal(false, 'not possible')),
  suffix: optional(z.literal('', 'not possible')),
})

export function completionRoute(api: Api, jobs: CoreJobs, models: UsableModels): void {
  route(
    api,
    {
      method: 'POST',
      path: '/v1/completions',
      access: 'user',
      scope: 'models',
      summary: "How a model goes on with a text, whole or streamed, in OpenAI's form",
      body: bodySchema,
      bodyLimit: 8 * 1024 * 1024,
      reply: { type: 'application/json', about: 'a text_completion, or events of it' },
    },
    async ({ body, reply }) => {
      const asked = {
        request: { kind: 'complete' as const, prompt: body.prompt, ...samplingOf(body) },
        files: [],
        stream: body.stream === true,
        path: '/v1/completions',
        usual: models.usual('llm') ?? 'default',
      }
      const shape = shapeFor(body.stream_options?.include_usage === true)
      const whole = await generate(api, jobs, asked, shape, reply)
      if (whole !== undefined) await reply.type('application/json').send(JSON.stringify(whole))
    },
  )
}

function shapeFor(withUsage: boolean): Shape {
  const completion = ({ id, created, model }: Head, text: string, finish: string | null): object => ({
    id: `cmpl-${id}`,
    object: 'text_completion',
    created,
    model,
    choices: [{ index: 0, text, logprobs: null, finish_reason: finish }],
  })
  return {
    whole: (answer, head) => ({
      ...completion(head, answer.text, answer.finish),
      usage: usageOf(answer),
    }),
    piece: ({ type, text }, head) => (type === 'text' ? completion(head, text, null) : undefined),
    last: (answer, head) => [
      completion(head, '', answer.finish),
      ...(withUsage ? [{ ...completion(head, '', null), choices: [], usage: usageOf(answer) }] : []),
    ],
  }
}
