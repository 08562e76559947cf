import { createReadStream } from 'node:fs'
import { constants, copyFile, link, mkdtemp, open, realpath, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, parse, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import type { Painted } from '../../services/portal/image-request.ts'
import { paintProblems } from '../shared/messages.ts'

type Image = Painted['images'][number]

/** Where pictures go: `folder` is where the result is put first. */
export interface Gallery extends AsyncDisposable {
  readonly folder: string
  /** The names that they have then, as a person would write them; none for stdout. */
  deliver(images: readonly Image[]): Promise<string[]>
}

/**
 * `-` is stdout. A name is written over as `say --out` does; without one, each picture gets a new name in the working
 * folder. Rejects at once with a ProblemError if nothing can be written there.
 */
export async function gallery(out: string | undefined, io: Io): Promise<Gallery> {
  if (out === '-')
    return within(tmpdir(), async ([image], folder) => toStdout(join(folder, nameOf(image)), io))
  if (out === undefined)
    return inWords('.', () => within(io.cwd, (images, folder) => keepNew(images, folder, io.cwd)))
  return inWords(out, async () => {
    const path = resolve(io.cwd, out)
    if ((await kindOf(path)) === 'folder') throw Object.assign(new Error('a folder'), { code: 'EISDIR' })
    return within(dirname(path), (images, folder) => keepAs(images, folder, out, io.cwd))
  })
}

async function within(
  parent: string,
  deliver: (images: readonly Image[], folder: string) => Promise<string[]>,
): Promise<Gallery> {
  const folder = await mkdtemp(join(parent, '.courante-'))
  return {
    folder,
    deliver: images => deliver(images, folder),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

/** `fox.png`; of several, `fox-1.png` and so on. */
async function keepAs(images: readonly Image[], folder: string, out: string, cwd: string): Promise<string[]> {
  const { dir, name, ext } = parse(out)
  const names: string[] = []
  for (const [at, image] of images.entries()) {
    const chosen = images.length === 1 ? out : join(dir, `${name}-${at + 1}${ext}`)
    await inWords(chosen, () => replace(join(folder, image.file), resolve(cwd, chosen)))
    names.push(chosen)
  }
  return names
}

/** A link is written through; what is no plain file (a pipe, a device) is written into. */
async function replace(from: string, to: string): Promise<void> {
  const kind = await kindOf(to)
  if (kind === 'folder') throw Object.assign(new Error('a folder'), { code: 'EISDIR' })
  if (kind !== 'special') return await rename(from, kind === 'file' ? await realpath(to) : to)
  await using target = await open(to, 'w')
  await pipeline(createReadStream(from), target.createWriteStream())
}

/** Named after its seed, with which it can be made again. */
async function keepNew(images: readonly Image[], folder: string, cwd: string): Promise<string[]> {
  const names: string[] = []
  for (const { file, seed } of images) {
    const base = seed === undefined ? 'paint' : `paint-${seed}`
    for (let at = 1; ; at++) {
      const name = at === 1 ? `${base}.png` : `${base}-${at}.png`
      if (!(await inWords(name, () => placeNew(join(folder, file), join(cwd, name))))) continue
      names.push(name)
      break
    }
  }
  return names
}

/** False where something has that name. */
async function placeNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to).catch(async (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') throw error
      // Some file systems have no links.
      await copyFile(from, to, constants.COPYFILE_EXCL)
    })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

async function toStdout(path: string, { stdout, signal }: Io): Promise<string[]> {
  try {
    await pipeline(createReadStream(path), stdout, { end: false, signal })
  } catch (error) {
    signal.throwIfAborted()
    // Its reader left; `runMain` hears of it, too, and gives the exit code.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
  return []
}

function nameOf(image: Image | undefined): string {
  if (image === undefined) throw new Error('a result without a picture')
  return image.file
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

async function inWords<T>(name: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof ProblemError || code === undefined) throw error
    throw new ProblemError(paintProblems.unwritable(name, code), { cause: error })
  }
}
