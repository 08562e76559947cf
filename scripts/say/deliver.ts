import { createReadStream } from 'node:fs'
import { mkdtemp, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { sayProblems } from '../shared/messages.ts'

/** Where speech goes as a file: `folder` is where the result is put first. */
export interface Target extends AsyncDisposable {
  readonly folder: string
  /** `name`: in that folder. */
  deliver(name: string): Promise<void>
}

/** A folder of its own that is gone at the end, for stdout and for players of files. */
export async function throughFolder(deliver: (path: string) => Promise<void>): Promise<Target> {
  const folder = await mkdtemp(join(tmpdir(), 'courante-'))
  return {
    folder,
    deliver: name => deliver(join(folder, name)),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

export function toStdout({ stdout, signal }: Io): Promise<Target> {
  return throughFolder(async path => {
    try {
      await pipeline(createReadStream(path), stdout, { end: false, signal })
    } catch (error) {
      signal.throwIfAborted()
      // Its reader left; `runMain` hears of it, too, and gives the exit code.
      if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
    }
  })
}

/** Appears whole, in one rename, unless what is there is no plain file. Rejects at once with a ProblemError if nothing can be written there. */
export async function toFile(path: string, name: string): Promise<Target> {
  try {
    const kind = await kindOf(path)
    if (kind === 'folder') throw Object.assign(new Error('a folder'), { code: 'EISDIR' })
    if (kind === 'special') return await throughFolder(from => copyInto(from, path))
    const target = kind === 'file' ? await realpath(path) : path
    const folder = await mkdtemp(join(dirname(target), '.courante-'))
    return {
      folder,
      deliver: name => rename(join(folder, name), target),
      [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new ProblemError(sayProblems.unwritable(name, code), { cause: error })
  }
}

async function kindOf(path: string): Promise<'absent' | 'file' | 'folder' | 'special'> {
  try {
    const found = await stat(path)
    return found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'special'
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 'absent'
    throw error
  }
}

/** A pipe or a device. */
async function copyInto(from: string, to: string): Promise<void> {
  await using target = await open(to, 'w')
  await pipeline(createReadStream(from), target.createWriteStream())
}
