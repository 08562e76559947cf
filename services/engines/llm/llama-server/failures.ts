import { EngineError, type EngineFailure, type EngineJob } from '../../../core/engine.ts'
import type { ChildServer } from '../../shared/child-server.ts'
import { namesOf } from '../pictures.ts'

/** A failure of the server is this engine's own: nobody who asks has to know that there is a server. */
export async function inEngineWords<Result>(
  server: ChildServer,
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
    throw new EngineError(failureOf(error.failure, job), { cause: error })
  }
}

/** By the words of version 0.4.0; a change of them makes a clear failure a less clear one. */
function failureOf(
  { status, detail }: Extract<EngineFailure, { reason: 'remote' }>,
  { request }: EngineJob,
): EngineFailure {
  const tooLong = /\((\d+) tokens\).*context size \((\d+) tokens\)/.exec(detail)
  if (tooLong !== null)
    return { reason: 'context_too_long', tokens: Number(tooLong[1]), context: Number(tooLong[2]) }
  if (/failed to load image/i.test(detail) && request.kind === 'chat') {
    const files = [...new Set(namesOf(request.messages))]
    return { reason: 'bad_image', file: files.join(' or '), fault: 'unreadable' }
  }
  if (/schema conversion failed|unrecognized schema/i.test(detail)) return { reason: 'bad_schema', detail }
  if (/grammar/i.test(detail)) return { reason: 'bad_grammar', detail }
  return status !== undefined && status < 500
    ? { reason: 'bad_request', detail }
    : { reason: 'internal', detail: `llama-server: ${detail}` }
}
