import { constants, statSync } from 'node:fs'
import { type FileHandle, mkdir, open, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ProblemError } from '../lib/problem.ts'
import { archiveFaults, messages } from './messages.ts'
import type { Model } from './model.ts'
import { type ModelFile, sourceName } from './source.ts'
import { ArchiveFault, type Entry, limitsFor } from './unpack/entry.ts'
import { kindOf } from './unpack/kind.ts'
import { readTar } from './unpack/read-tar.ts'
import { readZip } from './unpack/read-zip.ts'
import { Selection } from './unpack/selection.ts'

/**
 * Takes the model's files out of an archive (tar, tar.gz, tar.bz2 or zip, by its content) and puts them under their own names
 * into `target`. What nobody wants is not written at all; what is wanted is written under numbers into `scratch`, a new
 * folder on the same disk, so that no path of the archive's choosing is ever opened. Throws a ProblemError for an archive
 * that is broken, hostile, or lacks a file.
 */
export async function unpack(
  archive: string,
  scratch: string,
  target: string,
  model: Model,
  signal?: AbortSignal,
): Promise<void> {
  await mkdir(scratch, { mode: 0o700 })
  try {
    const taken = await extract(archive, scratch, model, signal)
    checkComplete(taken, model)
    for (const { from, path } of taken) {
      await mkdir(dirname(join(target, path)), { recursive: true })
      await rename(from, join(target, path))
    }
  } catch (error) {
    signal?.throwIfAborted()
    const { code, message } = error as NodeJS.ErrnoException
    const isFault = error instanceof ArchiveFault
    if (!isFault && code?.startsWith('TAR_') !== true && code?.startsWith('Z_') !== true) throw error
    throw new ProblemError(messages.badArchive(sourceName(model.from), message), { cause: error })
  }
}

interface Taken {
  readonly file: ModelFile
  /** Where it lies by now. */
  readonly from: string
  /** Where it belongs in the model's folder. */
  readonly path: string
  readonly bytes: number
}

async function extract(
  archive: string,
  scratch: string,
  model: Model,
  signal?: AbortSignal,
): Promise<Taken[]> {
  const limits = limitsFor(statSync(archive).size)
  const selection = new Selection(model.files)
  const taken: Taken[] = []
  let left = limits.bytes
  const onEntry = async (entry: Entry, content: () => AsyncIterable<Buffer>): Promise<void> => {
    const wanted = selection.take(entry)
    if (wanted === undefined) return
    checkSize(wanted.file, entry, model)
    if (!(entry.bytes >= 0)) throw new ArchiveFault(archiveFaults.otherSize(entry.name, entry.bytes))
    left -= entry.bytes
    if (left < 0) throw new ArchiveFault(archiveFaults.tooMuch(limits.bytes))
    const from = join(scratch, String(taken.length))
    await write(from, entry, content())
    taken.push({ ...wanted, from, bytes: entry.bytes })
  }
  const kind = await kindOf(archive)
  if (kind === 'zip') await readZip(archive, limits, onEntry, signal)
  else if (kind === 'tar' || kind === 'gzip' || kind === 'bzip2')
    await readTar(archive, kind, limits, onEntry, signal)
  else throw new ArchiveFault(archiveFaults.otherKind(kind))
  return taken
}

/** Not a byte more than it has said, and not one less. */
async function write(path: string, entry: Entry, content: AsyncIterable<Buffer>): Promise<void> {
  // A file of ours and nobody else's, whatever the archive says of owners and rights; never through a link.
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const file: FileHandle = await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644)
  try {
    let bytes = 0
    for await (const chunk of content) {
      bytes += chunk.length
      if (bytes > entry.bytes) break
      await file.writev([chunk])
    }
    if (bytes !== entry.bytes) throw new ArchiveFault(archiveFaults.otherSize(entry.name, entry.bytes))
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A size that is known is checked before the first byte is written. */
function checkSize({ path, folder, bytes }: ModelFile, entry: Entry, model: Model): void {
  if (bytes === undefined || entry.bytes === bytes || (folder !== undefined && entry.bytes < bytes)) return
  const name = `${model.id}/${path}`
  throw new ProblemError(messages.integrityMismatch(name, `${bytes} bytes`, `${entry.bytes} bytes`))
}

function checkComplete(taken: readonly Taken[], model: Model): void {
  for (const file of model.files) {
    const wanted = file.entry ?? file.folder
    if (wanted === undefined) continue
    const its = taken.filter(one => one.file === file)
    if (its.length === 0)
      throw new ProblemError(messages.notInPackage(model.id, wanted, sourceName(model.from)))
    const bytes = its.reduce((sum, one) => sum + one.bytes, 0)
    if (bytes === (file.bytes ?? bytes)) continue
    const name = `${model.id}/${file.path}`
    throw new ProblemError(messages.integrityMismatch(name, `${file.bytes} bytes`, `${bytes} bytes`))
  }
}
