import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { z } from 'zod'
import { jsonOrUndefined } from '../lib/parse-json.ts'
import { ProblemError } from '../lib/problem.ts'
import { isOrphan, ownerMark } from './download/owner.ts'
import { messages } from './messages.ts'
import type { Model } from './model.ts'
import { modelName, sha256, sourceAddress, trustOf } from './source.ts'
import { checkSizes, filesOf, hashFile, type ModelState, plainSha256 } from './verify.ts'

/** Who said what a download had to be; first: nobody, so what came the first time is what it has to be from then on. */
export type Trust = 'catalog' | 'hub' | 'first'

const fileSchema = z.strictObject({
  /** Relative to the model's folder. */
  path: z.string().min(1),
  bytes: z.number().nonnegative(),
  sha256,
  mtimeMs: z.number(),
})

const downloadSchema = z.strictObject({
  /** The URL, `npm: name@version`, or the path of a file. */
  from: z.string().min(1),
  /** Of what came from there, `sha256-<hex>` or `sha512-<hex>`; not known of files that somebody brought here by hand. */
  digest: z
    .string()
    .regex(/^sha(256-[0-9a-f]{64}|512-[0-9a-f]{128})$/)
    .optional(),
  trust: z.enum(['catalog', 'hub', 'first']),
  files: z.array(fileSchema),
})

const lockSchema = z.strictObject({
  schema: z.literal(1),
  /** By id. A model in several parts has come in several downloads. */
  models: z.record(
    modelName,
    z.strictObject({ folder: z.string().min(1), downloads: z.array(downloadSchema) }),
  ),
})

export type Download = z.infer<typeof downloadSchema>

export interface Lock extends z.infer<typeof lockSchema> {
  /** What is wrong with the file that is there; then no model is in it, and all are looked at anew. */
  readonly fault: string | undefined
}

export function lockPath(modelsDir: string): string {
  return join(modelsDir, 'lock.json')
}

