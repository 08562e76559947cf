import type { Job } from './job.ts'

/** How long a job that was cancelled may take to say so; the service's sweep clears up after those that take longer. */
const withdrawMs = 1000

/** Leaves nothing of a job behind, neither work nor an answer. */
export async function withdraw(job: Job): Promise<void> {
  if (!job.isEnded()) await job.cancel()
  const patience = AbortSignal.timeout(withdrawMs)
  try {
    await job.wait(patience)
  } catch (error) {
    if (error !== patience.reason) throw error
  }
}
