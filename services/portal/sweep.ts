import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { newId, parseAttemptName } from './ids.ts'
import { serverFolders, type UserFolders, userFolders } from './layout.ts'
import { hasCode, ifThere, makeFolder, moved, removeIfOpen } from './moves.ts'
import { type Kept, keepingOf, type Retention } from './retention.ts'

/** What a sweep works on. `isRunning` of the claimer that sweeps. */
export interface Swept {
  readonly spool: string
  readonly service: string
  readonly users: Iterable<string>
  readonly retention: Retention
  readonly isRunning: (user: string, id: string) => boolean
}

/** Removes what has expired in one service's portal. It touches no job that waits or runs. */
export async function sweep(swept: Swept, now: number): Promise<void> {
  const server = serverFolders(swept.spool, swept.service)
  makeFolder(server.trash)
  for (const user of swept.users) {
    const folders = userFolders(swept.spool, swept.service, user)
    const judge = (folder: string, facts: (name: string, ageMs: number) => Kept) =>
      sweepFolder(folder, server.trash, swept.retention, now, facts)
    for (const kind of ['prep', 'done', 'error'] as const) {
      await judge(folders[kind], (_name, ageMs) => ({ kind, ageMs }))
    }
    await judge(join(server.dead, user), (_name, ageMs) => ({ kind: 'dead', ageMs }))
    const isNeeded = await needs(folders, id => swept.isRunning(user, id))
    for (const kind of ['live', 'cancel'] as const) {
      await judge(folders[kind], (name, ageMs) => ({
        kind,
        ageMs,
        needed: isNeeded(name.replace(/^\./, '')),
      }))
    }
  }
  for (const name of await names(server.trash)) removeIfOpen(join(server.trash, name))
}

async function sweepFolder(
  folder: string,
  trash: string,
  retention: Retention,
  now: number,
  facts: (name: string, ageMs: number) => Kept,
): Promise<void> {
  for (const name of await names(folder)) {
    const path = join(folder, name)
    const found = await ifThere(lstat(path))
    if (found === undefined) continue
    const keeping = keepingOf(facts(name, now - found.mtimeMs), retention)
    // Out of sight at once; it may be much to remove.
    if (keeping === 'remove') ifOpen(() => moved(path, join(trash, newId())))
  }
}

async function needs(
  folders: UserFolders,
  running: (id: string) => boolean,
): Promise<(id: string) => boolean> {
  const waiting = new Set((await names(folders.todo)).map(name => parseAttemptName(name)?.id))
  return id => waiting.has(id) || running(id)
}

async function names(folder: string): Promise<string[]> {
  return (await ifThere(readdir(folder))) ?? []
}

/** What its owner has closed stays. */
function ifOpen(act: () => void): void {
  try {
    act()
  } catch (error) {
    if (!hasCode(error, 'EACCES', 'EPERM')) throw error
  }
}
