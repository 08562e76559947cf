import { createReadStream } from 'node:fs'
import { copyFile, mkdtemp, open, readlink, realpath, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { outProblems } from './messages.ts'

/** A folder that is gone at the end. */
export interface Staging extends AsyncDisposable {
  readonly folder: string
}

/** Where a result goes as a file: it is put into the folder first. */
export interface Target extends Staging {
  /** `name`: in that folder. */
  deliver(name: string): Promise<void>
}

/** For stdout, and for players of files. */
export async function throughFolder(deliver: (path: string) => Promise<void>): Promise<Target> {
  const staging = await stagingIn(tmpdir(), 'courante-')
  return { ...staging, deliver: name => deliver(join(staging.folder, name)) }
}

export function toStdout(io: Io): Promise<Target> {
  return throughFolder(path => intoStdout(path, io))
}

/** See `replace`. Rejects at once with a ProblemError if nothing can be written there; `name` is what a person calls it. */
export function toFile(path: string, name: string): Promise<Target> {
  return inWords(name, async () => {
    const staging = await stagingFor(path)
    return {
      ...staging,
      deliver: file => inWords(name, () => replace(join(staging.folder, file), path)),
    }
  })
}

export async function intoStdout(path: string, { stdout, signal }: Io): Promise<void> {
  try {
    await pipeline(createReadStream(path), stdout, { end: false, signal })
  } catch (error) {
    signal.throwIfAborted()
    // Its reader left; `runMain` hears of it, too, and gives the exit code.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
}

/** Beside the file that is to be replaced, so that it can be renamed. Rejects if nothing can be written there. */
export async function stagingFor(path: string): Promise<Staging> {
  const { kind, place } = await placeOf(path)
  return kind === 'special' ? stagingIn(tmpdir(), 'courante-') : stagingIn(dirname(place))
}

export async function stagingIn(parent: string, prefix = '.courante-'): Promise<Staging> {
  const folder = await mkdtemp(join(parent, prefix))
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}

/** Appears whole, in one rename. A link is written through, also one that leads nowhere yet; a pipe or a device, into. */
export async function replace(from: string, to: string): Promise<void> {
  const { kind, place } = await placeOf(to)
  if (kind === 'special') {
    await using target = await open(place, 'w')
    return await pipeline(createReadStream(from), target.createWriteStream())
  }
  try {
    await rename(from, place)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
    await using beside = await stagingIn(dirname(place))
    const copy = join(beside.folder, basename(place))
    await copyFile(from, copy)
    await rename(copy, place)
  }
}

export async function inWords<T>(name: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof ProblemError || code === undefined) throw error
    throw new ProblemError(outProblems.unwritable(name, code), { cause: error })
  }
}

/** Where a path leads. Rejects for a folder. */
export async function placeOf(path: string): Promise<{ kind: 'file' | 'special'; place: string }> {
  const found = await unlessCode('ENOENT', stat(path))
  if (found?.isDirectory() === true) throw Object.assign(new Error('a folder'), { code: 'EISDIR' })
  if (found !== undefined && !found.isFile()) return { kind: 'special', place: path }
  return { kind: 'file', place: found === undefined ? await endOfLinks(path) : await realpath(path) }
}

/** Of links whose end is not there. `stat` has refused those that go round. */
async function endOfLinks(path: string): Promise<string> {
  const target = await unlessCode('ENOENT', unlessCode('EINVAL', readlink(path)))
  return target === undefined ? path : endOfLinks(resolve(await realpath(dirname(path)), target))
}

async function unlessCode<T>(code: string, work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== code) throw error
    return undefined
  }
}
