import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { mkdir, mkdtemp, open, rename, rm, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { dirname, join, relative } from 'node:path'
import type { Io } from '../lib/io.ts'
import { identify } from '../lib/process-identity.ts'
import { ProblemError, type Problem } from '../lib/problem.ts'
import { download, type Progress } from './download.ts'
import { messages } from './messages.ts'
import type { Model } from './model.ts'
import { locate } from './registry.ts'
import { archiveName, sourceName } from './source.ts'
import { makeLlamaTokens } from './tokens.ts'
import { unpack } from './unpack.ts'
import { hashFile } from './verify.ts'

interface FetchOptions {
  readonly env: Io['env']
  /** npm is asked from here, so that an .npmrc of the stack counts. */
  readonly cwd: string
  readonly signal: AbortSignal
  readonly onProgress?: Progress
  /** How long the server may send nothing; 60 s if not given. */
  readonly stallMs?: number
}

/**
 * Brings a model onto the disk, whole or not at all: everything is built and verified in a hidden folder on the same file
 * system, then renamed into place. A run that was killed leaves at most that hidden folder; the next fetch removes it.
 */
export async function fetchModel(model: Model, options: FetchOptions): Promise<Problem | undefined> {
  try {
    await mkdir(model.base, { recursive: true })
    await removeLeftovers(model)
    const hidden = await mkdtemp(join(nearestFolder(model), `.fetch-${model.id}-${ownerMark(process.pid)}-`))
    try {
      await fetchInto(hidden, model, options)
      options.signal.throwIfAborted()
      await publish(join(hidden, 'files'), model)
    } finally {
      await rm(hidden, { recursive: true, force: true })
    }
    return undefined
  } catch (error) {
    if (options.signal.aborted) return messages.interrupted(model.id, String(options.signal.reason))
    return problemOf(error, model)
  }
}

async function fetchInto(hidden: string, model: Model, options: FetchOptions): Promise<void> {
  const { from } = model
  if ('shipped' in from) throw new ProblemError(messages.shippedDamaged(model.id, model.folder))
  const what = sourceName(from)
  const archive = join(hidden, 'download')
  const { url } = 'npm' in from ? await locate(from, options) : from
  const expected =
    'npm' in from
      ? { algorithm: 'sha512', digest: Buffer.from(from.integrity.slice('sha512-'.length), 'base64') }
      : {
          algorithm: 'sha256',
          digest: from.sha256 === undefined ? undefined : Buffer.from(from.sha256, 'hex'),
        }
  await download({ url, what, path: archive, bytes: from.bytes, ...expected }, options)

  const files = join(hidden, 'files')
  await mkdir(files)
  for (const file of model.files) await mkdir(dirname(join(files, file.path)), { recursive: true })
  if ('url' in from && !archiveName.test(new URL(from.url).pathname)) {
    await rename(archive, join(files, model.files[0]?.path ?? ''))
  } else {
    await unpack(archive, join(hidden, 'unpacked'), files, model)
  }
  for (const file of model.files) {
    const path = join(files, file.path)
    if (file.made !== undefined) await writeFile(path, await makeLlamaTokens())
    await verify(path, file, model, options.signal)
  }
}

async function verify(
  path: string,
  file: Model['files'][number],
  model: Model,
  signal: AbortSignal,
): Promise<void> {
  const got = (await hashFile(path, 'sha256', signal)).toString('hex')
  if (file.sha256 !== undefined && got !== file.sha256) {
    const name = `${model.id}/${file.path}`
    throw new ProblemError(messages.integrityMismatch(name, `sha256 ${file.sha256}`, `sha256 ${got}`))
  }
  const { size } = statSync(path)
  if (size !== (file.bytes ?? size) || size === 0) {
    const want = `${file.bytes ?? 'some'} bytes`
    throw new ProblemError(messages.integrityMismatch(`${model.id}/${file.path}`, want, `${size} bytes`))
  }
  // After a power cut the name must not be there without the content.
  await using handle = await open(path)
  await handle.sync()
}

/**
 * One rename where the folder is new. A folder that is there already (a damaged model, or a folder of the user's with other
 * things in it) is kept, and each of its files replaced by a rename of its own.
 */
async function publish(files: string, model: Model): Promise<void> {
  await mkdir(dirname(model.folder), { recursive: true })
  if (statSync(model.folder, { throwIfNoEntry: false }) === undefined) {
    await rename(files, model.folder)
    return
  }
  for (const file of model.files) {
    const target = join(model.folder, file.path)
    mkdirSync(dirname(target), { recursive: true })
    await rename(join(files, file.path), target)
  }
}

/** The deepest folder on the way to the model that is there: on the model's own file system, and no folder has to be made. */
function nearestFolder(model: Model): string {
  return wayTo(model).find(folder => statSync(folder, { throwIfNoEntry: false })?.isDirectory()) ?? model.base
}

/** From the folder that holds the model's folder (or from the base, if they are one) up to the base. */
function wayTo(model: Model): string[] {
  const way: string[] = []
  for (let at = dirname(model.folder); !relative(model.base, at).startsWith('..'); at = dirname(at)) {
    way.push(at)
    if (at === model.base) break
  }
  return way.length === 0 ? [model.base] : way
}

async function removeLeftovers(model: Model): Promise<void> {
  const prefix = `.fetch-${model.id}-`
  for (const folder of wayTo(model)) {
    if (statSync(folder, { throwIfNoEntry: false }) === undefined) continue
    for (const name of readdirSync(folder)) {
      const owner = name.startsWith(prefix) ? /^(\d+)-[0-9a-f]{12}/.exec(name.slice(prefix.length)) : null
      if (owner !== null && ownerMark(Number(owner[1])) !== owner[0]) {
        await rm(join(folder, name), { recursive: true, force: true })
      }
    }
  }
}

/** Says in a folder's name whose it is, in a way that a later process with the same pid does not fit. */
function ownerMark(pid: number): string {
  const identity = identify(pid)
  return `${pid}-${createHash('sha256')
    .update(JSON.stringify(identity ?? 'gone'))
    .digest('hex')
    .slice(0, 12)}`
}

/** Expected failures in words; anything else is a bug and goes on up. */
function problemOf(error: unknown, model: Model): Problem {
  if (error instanceof ProblemError) return error.problem
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') return messages.noSpace(model.base)
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR' || code === 'EEXIST') {
    return messages.notWritable(model.folder, code)
  }
  throw error
}
