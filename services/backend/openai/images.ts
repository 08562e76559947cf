import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { paintedSchema } from '../../portal/image-request.ts'
import { type Api, route } from '../api/route.ts'
import type { CoreJobs } from '../core-job.ts'
import { anyModel, definedOnly } from './sampling.ts'
import { tempFolder } from './temp-folder.ts'
import { optional } from './optional.ts'

const bodySchema = z.object({
  model: anyModel,
  prompt: z.string().min(1).max(20_000),
  n: optional(z.number().int().min(1).max(10)),
  size: optional(z.string().regex(/^(auto|\d{2,4}x\d{2,4})$/, 'such as 512x512, or auto')),
  /** Pictures are always in the answer itself. */
  response_format: optional(z.enum(['b64_json', 'url'])),
  // Beyond OpenAI's.
  negative_prompt: optional(z.string().max(20_000)),
  steps: optional(z.number().int().min(1).max(150)),
  guidance: optional(z.number().min(0).max(30)),
  seed: optional(z.number().int().min(0).max(0xffff_ffff)),
})

export function imageRoute(api: Api, jobs: CoreJobs): void {
  route(
    api,
    {
      method: 'POST',
      path: '/v1/images/generations',
      access: 'user',
      scope: 'models',
      summary: "Pictures from a text, as PNG in base64, in OpenAI's form",
      body: bodySchema,
      reply: z.object({
        created: z.number(),
        data: z.array(
          z.object({
            b64_json: z.string(),
            seed: z.number().optional(),
            revised_prompt: z.string().optional(),
          }),
        ),
      }),
    },
    async ({ body, reply }) => {
      await using temp = tempFolder()
      const [width, height] = body.size?.includes('x') === true ? body.size.split('x').map(Number) : []
      const request = {
        kind: 'paint',
        prompt: body.prompt,
        ...definedOnly({
          model: body.model,
          count: body.n,
          width,
          height,
          negativePrompt: body.negative_prompt,
          steps: body.steps,
          guidance: body.guidance,
          seed: body.seed,
        }),
      }
      const filesTo = await temp.path()
      const result = await jobs.run({ service: 'image', request, filesTo }, reply.raw)
      const { images, revisedPrompt } = paintedSchema.parse(result)
      const data = await Promise.all(
        images.map(async ({ file, seed }) => ({
          b64_json: await readFile(join(filesTo, file), 'base64'),
          ...definedOnly({ seed, revised_prompt: revisedPrompt }),
        })),
      )
      return { created: Math.floor(Date.now() / 1000), data }
    },
  )
}
