import { constants, existsSync, renameSync, statSync } from 'node:fs'
import { copyFile, link, mkdir, open, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Io } from '../lib/io.ts'
import { ProblemError, type Problem } from '../lib/problem.ts'
import { download, type Downloaded, type Progress } from './download.ts'
import { checkSpace } from './download/space.ts'
import { type Download, pinOf, recordModel, type Trust } from './lock-file.ts'
import { messages } from './messages.ts'
import type { Model } from './model.ts'
import { hiddenFolder, publish } from './publish.ts'
import { locate } from './registry.ts'
import { isPacked, sourceAddress, sourceName, type Source, trustOf } from './source.ts'
import { makeLlamaTokens } from './tokens.ts'
import { unpack } from './unpack.ts'
import { checkHashes, hashFile } from './verify.ts'

export interface FetchOptions {
  /** Where partial downloads and lock.json lie; the model's base if not given. */
  readonly modelsDir?: string
  readonly env: Io['env']
  /** npm is asked from here, so that an .npmrc of the stack counts. */
  readonly cwd: string
  readonly signal: AbortSignal
  /** Never runs backwards, whatever has to be fetched again. */
  readonly onProgress?: Progress
  /** A sentence about why it goes on slowly or anew: another process has it, the server asks to wait, the file has changed. */
  readonly onNotice?: (sentence: string) => void
  /** How long one connection may send nothing; 30 s if not given. */
  readonly stallMs?: number
  /** The first pause before a further attempt; 500 ms if not given. */
  readonly pauseMs?: number
}

/**
 * Brings a model onto the disk, whole or not at all: downloaded into `.partial` (where a further run goes on), unpacked and
 * verified in a hidden folder on the model's own file system, renamed into place; only then the download is removed, and the
 * model recorded in lock.json. A run that was killed leaves its partial download, and at most that hidden folder, which the
 * next fetch removes.
 */
export async function fetchModel(model: Model, options: FetchOptions): Promise<Problem | undefined> {
  try {
    await bringOrLeave(model, options)
    return undefined
  } catch (error) {
    if (options.signal.aborted) return messages.interrupted(model.id, String(options.signal.reason))
    return problemOf(error, model)
  }
}

/** Two that can't see each other, as in two containers, may both have it in hand: then one finds its download gone. */
async function bringOrLeave(model: Model, options: FetchOptions): Promise<void> {
  try {
    await bring(model, options)
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException
    const isTaken =
      (code === 'ENOENT' || code === 'EEXIST') &&
      path?.startsWith(join(options.modelsDir ?? model.base, '.partial')) === true
    if (!isTaken) throw error
    if ((await checkHashes(model, options.signal)).type === 'present') return
    throw new ProblemError(messages.takenByAnother(model.id), { cause: error })
  }
}

async function bring(model: Model, options: FetchOptions): Promise<void> {
  const { from } = model
  const { signal, modelsDir = model.base } = options
  if ('shipped' in from) throw new ProblemError(messages.shippedDamaged(model.id, model.folder))
  if ('file' in from) {
    await using hidden = await hiddenFolder(model)
    const digest = await checkFile(from, model, signal)
    await build(from.file, hidden.path, model, { signal, keep: true, digest })
    await publish(join(hidden.path, 'files'), model)
    return recordModel(
      modelsDir,
      model,
      { digest: `sha256-${digest.toString('hex')}`, trust: 'catalog' },
      signal,
    )
  }
  // What nobody vouches for has to stay what it was the first time.
  const pin = trustOf(from) === 'catalog' ? undefined : pinOf(modelsDir, sourceAddress(from))
  using got = await downloadOf(model, from, modelsDir, options)
  if (got === undefined) return
  const algorithm = 'npm' in from ? 'sha512' : 'sha256'
  const digest = `${algorithm}-${got.digest.toString('hex')}`
  checkPin(model, digest, got, pin)
  await using hidden = await hiddenFolder(model)
  try {
    await build(got.path, hidden.path, model, { signal, keep: false, digest: got.digest })
    signal.throwIfAborted()
    await publish(join(hidden.path, 'files'), model)
  } catch (error) {
    // It came as it should and is not of use: the next run would find the same.
    if (error instanceof ProblemError && error.problem.code !== 'no_space') got.discard()
    else putBack(hidden.path, model, got.path)
    throw error
  }
  got.discard()
  // Nobody has to read it once more to know what it is.
  const known: Model =
    'url' in from ? { ...model, from: { ...from, sha256: got.digest.toString('hex') } } : model
  await recordModel(modelsDir, known, { digest, trust: trustIn(from, got) }, signal)
}

type Remote = Extract<Source, { bytes: number } & ({ url: string } | { npm: string })>

/** Where nobody has said how much an archive holds, half as much again as it has itself: weights hardly shrink. */
function unpackedBytes(files: Model['files'], archive: number): number {
  const known = files.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0)
  return files.every(({ bytes }) => bytes !== undefined) ? known : Math.max(known, 1.5 * archive)
}

async function downloadOf(
  model: Model,
  from: Remote,
  modelsDir: string,
  options: FetchOptions,
): Promise<Downloaded | undefined> {
  const unpacked = isPacked(model) ? unpackedBytes(model.files, from.bytes) : 0
  const place: { url: string; headers?: Readonly<Record<string, string>> } =
    'npm' in from ? await locate(from, options) : from
  const expected =
    'npm' in from
      ? {
          algorithm: 'sha512' as const,
          digest: Buffer.from(from.integrity.slice('sha512-'.length), 'base64'),
        }
      : {
          algorithm: 'sha256' as const,
          digest: from.sha256 === undefined ? undefined : Buffer.from(from.sha256, 'hex'),
        }
  return download(
    {
      url: place.url,
      ...(place.headers === undefined ? {} : { headers: place.headers }),
      ...expected,
      name: model.id,
      what: sourceName(from),
      bytes: from.bytes,
      folder: modelsDir,
      alsoWritten: [{ folder: model.base, bytes: unpacked }],
      isDone: async () => (await checkHashes(model, options.signal)).type === 'present',
    },
    options,
  )
}

