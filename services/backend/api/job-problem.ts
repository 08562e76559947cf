import type { Problem } from '../../../lib/problem.ts'
import type { JobError } from '../../portal/request.ts'
import { fromCore } from '../messages.ts'

/** What is wrong with the request itself; anything else is how things are with core and its models now. */
const statuses: Readonly<Record<string, number>> = {
  bad_request: 400,
  unknown_model: 404,
  wrong_model: 400,
  unsupported: 400,
  too_large: 413,
  pinned: 409,
  model_missing: 409,
}

/** Why a job failed, in the words of whoever did it. */
export function jobProblem(error: JobError): [status: number, problem: Problem] {
  return [statuses[error.code] ?? 503, fromCore(error)]
}
