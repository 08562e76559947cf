import {
  type ChatRequest,
  EngineError,
  type EngineFailure,
  type EngineJob,
  pictureNames,
} from '../../../core/engine.ts'
import type { ChildServer } from '../../shared/child-server.ts'
import type { Endpoint } from '../../shared/endpoint.ts'
import { readPictures } from '../pictures.ts'
import { messagesOf } from '../remote/messages.ts'

/** A failure of the server is this engine's own: nobody who asks has to know that there is a server. */
export async function inEngineWords<Result>(
  { server, endpoint }: { readonly server: ChildServer; readonly endpoint: Endpoint },
  job: EngineJob,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (job.signal.aborted || !(error instanceof EngineError) || error.failure.reason !== 'remote')
      throw error
    const { fault, detail } = error.failure
    if (fault !== 'refused') {
      await server.survived()
      throw new EngineError({ reason: 'internal', detail: `llama-server: ${detail}` }, { cause: error })
    }
    const { request } = job
    const failure =
      request.kind === 'chat' && badPicture.test(detail)
        ? await failureOfPicture(endpoint, request, job)
        : failureOf(error.failure)
    throw new EngineError(failure, { cause: error })
  }
}

const badSchema =
  /^(Unable to generate parser for this template\. Automatic parser generation failed: )?JSON schema conversion failed/i
const badPicture = /^failed to load image/i

/** The server does not say which one: each is shown to it alone, where it counts tokens and evaluates none. */
async function failureOfPicture(
  endpoint: Endpoint,
  { messages }: ChatRequest,
  job: EngineJob,
): Promise<EngineFailure> {
  const names = [...new Set(pictureNames(messages))]
  const pictures = await readPictures(messages, job)
  for (const name of names.length > 1 ? names : []) {
    const shown = messagesOf([{ role: 'user', content: '', images: [name] }], pictures)
    const body = { model: endpoint.model, messages: shown }
    try {
      const answer = await endpoint.post('chat/completions/input_tokens', body, job.signal)
      await endpoint.json(answer, maxCountBytes, job.signal)
    } catch (error) {
      if (!(error instanceof EngineError) || error.failure.reason !== 'remote') throw error
      if (badPicture.test(error.failure.detail)) return unreadable(name)
    }
  }
  return unreadable(names.join(' or '))
}

const maxCountBytes = 64 * 1024

function unreadable(file: string): EngineFailure {
  return { reason: 'bad_image', file, fault: 'unreadable' }
}

/**
 * By the words of version 0.4.0, from their beginning: behind it, it may say the request again. A change of them makes a clear
 * failure a less clear one.
 */
function failureOf({ status, detail }: Extract<EngineFailure, { reason: 'remote' }>): EngineFailure {
  const tooLong = /^request \((\d+) tokens\).*context size \((\d+) tokens\)/.exec(detail)
  if (tooLong !== null)
    return { reason: 'context_too_long', tokens: Number(tooLong[1]), context: Number(tooLong[2]) }
  if (badSchema.test(detail)) return { reason: 'bad_schema', detail }
  if (/^(Failed to initialize samplers: )?failed to parse grammar/i.test(detail))
    return { reason: 'bad_grammar', detail }
  return status !== undefined && status < 500
    ? { reason: 'bad_request', detail }
    : { reason: 'internal', detail: `llama-server: ${detail}` }
}
