import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { mkdir, rename, rm, rmdir, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseIdentity } from '../../lib/identity-schema.ts'
import { identify, isAlive } from '../../lib/process-identity.ts'
import { besideOf, installingName, markName, oldName } from './venv-names.ts'

/**
 * How a venv is made in the place of another one. It holds its own path, so it can't be made elsewhere and renamed: the one
 * that is there is put aside, into the new one, until that one works. A kill at any moment leaves one of:
 *
 *     venv = the old one                      (and perhaps an empty folder beside it)
 *     beside = { old }, no venv               recovered by the next `begin`
 *     venv = { mark, old, … the new one … }   unfinished: made anew, the old one stays where it is
 *     venv = the new one, { old }             the old one is rubbish
 */
const ownerName = 'owner'

/** Whether a run was killed while it made this venv. */
export function isUnfinished(venv: string): boolean {
  return isThere(join(venv, markName))
}

/** The pid of another process that is making or filling this venv just now. */
export function busyWith(venv: string): number | undefined {
  for (const mark of [join(venv, markName), join(venv, installingName, ownerName)]) {
    const owner = parseIdentity(textOf(mark))
    if (owner !== undefined && owner.pid !== process.pid && isAlive(owner)) return owner.pid
  }
  return undefined
}

/** Says that packages are being installed in it, and by whom; returns a folder for what is unpacked meanwhile. */
export async function beginPackages(venv: string): Promise<string> {
  const scratch = join(venv, installingName)
  await rm(scratch, { recursive: true, force: true })
  await mkdir(scratch)
  await writeFile(join(scratch, ownerName), self())
  return scratch
}

/**
 * Leaves a folder that is marked as unfinished, with what was there put aside in it. False where something that is no venv
 * lies there by now: the look was before the question, which a person may answer when they like.
 */
export async function beginVenv(venv: string): Promise<boolean> {
  await recover(venv)
  const beside = besideOf(venv)
  await mkdir(beside)
  await writeFile(join(beside, markName), self())
  if (isUnfinished(venv)) {
    if (isThere(join(venv, oldName))) await rename(join(venv, oldName), join(beside, oldName))
    await rm(venv, { recursive: true, force: true })
  } else if (isThere(join(venv, 'pyvenv.cfg'))) {
    await rm(join(venv, oldName), { recursive: true, force: true })
    await rename(venv, join(beside, oldName))
  } else if (!(await clear(venv))) {
    await rm(beside, { recursive: true, force: true })
    return false
  }
  await rename(beside, venv)
  return true
}

/** Takes an empty folder away, or a link to one or to nothing. False where anything else lies there: it stays. */
async function clear(venv: string): Promise<boolean> {
  try {
    await rmdir(venv)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return true
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false
    if (code !== 'ENOTDIR') throw error
  }
  const target = statSync(venv, { throwIfNoEntry: false })
  const isFree = target === undefined || (target.isDirectory() && readdirSync(venv).length === 0)
  if (!lstatSync(venv).isSymbolicLink() || !isFree) return false
  await unlink(venv)
  return true
}

/** Whether a venv that is being made has put another one aside. */
export function replacesOne(venv: string): boolean {
  return isThere(join(venv, oldName))
}

/** The new one works: what it replaced goes. */
export async function commitVenv(venv: string): Promise<void> {
  await rm(join(venv, markName), { force: true })
  await rm(join(venv, oldName), { recursive: true, force: true })
}

/** The new one did not come to be: it goes, and what it was to replace is back. */
export async function abandonVenv(venv: string): Promise<void> {
  if (!isUnfinished(venv)) return
  const beside = besideOf(venv)
  await rm(beside, { recursive: true, force: true })
  await rename(venv, beside)
  await recover(venv)
}

async function recover(venv: string): Promise<void> {
  const beside = besideOf(venv)
  const old = join(beside, oldName)
  if (isThere(old) && (!isThere(venv) || isUnfinished(venv))) {
    await rm(venv, { recursive: true, force: true })
    await rename(old, venv)
  }
  await rm(beside, { recursive: true, force: true })
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

function self(): string {
  return JSON.stringify(identify(process.pid))
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return ''
    throw error
  }
}
