import { join } from 'node:path'
import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import { userFolders } from '../../services/portal/layout.ts'
import { type JobView, submittedAt } from '../../services/portal/queue-view.ts'
import { duration } from '../console/units.ts'
import type { JobError } from '../../services/portal/request.ts'
import { errorOf } from './job-error.ts'
import { filesOf, type JobFile, textOf, valueOf } from './job-files.ts'
import { words } from './messages.ts'
import { findJob, jsonOption, openPortal, parsePortal, type Portal } from './open.ts'
import { plain } from '../../lib/plain.ts'
import { bytes } from './text.ts'

interface Shown {
  readonly job: JobView
  readonly error: JobError | undefined
  readonly since: number | undefined
  readonly files: readonly JobFile[]
  readonly request: unknown
  readonly result: unknown
  /** `status.json` while it runs. */
  readonly status: unknown
  /** The last lines of what it says, or said. */
  readonly stream: readonly string[] | undefined
}

/** All that there is about one job, and what to do next. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parsePortal('show', argv, jsonOption, { least: 1, most: 1 })
  const portal = await openPortal(values, io)
  const text = positionals[0] ?? ''
  let job = await findJob(portal, text)
  let shown = await look(portal, job)
  // It went on between the two looks.
  if (shown.files.length === 0) {
    job = await findJob(portal, text)
    shown = await look(portal, job)
  }
  io.stdout.write(
    values.json === true ? `${JSON.stringify(forPrograms(shown), null, 2)}\n` : page(shown, portal),
  )
  return exit.ok
}

async function look({ spool }: Portal, job: JobView): Promise<Shown> {
  const live = join(userFolders(spool, job.service, job.user).live, job.id)
  const request = job.folder
  const isEnded = job.state === 'done' || job.state === 'failed'
  const stream = (await lastLines(live)) ?? (await lastLines(request))
  return {
    job,
    error: await errorOf(job),
    since: await submittedAt(job),
    files: await filesOf(request),
    request:
      (await valueOf(join(request, 'request.json'))) ?? (await textOf(join(request, 'request.yaml'), 65_536)),
    result: isEnded ? await valueOf(join(job.folder, 'result.json')) : undefined,
    status: isEnded ? undefined : await valueOf(join(live, 'status.json')),
    stream,
  }
}

const tailLines = 10

async function lastLines(folder: string): Promise<string[] | undefined> {
  const text = await textOf(join(folder, 'stream.ndjson'), 65_536, 'end')
  return text === undefined ? undefined : text.split('\n').slice(0, -1).slice(-tailLines)
}

function forPrograms({ job, since, files, request, result, status, stream }: Shown): unknown {
  const { service, id, state, attempt = null, folder } = job
  const submitted = since === undefined ? null : new Date(since).toISOString()
  return { service, id, state, attempt, submitted, folder, request, files, result, status, stream }
}

function page(shown: Shown, { where }: Portal): string {
  const { job, since, error, files } = shown
  const state = [
    words.states[job.state],
    ...(job.attempt === undefined ? [] : [words.attempt(job.attempt)]),
    ...(since === undefined ? [] : [words.ago(duration(Math.max(0, Date.now() - since)))]),
    ...(job.holder === 'dead' ? [words.orphan] : job.holder === 'silent' ? [words.silent] : []),
  ]
  const rows: [string, readonly string[]][] = [
    ['id', [job.id]],
    ['service', [job.service]],
    ['state', [state.join(', ')]],
    ['folder', [job.folder]],
    ['files', fileLines(files)],
    ['request', value(shown.request)],
    ['status', value(shown.status)],
    ['stream', stream(shown.stream)],
    ['result', error === undefined ? value(shown.result) : []],
    ['error', error === undefined ? [] : [`${plain(error.code)}: ${plain(error.message)}`]],
    ['', error?.todo === undefined ? [] : [`→ ${plain(error.todo)}`]],
    ['next', [next(job, where)]],
  ]
  return rows
    .flatMap(([title, lines]) => lines.map((line, i) => `${(i === 0 ? title : '').padEnd(9)}${line}\n`))
    .join('')
}

const mostFiles = 20

function fileLines(files: readonly JobFile[]): string[] {
  const lines = files.slice(0, mostFiles).map(file => `${plain(file.name)}  ${bytes(file.bytes)}`)
  return files.length > mostFiles ? [...lines, words.filesCut(files.length - mostFiles)] : lines
}

/** What fits on a page. */
const mostCharacters = 2000

function value(found: unknown): string[] {
  if (found === undefined) return []
  const text = typeof found === 'string' ? found : JSON.stringify(found)
  const lines = text.slice(0, mostCharacters).trimEnd().split('\n').map(plain)
  return text.length > mostCharacters ? [...lines, words.cut] : lines
}

function stream(lines: readonly string[] | undefined): string[] {
  if (lines === undefined) return []
  return [words.lastLines(lines.length), ...lines.flatMap(value)]
}

function next({ state, id, folder, grave }: JobView, where: string): string {
  if (state === 'done') return words.nextDone(id, where)
  if (state !== 'failed') return words.nextOpen(id, where)
  return folder === grave ? words.nextGrave(id, where) : words.nextFailed(id, where)
}
