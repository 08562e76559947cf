import { lstat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { userFolders } from '../../services/portal/layout.ts'
import { jobErrors } from '../../services/portal/messages.ts'
import { ifThere, moved, removeAside } from '../../services/portal/moves.ts'
import { findJobs, type JobView } from '../../services/portal/queue-view.ts'
import { problems, words } from './messages.ts'
import { findJob, jsonOption, openPortal, parsePortal, type Portal } from './open.ts'

/** Puts a job that has ended back into the queue, as its first attempt. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parsePortal('retry', argv, jsonOption, { least: 1, most: 1 })
  const portal = await openPortal(values, io)
  const job = await findJob(portal, positionals[0] ?? '')
  assertEnded(job, portal)
  const { service, id } = job
  const target = join(userFolders(portal.spool, service, job.user).todo, id)
  const isBack =
    (await hasRequest(job.folder)) && job.folder !== job.grave
      ? moved(job.folder, target)
      : await fromGrave(job, portal, target)
  if (!isBack) {
    // Somebody else was faster: what is so now?
    const [now] = await findJobs(portal.spool, portal.user, `${service}/${id}`)
    if (now !== undefined) assertEnded(now, portal)
    throw new ProblemError(problems.collected(id))
  }
  io.stdout.write(
    values.json === true ? `${JSON.stringify({ service, id, state: 'waiting' })}\n` : words.retried(id),
  )
  return exit.ok
}

function assertEnded({ id, state, holder }: JobView, { where }: Portal): void {
  if (state === 'done' || state === 'failed') return
  throw new ProblemError((holder === undefined ? problems.waitsAlready : problems.runsAlready)(id, where))
}

/**
 * The request of a job that crashed too often is kept when its answer has been collected, too. Killed in between, it lies in the grave still, and
 * the next `retry` goes on.
 */
async function fromGrave(job: JobView, { spool }: Portal, target: string): Promise<boolean> {
  const { id, user, service, grave } = job
  if (grave === undefined || !(await hasRequest(grave))) throw new ProblemError(problems.requestGone(id))
  // The claimer takes a request without an answer for a duplicate of one that has been answered, and drops it.
  const answer = { ok: false, id, error: jobErrors.engineCrashed(job.attempt ?? 1, 'tried again') }
  await ifThere(writeFile(join(grave, 'result.json'), `${JSON.stringify(answer)}\n`))
  // Before it can be done again, or the old answer would stay the one.
  const { prep, error } = userFolders(spool, service, user)
  removeAside(join(error, id), prep)
  return moved(grave, target)
}

async function hasRequest(folder: string): Promise<boolean> {
  const found = await Promise.all(
    ['request.json', 'request.yaml'].map(name => ifThere(lstat(join(folder, name)))),
  )
  return found.some(stat => stat !== undefined)
}