function checkPin(model: Model, digest: string, got: Downloaded, pin: Download | undefined): void {
  if (pin?.digest === undefined || pin.digest === digest) return
  got.discard()
  throw new ProblemError(messages.changedSince(sourceAddress(model.from), model.id, pin.digest, digest))
}

function trustIn(from: Remote, got: Downloaded): Trust {
  const trust = trustOf(from)
  return trust === 'none' ? (got.trust === 'hub' ? 'hub' : 'first') : trust
}

interface Building {
  readonly signal: AbortSignal
  /** Whether the source is the user's own, and stays. */
  readonly keep: boolean
  readonly digest: Buffer
}

/** The model's files as they will be, in `files` of the hidden folder: verified, and on the disk. */
async function build(source: string, hidden: string, model: Model, building: Building): Promise<void> {
  const { signal } = building
  const files = join(hidden, 'files')
  await mkdir(files)
  for (const file of model.files) await mkdir(dirname(join(files, file.path)), { recursive: true })
  const isPlain = !isPacked(model)
  if (isPlain) await place(source, join(files, model.files[0]?.path ?? ''), model, building)
  else await unpack(source, join(hidden, 'unpacked'), files, model, signal)
  for (const file of model.files) {
    const path = join(files, file.path)
    if (file.made !== undefined) await writeFile(path, await makeLlamaTokens())
    if (file.folder === undefined)
      await verify(path, file, model, isPlain ? building.digest : undefined, signal)
  }
}

async function place(
  source: string,
  target: string,
  model: Model,
  { keep, digest, signal }: Building,
): Promise<void> {
  if (!keep) {
    try {
      // Not moved: until it has its name here, also a kill leaves the download where the next run looks for it.
      return await link(source, target)
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException
      if (noLinks.has(code)) return await rename(source, target)
      if (code !== 'EXDEV') throw error
    }
  }
  checkSpace([{ folder: dirname(target), bytes: statSync(source).size }])
  await copyFile(source, target, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL)
  const got = await hashFile(target, digest.length === 64 ? 'sha512' : 'sha256', signal)
  if (got.equals(digest)) return
  const [want, is] = [digest, got].map(bytes => bytes.toString('hex'))
  throw new ProblemError(messages.integrityMismatch(model.files[0]?.path ?? model.id, want ?? '', is ?? ''))
}

/** What a disk without links says. */
const noLinks = new Set(['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'])

/** A download that had to be moved, and could not be put in its place: the next run needs no other. */
function putBack(hidden: string, model: Model, path: string): void {
  const moved = join(hidden, 'files', model.files[0]?.path ?? '')
  if (!isPacked(model) && !existsSync(path) && existsSync(moved)) renameSync(moved, path)
}

/** `digest`: sha256 of the file, where it has just been computed. */
async function verify(
  path: string,
  file: Model['files'][number],
  model: Model,
  digest: Buffer | undefined,
  signal: AbortSignal,
): Promise<void> {
  const name = `${model.id}/${file.path}`
  const { size } = statSync(path)
  if (size !== (file.bytes ?? size) || size === 0)
    throw new ProblemError(messages.integrityMismatch(name, `${file.bytes ?? 'some'} bytes`, `${size} bytes`))
  if (file.sha256 !== undefined) {
    const got = (digest ?? (await hashFile(path, 'sha256', signal))).toString('hex')
    if (got !== file.sha256)
      throw new ProblemError(messages.integrityMismatch(name, `sha256 ${file.sha256}`, `sha256 ${got}`))
  }
  // After a power cut the name must not be there without the content.
  await using handle = await open(path)
  await handle.sync()
}

/** The sha256 of a file that somebody else brought here. */
async function checkFile(
  from: Extract<Source, { file: string }>,
  model: Model,
  signal: AbortSignal,
): Promise<Buffer> {
  const stat = statSync(from.file, { throwIfNoEntry: false })
  if (stat?.isFile() !== true) throw new ProblemError(messages.noSourceFile(model.id, from.file))
  const bytes = isPacked(model) ? unpackedBytes(model.files, from.bytes) : from.bytes
  checkSpace([{ folder: model.base, bytes }])
  if (stat.size !== from.bytes) throw new ProblemError(messages.sizeDiffers(from.file, from.bytes, stat.size))
  const digest = await hashFile(from.file, 'sha256', signal)
  if (digest.toString('hex') === from.sha256) return digest
  throw new ProblemError(
    messages.integrityMismatch(from.file, `sha256 ${from.sha256}`, `sha256 ${digest.toString('hex')}`),
  )
}

const unwritable = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'EFBIG',
  // Something of another kind lies there under that name.
  'ENOTDIR',
  'EISDIR',
  'EEXIST',
  'ENOTEMPTY',
])

/** Expected failures in words; anything else is a bug and goes on up. */
function problemOf(error: unknown, model: Model): Problem {
  if (error instanceof ProblemError) return error.problem
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT') return messages.noSpace(model.base)
  // EFBIG: there are disks that hold no file of more than 4 GB.
  if (code !== undefined && unwritable.has(code)) return messages.notWritable(model.folder, code)
  throw error
}
