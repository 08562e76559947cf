import { lstat, readdir, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAttemptName } from './ids.ts'
import { serverFolders, type UserFolders, userFolders } from './layout.ts'
import { ifThere, removeAside } from './moves.ts'
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
  for (const name of await names(server.trash))
    await rm(join(server.trash, name), { recursive: true, force: true })
  for (const user of swept.users) {
    const folders = userFolders(swept.spool, swept.service, user)
    const judge = (folder: string, facts: (name: string, ageMs: number) => Kept) =>
      sweepFolder(folder, server.trash, swept.retention, now, facts)
    for (const kind of ['prep', 'done', 'error'] as const) {
      await judge(folders[kind], (_name, ageMs) => ({ kind, ageMs }))
    }
    await judge(join(server.dead, user), (_name, ageMs) => ({ kind: 'dead', ageMs }))
    const answers = new Set([...(await names(folders.done)), ...(await names(folders.error))])
    await judge(join(server.seen, user), (id, ageMs) =>
      answers.has(id) ? { kind: 'seen-uncollected' } : { kind: 'seen', ageMs },
    )
    const isNeeded = await needs(folders, id => swept.isRunning(user, id))
    for (const kind of ['live', 'cancel'] as const) {
      await judge(folders[kind], (name, ageMs) => ({
        kind,
        ageMs,
        needed: isNeeded(name.replace(/^\./, '')),
      }))
    }
  }
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
    if (keeping === 'renew') await ifThere(utimes(path, now / 1000, now / 1000))
    else if (keeping === 'remove') await removeAside(path, trash)
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
