import type { Api } from '../api/route.ts'
import type { CoreJobs } from '../core-job.ts'
import { audioRoutes } from './audio.ts'
import { chatRoute } from './chat.ts'
import { completionRoute } from './completion.ts'
import { imageRoute } from './images.ts'
import { modelRoutes, type UsableModels } from './models.ts'
import { textRoutes } from './texts.ts'

/**
 * `/v1`: what programs that were written for OpenAI's API ask for, answered by the models of this stack.
 * Shapes: https://platform.openai.com/docs/api-reference, and for `rerank` https://docs.cohere.com.
 */
export function openAiRoutes(api: Api, jobs: CoreJobs, models: UsableModels): void {
  modelRoutes(api, models)
  chatRoute(api, jobs, models)
  completionRoute(api, jobs, models)
  textRoutes(api, jobs)
  audioRoutes(api, jobs, models)
  imageRoute(api, jobs)
}
