import { lstatSync } from 'node:fs'
import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { ProblemError } from '../lib/problem.ts'
import { messages } from './messages.ts'
import type { Model } from './model.ts'
import { sourceName } from './source.ts'

/**
 * Takes the model's files out of a .tar.gz and puts them under their own names into `target`. Only entries that are wanted
 * by name and are plain files are written at all: no link, no path of the archive's choosing.
 */
export async function unpack(archive: string, scratch: string, target: string, model: Model): Promise<void> {
  const tar = await import('tar')
  await mkdir(scratch)
  const wanted = new Set(model.files.flatMap(file => file.entry ?? []))
  try {
    await tar.extract({
      file: archive,
      cwd: scratch,
      strict: true,
      preserveOwner: false,
      filter: (path, entry) =>
        wanted.has(path) && 'type' in entry && (entry.type === 'File' || entry.type === 'OldFile'),
    })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined || code.startsWith('TAR_') || code.startsWith('Z_')) {
      throw new ProblemError(messages.badArchive(sourceName(model.from), code ?? message))
    }
    throw error
  }
  for (const file of model.files) {
    if (file.entry === undefined) continue
    const path = join(scratch, file.entry)
    if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) {
      throw new ProblemError(messages.notInPackage(model.id, file.entry, sourceName(model.from)))
    }
    await rename(path, join(target, file.path))
  }
}
