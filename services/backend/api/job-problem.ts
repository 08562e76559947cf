import type { Problem } from '../../../lib/problem.ts'
import type { JobError } from '../../portal/request.ts'
import { fromCore } from '../messages.ts'

/** What is wrong with the request itself; anything else is how things are with core and its models now. */
const statuses: Readonly<Record<string, number>> = {
  bad_request: 400,
  context_too_long: 400,
  bad_audio: 400,
  bad_image: 400,
  bad_schema: 400,
  bad_grammar: 400,
  no_default: 400,
  bad_model: 400,
  bad_settings: 400,
  missing_program: 400,
  missing_package: 400,
  no_ffmpeg: 400,
  unknown_model: 404,
  wrong_model: 400,
  unsupported: 400,
  too_large: 413,
  pinned: 409,
  // Trying again would not bring it; clients of OpenAI's API do so for a 409.
  model_missing: 404,
}

/** Why a job failed, in the words of whoever did it. */
export function jobProblem(
  error: JobError,
): [status: number, problem: Problem, headers: Readonly<Record<string, string>>] {
  const { code, retryAfter } = error
  const headers = retryAfter === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfter)) }
  return [statuses[code] ?? 503, fromCore(error), headers]
}
