import { constants, copyFile, link } from 'node:fs/promises'
import { join, parse, resolve } from 'node:path'
import type { Io } from '../../lib/io.ts'
import type { Painted } from '../../services/portal/image-request.ts'
import {
  inWords,
  placeOf,
  replace,
  type Staging,
  stagingFor,
  stagingIn,
  toStdout,
} from '../shared/deliver.ts'

type Image = Painted['images'][number]

/** Where pictures go: they are put into the folder first. */
export interface Gallery extends Staging {
  /** The names that they have then, as a person would write them; none for stdout. */
  deliver(images: readonly Image[]): Promise<string[]>
}

/**
 * `-` is stdout. A name is written over as `say --out` does; without one, each picture gets a new name in the working
 * folder. Rejects at once with a ProblemError if nothing can be written there.
 */
export async function gallery(out: string | undefined, count: number, io: Io): Promise<Gallery> {
  if (out === '-') {
    const stdout = await toStdout(io)
    return { ...stdout, deliver: ([image]) => stdout.deliver(nameOf(image)).then(() => []) }
  }
  if (out === undefined) {
    const staging = await inWords('.', () => stagingIn(io.cwd))
    return { ...staging, deliver: images => keepNew(images, staging.folder, io.cwd) }
  }
  const names = namesOf(out, count)
  const paths = names.map(name => resolve(io.cwd, name))
  for (const [at, path] of paths.entries()) await inWords(names[at] ?? out, () => placeOf(path))
  const staging = await inWords(out, () => stagingFor(paths[0] ?? out))
  const deliver = async (images: readonly Image[]): Promise<string[]> => {
    for (const [at, image] of images.entries()) {
      const [name = out, path = out] = [names[at], paths[at]]
      await inWords(name, () => replace(join(staging.folder, image.file), path))
    }
    return names.slice(0, images.length)
  }
  return { ...staging, deliver }
}

/** `fox.png`; of several, `fox-1.png` and so on. */
function namesOf(out: string, count: number): string[] {
  if (count === 1) return [out]
  const { dir, name, ext } = parse(out)
  return Array.from({ length: count }, (_, at) => join(dir, `${name}-${at + 1}${ext}`))
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

function nameOf(image: Image | undefined): string {
  if (image === undefined) throw new Error('a result without a picture')
  return image.file
}
