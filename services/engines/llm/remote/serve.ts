import { EngineError, type EngineJob } from '../../../core/engine.ts'
import type { Endpoint } from '../../shared/endpoint.ts'
import { readPictures, refusePictures } from '../pictures.ts'
import { embed } from './embed.ts'
import { chat, complete } from './generate.ts'
import { rerank } from './rerank.ts'

/** Does a job of a language model at an OpenAI-compatible endpoint. `sees`: its model takes pictures. */
export async function serve(
  endpoint: Endpoint,
  { sees }: { readonly sees: boolean },
  job: EngineJob,
): Promise<Record<string, unknown>> {
  const { request, signal } = job
  const say = (line: unknown): void => job.say(line)
  switch (request.kind) {
    case 'chat': {
      if (!sees) refusePictures(request.messages)
      const pictures = await readPictures(request.messages, job)
      return { ...(await chat(endpoint, { request, pictures }, signal, say)) }
    }
    case 'complete':
      return { ...(await complete(endpoint, request, signal, say)) }
    case 'embed':
      return { ...(await embed(endpoint, request, signal)) }
    case 'rerank':
      return { ...(await rerank(endpoint, request, signal)) }
    default:
      throw new EngineError({ reason: 'unsupported', what: request.kind })
  }
}
