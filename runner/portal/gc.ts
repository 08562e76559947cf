import { lstatSync, readdirSync } from 'node:fs'
import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { exit } from '../../lib/exit.ts'
import type { Io } from '../../lib/io.ts'
import { serverFolders, userFolders } from '../../services/portal/layout.ts'
import { ifThere } from '../../services/portal/moves.ts'
import { namesIn, parseClaimName, servicesOf, usersOf } from '../../services/portal/queue-view.ts'
import { defaultRetention, type Kept, keepingOf } from '../../services/portal/retention.ts'
import { sweep } from '../../services/portal/sweep.ts'
import { filesOf } from './job-files.ts'
import { words } from './messages.ts'
import { jsonOption, openPortal, parsePortal } from './open.ts'
import { bytes } from './text.ts'

type Kind = keyof typeof words.kinds

/** Something that the sweep may remove; `bytes` of its files, if it is known to have expired. */
interface Candidate {
  readonly kind: Kind
  readonly path: string
  readonly bytes: number
}

/** Removes what has expired, of all users, as a worker does each minute; nothing that waits or runs. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const { values } = parsePortal('gc', argv, jsonOption, { least: 0, most: 0 })
  const { spool } = await openPortal(values, io)
  const now = Date.now()
  const removed: Partial<Record<Kind, number>> = {}
  let freed = 0
  for (const service of await servicesOf(spool)) {
    const users = await usersOf(spool, service)
    const candidates = await candidatesOf(spool, service, users, now)
    const isRunning = (user: string, id: string): boolean => isClaimed(spool, service, user, id)
    await sweep({ spool, service, users, retention: defaultRetention, isRunning }, now)
    for (const { kind, path, bytes } of candidates) {
      if ((await ifThere(lstat(path))) !== undefined) continue
      removed[kind] = (removed[kind] ?? 0) + 1
      freed += bytes
    }
  }
  const what = Object.entries(removed).map(([kind, count]) => `${count} ${words.kinds[kind as Kind]}`)
  if (values.json === true) io.stdout.write(`${JSON.stringify({ removed, bytes: freed })}\n`)
  else
    io.stdout.write(what.length === 0 ? words.nothingToRemove : words.removed(what.join(', '), bytes(freed)))
  return exit.ok
}

async function candidatesOf(
  spool: string,
  service: string,
  users: readonly string[],
  now: number,
): Promise<Candidate[]> {
  const server = serverFolders(spool, service)
  const candidates: Candidate[] = []
  const add = async (kind: Kind, folder: string): Promise<void> => {
    for (const name of await namesIn(folder)) {
      const path = join(folder, name)
      const found = await ifThere(lstat(path))
      if (found === undefined) continue
      const kept = { kind, ageMs: now - found.mtimeMs, needed: false } as Kept
      if (keepingOf(kept, defaultRetention) !== 'remove') continue
      const size = found.isDirectory() ? await sizeOf(path) : found.size
      candidates.push({ kind, path, bytes: size })
    }
  }
  await add('trash', server.trash)
  for (const user of users) {
    const folders = userFolders(spool, service, user)
    for (const kind of ['prep', 'done', 'error', 'live', 'cancel'] as const) await add(kind, folders[kind])
    await add('dead', join(server.dead, user))
  }
  return candidates
}

async function sizeOf(folder: string): Promise<number> {
  return (await filesOf(folder)).reduce((sum, file) => sum + file.bytes, 0)
}

/**
 * Whether any worker, alive or not, holds the job. Looked up at the moment of the question, which the sweep asks after it has
 * read the queue: so a job that is claimed meanwhile is seen in one of the two.
 */
function isClaimed(spool: string, service: string, user: string, id: string): boolean {
  const { run } = serverFolders(spool, service)
  return namesNow(run).some(instance =>
    namesNow(join(run, instance, user)).some(name => parseClaimName(name)?.id === id),
  )
}

function namesNow(folder: string): string[] {
  return lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() === true ? readdirSync(folder) : []
}
