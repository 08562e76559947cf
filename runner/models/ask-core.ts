import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { exitCodeOf, type Io } from '../../lib/io.ts'
import { jsonOrUndefined } from '../../lib/parse-json.ts'
import { ProblemError } from '../../lib/problem.ts'
import { type Job, PortalClient } from '../../services/portal/client.ts'
import { durabilityOf } from '../../services/portal/disk.ts'
import { userFolders } from '../../services/portal/layout.ts'
import { type Result, statusSchema } from '../../services/portal/request.ts'
import { readCore } from '../../models/core-view.ts'
import { problems, words } from './messages.ts'
import type { Models } from './open.ts'

const service = 'models'
const lookMs = 150

/**
 * Has core load or unload a model and shows how far it is. Returns the exit code of a signal, after which core was asked to
 * stop; throws a ProblemError with core's own words for a failure.
 */
export async function askCore(
  kind: 'load' | 'unload',
  id: string,
  models: Models,
  io: Io,
): Promise<{ type: 'done'; result: Result } | { type: 'stopped'; code: number }> {
  const { home, spool, user, where, core } = models
  if (core === undefined) throw new ProblemError(problems.coreNotRunning(home, where))
  using client = new PortalClient({ spool, service, user, durability: durabilityOf(io.env) })
  using job = await client.submit({ kind, model: id }, { signal: io.signal })
  const gone = new AbortController()
  const status = join(userFolders(spool, service, user).live, job.id, 'status.json')
  const line = openLine(io)
  const timer = setInterval(() => {
    const read = readStatus(status)
    if (read !== undefined) line.show(kind === 'unload' ? words.unloading(id) : words.loading(id, ...read))
    if (readCore(home)?.pid !== core.pid) gone.abort(new ProblemError(problems.coreEnded(id)))
  }, lookMs)
  try {
    const result = await ended(job, AbortSignal.any([io.signal, gone.signal]))
    if (!result.ok) throw new ProblemError(problems.fromCore(result.error))
    return { type: 'done', result }
  } catch (error) {
    // A result that came with core's end counts; for anything else, nobody is left who would do it.
    if (gone.signal.aborted || io.signal.aborted) await job.cancel()
    if (!io.signal.aborted) throw error
    return { type: 'stopped', code: exitCodeOf(String(io.signal.reason)) }
  } finally {
    clearInterval(timer)
    line.end()
  }
}

function ended(job: Job, signal: AbortSignal): Promise<Result> {
  return job.wait(signal)
}

function readStatus(path: string): [stage: string | undefined, progress: number | undefined] | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const status = statusSchema.safeParse(jsonOrUndefined(text))
  return status.success ? [status.data.stage, status.data.progress] : undefined
}

/** A line that changes, on a terminal; elsewhere nothing. On stderr: stdout is the answer's. */
function openLine({ stderr }: Io) {
  const isTerminal = stderr.isTTY === true
  let shown = ''
  return {
    show: (text: string): void => {
      if (!isTerminal || text === shown) return
      shown = text
      stderr.write(`\r${text.slice(0, 79)}\u001B[K`)
    },
    end: (): void => {
      if (shown !== '') stderr.write('\r\u001B[K')
    },
  }
}
