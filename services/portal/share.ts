import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdirSync, renameSync, rmdirSync } from 'node:fs'
import { chown, lstat, mkdir, readdir, realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { ProblemError } from '../../lib/problem.ts'
import { idSchema } from './ids.ts'
import { heartbeatName, serverFolders, userFolders } from './layout.ts'
import { hasCode, ifThere, makeFolder } from './moves.ts'
import { shareProblems } from './share-messages.ts'

export interface Sharing {
  readonly spool: string
  readonly service: string
  /** A user of this machine, and the name of the folder. */
  readonly user: string
}

/**
 * Lets another user of the machine submit to one service: makes the user's folders, open to that user and to the owner of
 * the spool and to nobody else, and closes the rest of the spool to all others. It may be called again at any time, as the
 * owner of the spool or as root. Throws a ProblemError.
 */
export async function shareWith({ spool, service, user }: Sharing): Promise<void> {
  if (process.platform !== 'linux') throw new ProblemError(shareProblems.linuxOnly())
  for (const name of [service, user]) {
    if (!idSchema.safeParse(name).success || name === heartbeatName)
      throw new ProblemError(shareProblems.badName(name))
  }
  const owner = await ifReachable(stat(spool))
  if (owner === undefined) throw new ProblemError(shareProblems.noSpool(spool))
  const me = process.geteuid?.()
  if (me !== 0 && me !== owner.uid) throw new ProblemError(shareProblems.notOwner(spool, owner.uid))
  const [uid, ...groups] = await idsOf(user)
  if (uid === undefined) throw new ProblemError(shareProblems.noUser(user))
  if (uid === owner.uid) throw new ProblemError(shareProblems.ownUser(user))
  const closed = await firstClosed(parentsOf(await realpath(spool)), uid, groups)
  if (closed !== undefined) throw new ProblemError(shareProblems.closedParent(closed, user, uid))

  const server = serverFolders(spool, service)
  const { live, ...others } = userFolders(spool, service, user)
  const both = Object.values(others)
  const base = dirname(live)
  const mark = shareMark(spool, service, user)
  const shares = dirname(mark)
  const privates = [server.run, server.dead, server.seen, server.trash, shares, mark]
  for (const folder of [server.service, ...privates]) await makeOwned(folder, owner)
  const closedToAll = 'u::rwx,g::---,o::---'
  await setfacl(spool, '--modify=g::---,o::---', await ownedIn(spool, owner.uid))
  await setfacl(spool, '--modify=g::---,o::---', await ownedIn(server.service, owner.uid))
  // The mark, before the first thing to be marked.
  const inherited = `d:u::rwx,d:g::---,d:o::---,d:m::rwx,d:u:${owner.uid}:rwx,d:u:${uid}`
  await setfacl(spool, `--set=${closedToAll},${inherited}:rwx`, [
    mark,
    ...(await jobsFolders(server.run, user)),
  ])
  for (const folder of [base, live, ...both]) await makeOwned(folder, owner)
  await setfacl(spool, `--set=${closedToAll},u:${uid}:rwx,${inherited}:rwx`, both)
  await setfacl(spool, `--set=${closedToAll},u:${uid}:r-x,${inherited}:r-x`, [live])
  await setfacl(spool, `--set=${closedToAll},u:${uid}:r-x`, [base])
  await setfacl(spool, `--modify=u:${uid}:--x,g::---,o::---`, [server.service, spool])
}

/**
 * There for each user with whom a service is shared; its default ACL is that of the user's jobs. That user can write to
 * what lies in its folders, whoever owns it: an answer that is put back with `mv` is the service's own, and not to be
 * trusted either.
 */
export function shareMark(spool: string, service: string, user: string): string {
  return join(serverFolders(spool, service).service, '.shared', user)
}

/**
 * Makes the folder for the claimed jobs of a user, whose parent is there. What is made in it and moved out to a shared user
 * later can be read and removed by that user. Starts no process.
 */
export function makeJobsFolder(sharing: Sharing, folder: string): void {
  // Made where it inherits, and moved: Node can't set an ACL.
  const made = join(shareMark(sharing.spool, sharing.service, sharing.user), randomUUID())
  try {
    mkdirSync(made)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
    makeFolder(folder)
    return
  }
  try {
    renameSync(made, folder)
  } catch (error) {
    rmdirSync(made)
    // It is there, with jobs in it.
    if (!hasCode(error, 'ENOTEMPTY', 'EEXIST')) throw error
  }
}

async function ifReachable<T>(look: Promise<T>): Promise<T | undefined> {
  try {
    return await ifThere(look)
  } catch (error) {
    if (hasCode(error, 'EACCES')) return undefined
    throw error
  }
}

/** The user's uid, then its groups. */
async function idsOf(user: string): Promise<number[]> {
  try {
    const ids = async (option: string) => (await run('id', [option, '--', user])).stdout.trim().split(' ')
    return [...(await ids('-u')), ...(await ids('-G'))].map(Number)
  } catch (error) {
    if (typeof (error as { code: unknown }).code === 'number') return []
    throw error
  }
}

/** From the root down. */
function parentsOf(folder: string): string[] {
  const parent = dirname(folder)
  return parent === folder ? [] : [...parentsOf(parent), parent]
}

/** The first of the folders that a user can't pass through. acl(5), "ACCESS CHECK ALGORITHM". */
async function firstClosed(
  folders: readonly string[],
  uid: number,
  groups: readonly number[],
): Promise<string | undefined> {
  const text = await acl('getfacl', folders.at(-1) ?? '/', ['-npE', '--', ...folders])
  return text
    .trim()
    .split('\n\n')
    .map((block, index) => ({ block, folder: folders[index] }))
    .find(({ block }) => !mayPass(block, uid, groups))?.folder
}

function mayPass(block: string, uid: number, groups: readonly number[]): boolean {
  const ownerOf = (kind: string) => Number(new RegExp(`^# ${kind}: (\\d+)$`, 'm').exec(block)?.[1])
  const entries = Array.from(block.matchAll(/^(user|group|mask|other):(\d*):(...)/gm), match => ({
    kind: match[1],
    id: match[2],
    passes: /[xst]$/.test(match[3] ?? ''),
  }))
  const find = (kind: string, id = '') => entries.find(entry => entry.kind === kind && entry.id === id)
  const masked = find('mask')?.passes ?? true
  if (ownerOf('owner') === uid) return find('user')?.passes ?? false
  const named = find('user', String(uid))
  if (named !== undefined) return named.passes && masked
  const owning = String(ownerOf('group'))
  const mine = entries.filter(({ kind, id }) => kind === 'group' && groups.includes(Number(id || owning)))
  if (mine.length > 0) return masked && mine.some(({ passes }) => passes)
  return find('other')?.passes ?? false
}

async function makeOwned(folder: string, owner: { uid: number; gid: number }): Promise<void> {
  const made = await mkdir(folder, { mode: 0o700 }).then(
    () => true,
    (error: unknown) => {
      if (hasCode(error, 'EEXIST')) return false
      throw error
    },
  )
  // Where root shares it.
  if (made && process.geteuid?.() !== owner.uid) await chown(folder, owner.uid, owner.gid)
  const found = await lstat(folder)
  if (!found.isDirectory() || found.uid !== owner.uid)
    throw new ProblemError(shareProblems.foreignFolder(folder, owner.uid))
}

async function ownedIn(folder: string, uid: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const folders = entries.filter(entry => entry.isDirectory()).map(({ name }) => join(folder, name))
  const owners = await Promise.all(folders.map(path => ifThere(lstat(path))))
  return folders.filter((_, index) => owners[index]?.uid === uid)
}

/** Those that claimers have already. */
async function jobsFolders(run: string, user: string): Promise<string[]> {
  const found = (await readdir(run)).map(instance => join(run, instance, user))
  const there = await Promise.all(found.map(folder => ifThere(lstat(folder))))
  return found.filter((_, index) => there[index] !== undefined)
}

async function setfacl(spool: string, change: string, folders: readonly string[]): Promise<void> {
  await acl('setfacl', spool, [change, '--', ...folders])
}

async function acl(program: string, spool: string, args: readonly string[]): Promise<string> {
  try {
    return (await run(program, [...args])).stdout
  } catch (error) {
    const { code, stderr } = error as { code: unknown; stderr: string }
    if (code === 'ENOENT') throw new ProblemError(shareProblems.noSetfacl(), { cause: error })
    if (typeof code !== 'number') throw error
    throw new ProblemError(
      /Operation not supported/.test(stderr)
        ? shareProblems.noAcls(spool)
        : shareProblems.aclFailed(stderr.trim().split('\n')[0] ?? ''),
      { cause: error },
    )
  }
}

function run(program: string, args: readonly string[]): Promise<{ stdout: string; stderr: string }> {
  return promisify(execFile)(program, args, { env: { ...process.env, LC_ALL: 'C' } })
}
