import type { Api } from '../api/route.ts'
import type { CoreJobs } from '../core-job.ts'
import { audioRoutes } from './audio.ts'
import { chatRoute } from './chat.ts'
import { completionRoute } from './completion.ts'
import { imageRoute } from './images.ts'
import { type ListedModel, modelRoutes } from './models.ts'
import { textRoutes } from './texts.ts'

/**
 * `/v1`: what programs that were written for OpenAI's API ask for, answered by the models of this stack. `usable`: those
 * that can be used now. Shapes: https://platform.openai.com/docs/api-reference, and for `rerank` https://docs.cohere.com.
 */
export function openAiRoutes(api: Api, jobs: CoreJobs, usable: () => readonly ListedModel[]): void {
  modelRoutes(api, usable)
  chatRoute(api, jobs)
  completionRoute(api, jobs)
  textRoutes(api, jobs)
  audioRoutes(api, jobs)
  imageRoute(api, jobs)
}
