import { join, resolve } from 'node:path'
import { exit } from '../../lib/exit.ts'
import { exitCodeOf, type Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import type { Job } from '../../services/portal/client.ts'
import { type UserFolders, userFolders } from '../../services/portal/layout.ts'
import { hasCode } from '../../services/portal/moves.ts'
import { findJobs, isServed, namesIn } from '../../services/portal/queue-view.ts'
import { type Result, resultSchema } from '../../services/portal/request.ts'
import { valueOf } from './job-files.ts'
import { problems, words } from './messages.ts'
import type { Portal } from './open.ts'

/**
 * Waits for a job's answer, prints it and collects it. Where files came with it and nobody says where to put them, it stays
 * in its place. Exit code 0, or 1 if the job failed; a signal ends the waiting only.
 */
export async function answer(
  portal: Portal,
  { service, job }: { service: string; job: Job },
  filesTo: string | undefined,
  io: Io,
): Promise<number> {
  const command = `courante portal wait ${job.id}${portal.where} --files-to DIR`
  const folders = userFolders(portal.spool, service, portal.user)
  const gone = new AbortController()
  const timer = watchOver(portal, service, job.id, () =>
    gone.abort(new ProblemError(problems.collected(job.id))),
  )
  try {
    const signal = AbortSignal.any([io.signal, gone.signal])
    // Waits for the end without collecting.
    for await (const _line of job.stream(signal));
    const left = filesTo === undefined ? await folderWithFiles(folders, job.id) : undefined
    const result = left && resultSchema.safeParse(await valueOf(join(left.folder, 'result.json')))
    if (left !== undefined && result?.success === true) {
      io.stderr.write(words.filesLeft(left.files, command))
      return print(result.data, io)
    }
    const to = filesTo === undefined ? {} : { filesTo: resolve(io.cwd, filesTo) }
    return print(await job.wait(signal, to), io)
  } catch (error) {
    if (io.signal.aborted) {
      io.stderr.write(words.goesOn(job.id, portal.where))
      return exitCodeOf(String(io.signal.reason))
    }
    if (hasCode(error, 'EXDEV'))
      throw new ProblemError(problems.otherDisk(String(filesTo), portal.spool, command), { cause: error })
    throw error
  } finally {
    clearInterval(timer)
  }
}

function print(result: Result, io: Io): number {
  io.stdout.write(`${JSON.stringify(result, null, 2)}\n`)
  return result.ok ? exit.ok : exit.failed
}

const watchMs = 2000

/** Tells when the job is nowhere any more, twice in a row: then nobody would ever answer. */
function watchOver({ spool, user }: Portal, service: string, id: string, onGone: () => void): NodeJS.Timeout {
  let missed = 0
  let looking = false
  const look = async (): Promise<void> => {
    if (looking) return
    looking = true
    // Who may not look at what runs can't tell that it is gone.
    const isGone =
      (await findJobs(spool, user, `${service}/${id}`)).length === 0 &&
      (await isServed(spool, service)) !== undefined
    missed = isGone ? missed + 1 : 0
    looking = false
    if (missed > 1) onGone()
  }
  return setInterval(() => {
    // What can't be listed now may be next time.
    look().catch(() => (looking = false))
  }, watchMs)
}

/** Of a job that has ended: its folder and that of its files, if there are any. */
async function folderWithFiles({ done, error }: UserFolders, id: string) {
  for (const folder of [join(done, id), join(error, id)]) {
    const outs = (await namesIn(folder)).filter(name => /^out-\d+$/.test(name))
    outs.sort((a, b) => Number(b.slice(4)) - Number(a.slice(4)))
    if (outs[0] === undefined) continue
    const files = join(folder, outs[0])
    if ((await namesIn(files)).length > 0) return { folder, files }
  }
  return undefined
}
