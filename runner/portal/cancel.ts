import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { PortalClient } from '../../services/portal/client.ts'
import { findJobs } from '../../services/portal/queue-view.ts'
import { errorOf } from './job-error.ts'
import { problems, words } from './messages.ts'
import { findJob, jsonOption, openPortal, parsePortal, type Portal } from './open.ts'

/** Withdraws a job that waits, asks one that runs to stop. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parsePortal('cancel', argv, jsonOption, { least: 1, most: 1 })
  const portal = await openPortal(values, io)
  const { service, id, state } = await findJob(portal, positionals[0] ?? '')
  if (state === 'done' || state === 'failed')
    throw new ProblemError(problems.endedAlready(id, state, portal.where))
  using client = new PortalClient({ spool: portal.spool, service, user: portal.user })
  using job = await client.job(id)
  await job.cancel()
  const outcome = await outcomeOf(portal, service, id)
  const told = { cancelled: words.cancelled, asked: words.cancelAsked, gone: words.gone }[outcome]
  io.stdout.write(
    values.json === true ? `${JSON.stringify({ service, id, outcome })}\n` : told(id, portal.where),
  )
  return exit.ok
}

/** `asked`: it is at work, and its worker knows. `gone`: it has ended, and whoever waited for it has the answer. */
async function outcomeOf(
  portal: Portal,
  service: string,
  id: string,
): Promise<'cancelled' | 'asked' | 'gone'> {
  const [now] = await findJobs(portal.spool, portal.user, `${service}/${id}`)
  if (now === undefined) return 'gone'
  if (now.state === 'cancelling') return 'asked'
  if (now.state !== 'done' && now.state !== 'failed')
    throw new ProblemError(problems.notCancelled(id, portal.where))
  const error = await errorOf(now)
  if (error?.code === 'cancelled') return 'cancelled'
  throw new ProblemError(problems.endedAlready(id, now.state, portal.where))
}
