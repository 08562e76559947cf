import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { isAlive, type ProcessIdentity } from '../../lib/process-identity.ts'

/** What a running supervisor leaves on disk, so that a later one can clean up after it if it was killed. */
export interface SupervisorFile {
  version: 1
  identity: ProcessIdentity
  run: string
  sockets: string
}

export function supervisorFilePath(home: string): string {
  return join(home, 'run', 'supervisor.json')
}

/**
 * Writes the file unless a living supervisor has one there. The file appears whole and only for one of two supervisors
 * that start at once (a link fails where a rename would replace).
 */
export async function claimSupervisorFile(
  home: string,
  content: SupervisorFile,
): Promise<{ claimed: true } | { claimed: false; pid: number }> {
  const path = supervisorFilePath(home)
  const hidden = join(home, 'run', `.supervisor.json.${randomUUID().slice(0, 8)}`)
  await writeFile(hidden, JSON.stringify(content), { flag: 'wx', mode: 0o600 })
  try {
    for (;;) {
      if (await linked(hidden, path)) return { claimed: true }
      const other = await readSupervisorFile(home)
      if (other !== undefined && isAlive(other.identity)) return { claimed: false, pid: other.identity.pid }
      await putAside(path)
    }
  } finally {
    await unlink(hidden)
  }
}

/** The file's content; undefined if there is none, or if it is not one of ours (torn by a full disk, another version). */
export async function readSupervisorFile(home: string): Promise<SupervisorFile | undefined> {
  let value: unknown
  try {
    value = JSON.parse(await readFile(supervisorFilePath(home), 'utf8'))
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  return isSupervisorFile(value) ? value : undefined
}

export async function removeIfThere(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** By rename, so that of two that find the same dead file only one goes on with having removed it. */
async function putAside(path: string): Promise<void> {
  const aside = `${path}.${randomUUID().slice(0, 8)}`
  try {
    await rename(path, aside)
    await unlink(aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}

// By hand: the supervisor starts without loading zod.
function isSupervisorFile(value: unknown): value is SupervisorFile {
  if (typeof value !== 'object' || value === null) return false
  const { version, identity, run, sockets } = value as Record<string, unknown>
  if (version !== 1 || typeof run !== 'string' || run === '' || typeof sockets !== 'string') return false
  if (typeof identity !== 'object' || identity === null) return false
  const { pid, started, boot } = identity as Record<string, unknown>
  return typeof pid === 'number' && typeof started === 'string' && typeof boot === 'string'
}
