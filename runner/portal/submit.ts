import { access, constants, readFile, stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { type Attachment, PortalClient, type RequestInput } from '../../services/portal/client.ts'
import { durabilityOf } from '../../services/portal/disk.ts'
import { idSchema } from '../../services/portal/ids.ts'
import { hasCode } from '../../services/portal/moves.ts'
import { isServed } from '../../services/portal/queue-view.ts'
import { answer } from './answer.ts'
import { problems, words } from './messages.ts'
import { checkService, openPortal, parsePortal } from './open.ts'

const options = {
  request: { type: 'string' },
  'request-file': { type: 'string' },
  id: { type: 'string' },
  wait: { type: 'boolean' },
  'files-to': { type: 'string' },
} as const

/** Submits a request with its files and prints its id; with --wait its answer. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parsePortal('submit', argv, options, { least: 1, most: 1000 })
  const [service = '', ...paths] = positionals
  if (values['files-to'] !== undefined && values.wait !== true)
    throw new ProblemError(problems.filesWithoutWait())
  const id = values.id === undefined ? {} : { id: values.id }
  if (id.id !== undefined && !idSchema.safeParse(id.id).success) throw new ProblemError(problems.badId(id.id))
  const portal = await openPortal(values, io)
  // Our own service may be asked before it has ever run; any other name is a slip of the pen until its worker has come.
  if (service !== 'stt') await checkService(portal, service)
  const files = await attachments(paths, io)
  const request = await requestOf(service, values, files, io)
  using client = new PortalClient({
    spool: portal.spool,
    service,
    user: portal.user,
    durability: durabilityOf(io.env),
  })
  using job = await client.submit(request, { files, signal: io.signal, ...id })
  if ((await isServed(portal.spool, service)) === false) io.stderr.write(`${words.noWorker(service)}\n`)
  if (values.wait === true) return await answer(portal, { service, job }, values['files-to'], io)
  io.stdout.write(`${job.id}\n`)
  return exit.ok
}

/** What a worker takes away or reads as something else. */
const badName = /^(request\.(json|yaml)|result\.json|log\.txt|stream\.ndjson|out-\d+|\..*)$/

async function attachments(paths: readonly string[], io: Io): Promise<Attachment[]> {
  const files = new Map<string, Attachment>()
  for (const path of paths) {
    const from = resolve(io.cwd, path)
    const name = basename(from)
    try {
      if (!(await stat(from)).isFile()) throw Object.assign(new Error('not a file'), { code: 'not a file' })
      await access(from, constants.R_OK)
    } catch (error) {
      throw unreadable(from, error)
    }
    if (badName.test(name)) throw new ProblemError(problems.badFileName(name))
    if (files.has(name)) throw new ProblemError(problems.sameFileName(name))
    files.set(name, { name, from })
  }
  return [...files.values()]
}

async function requestOf(
  service: string,
  values: { readonly request?: string | undefined; readonly 'request-file'?: string | undefined },
  files: readonly Attachment[],
  io: Io,
): Promise<RequestInput> {
  const { request, 'request-file': file } = values
  if (request !== undefined && file !== undefined) throw new ProblemError(problems.twoRequests())
  if (file !== undefined) return parse(await read(resolve(io.cwd, file)))
  if (request !== undefined) return parse(request === '-' ? await text(io.stdin) : request)
  const [only, ...more] = files
  if (service === 'stt' && only !== undefined && more.length === 0)
    return { kind: 'transcribe', file: only.name }
  throw new ProblemError(problems.noRequest(service))
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw unreadable(path, error)
  }
}

function parse(json: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    throw new ProblemError(problems.badRequest((error as Error).message), { cause: error })
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>
  throw new ProblemError(problems.badRequest(Array.isArray(value) ? 'a list' : `a ${typeof value}`))
}

function unreadable(path: string, error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === undefined) return error
  const reason = hasCode(error, 'EISDIR') ? 'not a file' : code
  return new ProblemError(problems.unreadable(path, reason), { cause: error })
}
