import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { PortalClient } from '../../services/portal/client.ts'
import { answer } from './answer.ts'
import { problems } from './messages.ts'
import { findJob, openPortal, parsePortal } from './open.ts'

/** Waits for a job's answer, prints it as JSON and removes the job. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const options = { 'files-to': { type: 'string' } } as const
  const { values, positionals } = parsePortal('wait', argv, options, { least: 1, most: 1 })
  const portal = await openPortal(values, io)
  const { service, id, folder, grave } = await findJob(portal, positionals[0] ?? '')
  // Only its request is left; that is for `retry`.
  if (folder === grave) throw new ProblemError(problems.answerGone(id, portal.where))
  using client = new PortalClient({ spool: portal.spool, service, user: portal.user })
  using job = await client.job(id)
  return await answer(portal, { service, job }, values['files-to'], io)
}
