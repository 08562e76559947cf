import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { isOrphan, ownerMark } from './download/owner.ts'
import type { Model } from './model.ts'

/**
 * A new hidden folder on the model's own file system, to build it in. Of those of killed runs, what is left is removed. Removed
 * itself at the end of its scope.
 */
export async function hiddenFolder(model: Model): Promise<{ readonly path: string } & AsyncDisposable> {
  await mkdir(model.base, { recursive: true })
  await removeLeftovers(model)
  const path = await mkdtemp(join(nearestFolder(model), `.fetch-${model.id}-${ownerMark(process.pid)}-`))
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

/**
 * One rename where the folder is new. A folder that is there already (a damaged model, or a folder of the user's with other
 * things in it) is kept, and each of its files replaced by a rename of its own.
 */
export async function publish(files: string, model: Model): Promise<void> {
  await mkdir(dirname(model.folder), { recursive: true })
  if (statSync(model.folder, { throwIfNoEntry: false }) === undefined) {
    await rename(files, model.folder)
    return
  }
  for (const file of model.files) {
    const [from, to] = [join(files, file.path), join(model.folder, file.path)]
    mkdirSync(dirname(to), { recursive: true })
    // A folder can't take the place of another one that has something in it.
    if (file.folder !== undefined && statSync(to, { throwIfNoEntry: false }) !== undefined)
      await rename(to, `${from}.before`)
    await rename(from, to)
  }
}

/**
 * On the model's own file system, and so that no folder has to be made: the deepest folder on the way to it that is there. Or
 * its own one, where that is a disk of its own or a link to one: nothing can be renamed into it from outside.
 */
function nearestFolder(model: Model): string {
  const near = wayTo(model).find(folder => deviceOf(folder) !== undefined) ?? model.base
  const own = deviceOf(model.folder)
  return own === undefined || own === deviceOf(near) ? near : model.folder
}

function deviceOf(folder: string): number | undefined {
  const stat = statSync(folder, { throwIfNoEntry: false })
  return stat?.isDirectory() === true ? stat.dev : undefined
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
  for (const folder of [...wayTo(model), model.folder]) {
    if (deviceOf(folder) === undefined) continue
    for (const name of readdirSync(folder)) {
      if (name.startsWith(prefix) && isOrphan(name.slice(prefix.length)))
        await rm(join(folder, name), { recursive: true, force: true })
    }
  }
}
