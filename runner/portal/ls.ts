import { once } from 'node:events'
import { exit } from '../../lib/exit.ts'
import { exitCodeOf, type Io } from '../../lib/io.ts'
import { isServed, type JobView, jobsOf, servicesOf, submittedAt } from '../../services/portal/queue-view.ts'
import { duration } from '../console/units.ts'
import { errorOf } from './job-error.ts'
import { words } from './messages.ts'
import { checkService, jsonOption, openPortal, parsePortal, type Portal } from './open.ts'
import { plain } from '../../lib/plain.ts'
import { table } from './text.ts'

interface TimedJob extends JobView {
  /** Submitted, in ms since 1970. */
  readonly since: number
}

/** The user's jobs, the oldest first. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parsePortal('ls', argv, jsonOption, { least: 0, most: 1 })
  const portal = await openPortal(values, io)
  const [named] = positionals
  if (named !== undefined) await checkService(portal, named)
  const services = named === undefined ? await servicesOf(portal.spool) : [named]
  const jobs: TimedJob[] = []
  for (const service of services) {
    await inBatches(await jobsOf(portal.spool, service, portal.user), async job => {
      // Its answer has been collected; `show` and `retry` still find it.
      if (job.folder === job.grave) return
      const since = await submittedAt(job)
      if (since !== undefined) jobs.push({ ...job, since })
    })
  }
  jobs.sort((a, b) => a.since - b.since || (a.id < b.id ? -1 : 1))
  if (values.json === true) return printAll(jobs, io)
  io.stdout.write(`${(await forPeople(portal, jobs, services)).join('\n')}\n`)
  return exit.ok
}

/** So many at most on a page for people. */
const page = 50

async function forPeople(portal: Portal, jobs: readonly TimedJob[], services: readonly string[]) {
  if (jobs.length === 0) return [words.none(portal.user, portal.spool)]
  // What waits or runs is of more use than what has ended.
  const open = jobs.filter(job => !isEnded(job)).slice(0, page)
  const ended = jobs.filter(isEnded).slice(0, page - open.length)
  const chosen = new Set([...open, ...ended])
  const now = Date.now()
  const rows: string[][] = [[...words.columns]]
  for (const job of jobs.filter(one => chosen.has(one))) {
    const error = await errorOf(job)
    const age = duration(Math.max(0, now - job.since))
    rows.push([
      job.id,
      job.service,
      words.states[job.state],
      String(job.attempt ?? '-'),
      age,
      plain(error?.code ?? ''),
    ])
  }
  const lines = table(rows)
  if (jobs.length > chosen.size) lines.push(words.more(jobs.length - chosen.size))
  lines.push(summary(jobs))
  for (const service of services) {
    if (!jobs.some(job => job.service === service && job.state === 'waiting')) continue
    if ((await isServed(portal.spool, service)) === false) lines.push(words.noWorker(service))
  }
  return lines
}

/** `3 waiting, 1 failed` */
function summary(jobs: readonly JobView[]): string {
  const states = ['waiting', 'running', 'cancelling', 'failed', 'done'] as const
  return states
    .map(state => [jobs.filter(job => job.state === state).length, words.states[state]] as const)
    .filter(([count]) => count > 0)
    .map(([count, word]) => `${count} ${word}`)
    .join(', ')
}

/** An object a line. */
async function printAll(jobs: readonly TimedJob[], io: Io): Promise<number> {
  for (let start = 0; start < jobs.length; start += batch) {
    const lines = await Promise.all(
      jobs.slice(start, start + batch).map(async job => {
        const { service, id, state, attempt, since } = job
        const error = await errorOf(job)
        const submitted = new Date(since).toISOString()
        return `${JSON.stringify({ service, id, state, attempt: attempt ?? null, submitted, error: error?.code })}\n`
      }),
    )
    if (io.signal.aborted) return exitCodeOf(String(io.signal.reason))
    if (!io.stdout.write(lines.join(''))) await drained(io)
  }
  return io.signal.aborted ? exitCodeOf(String(io.signal.reason)) : exit.ok
}

async function drained({ stdout, signal }: Io): Promise<void> {
  try {
    await once(stdout, 'drain', { signal })
  } catch (error) {
    // The reader has gone away.
    if (!signal.aborted) throw error
  }
}

const batch = 256

async function inBatches<T>(items: readonly T[], each: (item: T) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += batch)
    await Promise.all(items.slice(start, start + batch).map(each))
}

function isEnded({ state }: JobView): boolean {
  return state === 'done' || state === 'failed'
}
