import { z } from 'zod'
import { modelIdSchema } from './model-id.ts'

/** `request.json` of the service `models`: have a model loaded, or not. */
export const modelsRequestSchema = z.object({
  kind: z.enum(['load', 'unload']),
  model: modelIdSchema,
})
export type ModelsRequest = z.infer<typeof modelsRequestSchema>