/** What was installed, with the hashes that were seen. Costs a fraction of a millisecond. */
export function readLock(modelsDir: string): Lock {
  let text: string
  try {
    text = readFileSync(lockPath(modelsDir), 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    const isNone = code === 'ENOENT' || code === 'ENOTDIR'
    return { schema: 1, models: {}, fault: isNone ? undefined : code }
  }
  const read = lockSchema.safeParse(jsonOrUndefined(text))
  return read.success
    ? { ...read.data, fault: undefined }
    : { schema: 1, models: {}, fault: 'it is not what Courante writes' }
}

/**
 * Remembers a model whose files are all in place: the last thing of an installation. Hashes that the catalog does not know
 * are computed. A model that is here and not recorded is hashed once more and no more than that, so that nothing is lost
 * with an entry.
 */
export async function recordModel(
  modelsDir: string,
  model: Model,
  { digest, trust }: { readonly digest?: string; readonly trust: Trust },
  signal?: AbortSignal,
): Promise<void> {
  const files: Download['files'] = []
  for (const path of filesOf(model)) files.push(await recordOf(model, path, signal))
  const from = sourceAddress(model.from)
  const download: Download = { from, ...(digest === undefined ? {} : { digest }), trust, files }
  const folder = relative(modelsDir, model.folder)
  await change(modelsDir, signal, lock => {
    const before = lock.models[model.id]
    const others = before?.folder === folder ? before.downloads : []
    const isOther = (one: Download): boolean =>
      one.from !== from &&
      one.files.every(old => files.every(({ path }) => path !== old.path)) &&
      one.files.every(file => isAsRecorded(model.folder, file))
    return { ...lock.models, [model.id]: { folder, downloads: [...others.filter(isOther), download] } }
  })
}

/** The model is gone from here; so is what its address was held to. */
export async function forgetModel(modelsDir: string, id: string): Promise<void> {
  if (readLock(modelsDir).models[id] === undefined) return
  await change(modelsDir, undefined, ({ models }) => {
    const { [id]: _gone, ...others } = models
    return others
  })
}

/** Whether all its files are as they were recorded: the same sizes and times. Reads no content. */
export function isRecorded(model: Model, lock: Lock): boolean {
  // What lies in git needs no other record.
  if ('shipped' in model.from) return checkSizes(model).type === 'present'
  const known = recordedFiles(model, lock)
  const isThere = ({ path, folder }: Model['files'][number]): boolean => {
    if (folder === undefined) return known.has(path)
    return [...known.keys()].some(one => one.startsWith(`${path}/`))
  }
  return (
    model.files.every(isThere) &&
    checkSizes(model).type === 'present' &&
    filesOf(model).every(path => {
      const file = known.get(path)
      return file !== undefined && isAsRecorded(model.folder, file)
    })
  )
}

/**
 * Hashes a model that is here, and remembers it: one that was copied by hand, or whose installation was killed in its last
 * moment. What is in the catalog counts, else what was recorded before; a file that nobody knows is taken as it is.
 */
export async function verifyAndRecord(
  modelsDir: string,
  model: Model,
  signal?: AbortSignal,
): Promise<ModelState> {
  const sizes = checkSizes(model)
  if (sizes.type !== 'present') return sizes
  const lock = readLock(modelsDir)
  const known = recordedFiles(model, lock)
  const paths = filesOf(model)
  for (const path of paths) {
    const want = knownHash(model, path) ?? known.get(path)?.sha256
    if (want === undefined) continue
    const file = join(model.folder, path)
    if ((await hashFile(file, 'sha256', signal)).toString('hex') !== want)
      return { type: 'damaged', file, reason: 'hash' }
  }
  if ('shipped' in model.from || isRecorded(model, lock)) return { type: 'present' }
  const before = lock.models[model.id]?.downloads.find(({ from }) => from === sourceAddress(model.from))
  const isPinned = paths.every(path => knownHash(model, path) !== undefined)
  const trust = before?.trust ?? (isPinned && trustOf(model.from) === 'catalog' ? 'catalog' : 'first')
  const { digest } = before ?? {}
  try {
    await recordModel(modelsDir, model, { trust, ...(digest === undefined ? {} : { digest }) }, signal)
  } catch (error) {
    // A folder of models that is only read from is as good; it is hashed again the next time.
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EROFS' && code !== 'EACCES' && code !== 'EPERM') throw error
  }
  return { type: 'present' }
}

/**
 * What came from an address before, where nobody but the sender said what it had to be. Throws a ProblemError if nobody can
 * tell: a lock.json that is broken must not let in what it would have kept out.
 */
export function pinOf(modelsDir: string, address: string): Download | undefined {
  const { models, fault } = readLock(modelsDir)
  if (fault !== undefined) throw new ProblemError(messages.brokenLock(lockPath(modelsDir), fault))
  return Object.values(models)
    .flatMap(({ downloads }) => downloads)
    .find(({ from, trust }) => from === address && trust !== 'catalog')
}

function recordedFiles(model: Model, { models }: Lock): Map<string, Download['files'][number]> {
  const files = models[model.id]?.downloads.flatMap(({ files }) => files) ?? []
  return new Map(files.map(file => [file.path, file]))
}

function isAsRecorded(folder: string, { path, bytes, mtimeMs }: Download['files'][number]): boolean {
  const stat = statSync(join(folder, path), { throwIfNoEntry: false })
  return stat?.isFile() === true && stat.size === bytes && stat.mtimeMs === mtimeMs
}

async function recordOf(
  model: Model,
  path: string,
  signal?: AbortSignal,
): Promise<Download['files'][number]> {
  const file = join(model.folder, path)
  // Before the hash: a file that changes meanwhile is then not as recorded.
  const { size: bytes, mtimeMs } = statSync(file)
  const hash = knownHash(model, path) ?? (await hashFile(file, 'sha256', signal)).toString('hex')
  return { path, bytes, sha256: hash, mtimeMs }
}

function knownHash(model: Model, path: string): string | undefined {
  return model.files.find(file => file.path === path)?.sha256 ?? plainSha256(model)
}

async function change(
  modelsDir: string,
  signal: AbortSignal | undefined,
  models: (lock: Lock) => Lock['models'],
): Promise<void> {
  // Only here: most starts record nothing.
  const { withFileLock } = await import('./file-lock.ts')
  mkdirSync(modelsDir, { recursive: true })
  const path = lockPath(modelsDir)
  await withFileLock(join(modelsDir, '.lock.json.held'), signal, () => {
    const prefix = '.lock.json.new-'
    for (const name of readdirSync(modelsDir))
      if (name.startsWith(prefix) && isOrphan(name.slice(prefix.length)))
        rmSync(join(modelsDir, name), { force: true })
    const before = readLock(modelsDir)
    // Somebody may want to mend it: the pins in it are nowhere else.
    if (before.fault !== undefined) renameSync(path, `${path}.broken`)
    const hidden = join(modelsDir, `${prefix}${ownerMark(process.pid)}`)
    const text = `${JSON.stringify({ schema: 1, models: models(before) }, null, 1)}\n`
    writeFileSync(hidden, text, { flush: true })
    renameSync(hidden, path)
  })
}
