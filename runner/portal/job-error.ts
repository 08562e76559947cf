import { join } from 'node:path'
import { type JobView } from '../../services/portal/queue-view.ts'
import { resultSchema, type JobError } from '../../services/portal/request.ts'
import { valueOf } from './job-files.ts'

/** Why a job failed. Undefined for any other job, and where its answer says nothing of the kind. */
export async function errorOf(job: JobView): Promise<JobError | undefined> {
  if (job.state !== 'failed') return undefined
  const result = resultSchema.safeParse(await valueOf(join(job.folder, 'result.json')))
  if (result.success && !result.data.ok) return result.data.error
  return job.folder === job.grave ? crashed : undefined
}

const crashed: JobError = {
  code: 'engine_crashed',
  message: 'its answer has been collected; the request is kept aside',
}
