import { access, constants, lstat, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Attempt, isId, parseAttemptName } from './ids.ts'
import { instanceLives } from './instance.ts'
import { heartbeatName, serverFolders, userFolders } from './layout.ts'
import { defaultLeaseTimes } from './lease.ts'
import { hasCode, ifThere } from './moves.ts'
import { type Holder, holderOf } from './recovery.ts'

/** `cancelling`: it waits or runs, and its marker lies in `cancel/`. */
export type JobState = 'waiting' | 'running' | 'cancelling' | 'done' | 'failed'

/** A job as the names of folders tell it: nothing of it has been opened. */
export interface JobView {
  readonly service: string
  readonly user: string
  readonly id: string
  readonly state: JobState
  /** Undefined of one that has ended, unless it crashed too often. */
  readonly attempt: number | undefined
  readonly folder: string
  /** Of one that runs: who holds it. */
  readonly holder?: Holder
  /** What is kept of a job that crashed too often; `folder` is the same where its answer has been collected. */
  readonly grave?: string
}

/** The jobs of one user in one service, in no order. It costs the listing of the folders, whatever lies in them. */
export async function jobsOf(spool: string, service: string, user: string): Promise<JobView[]> {
  const folders = userFolders(spool, service, user)
  // In the way that a job goes, so that one on its way is seen twice rather than never.
  const cancels = new Set(await namesIn(folders.cancel))
  const todo = await namesIn(folders.todo)
  const workers = await workersOf(spool, service)
  const done = await namesIn(folders.done)
  const failed = await namesIn(folders.error)
  const dead = join(serverFolders(spool, service).dead, user)
  const jobs = new Map<string, JobView>()
  const graves = new Map<string, { path: string; attempt: number }>()
  for (const name of await namesIn(dead)) {
    const attempt = parseAttemptName(name)
    if (attempt !== undefined) graves.set(attempt.id, { path: join(dead, name), attempt: attempt.attempt })
  }
  const ended = (id: string, state: 'done' | 'failed', folder: string): void => {
    const grave = state === 'failed' ? graves.get(id) : undefined
    const found = grave === undefined ? {} : { grave: grave.path }
    jobs.set(id, { service, user, id, state, attempt: grave?.attempt, folder, ...found })
  }
  for (const [id, { path }] of graves) ended(id, 'failed', path)
  for (const id of failed) if (isId(id)) ended(id, 'failed', join(folders.error, id))
  for (const id of done) if (isId(id)) ended(id, 'done', join(folders.done, id))
  const open = ({ id, attempt }: Attempt, state: 'waiting' | 'running', at: Place): void => {
    jobs.set(id, { service, user, id, state: cancels.has(id) ? 'cancelling' : state, attempt, ...at })
  }
  for (const name of todo) {
    const attempt = parseAttemptName(name)
    if (attempt !== undefined) open(attempt, 'waiting', { folder: join(folders.todo, name) })
  }
  for (const { holder, claims } of workers) {
    for (const claim of claims) {
      // Beside a job that is out already, its mark may be left for a moment.
      const isOut = claim.folder.endsWith('.complete') && jobs.has(claim.attempt.id)
      if (claim.user === user && !isOut) open(claim.attempt, 'running', { folder: claim.folder, holder })
    }
  }
  return [...jobs.values()]
}

type Place = Pick<JobView, 'folder' | 'holder'>

/**
 * The jobs of one user that a person may mean: by the id, by its beginning, or by `<service>/<id>`. A whole id wins over
 * longer ones that begin with it. Two services may know the same one.
 */
export async function findJobs(spool: string, user: string, text: string): Promise<JobView[]> {
  const [service, id] = text.includes('/') ? text.split('/', 2) : [undefined, text]
  if (id === undefined || id === '') return []
  const services = service === undefined ? await servicesOf(spool) : [service].filter(isId)
  const look = async (): Promise<JobView[]> => {
    const jobs = (await Promise.all(services.map(name => jobsOf(spool, name, user)))).flat()
    const begins = jobs.filter(job => job.id.startsWith(id))
    const whole = begins.filter(job => job.id === id)
    return whole.length > 0 ? whole : begins
  }
  const found = await look()
  // One that went back to the queue meanwhile is missed by one look and not by the next.
  return found.length > 0 ? found : look()
}

/** A claimer's folder under `.run/`, and what it holds. */
export interface WorkerView {
  readonly instance: string
  readonly pid: number
  readonly holder: Holder
  /** Since its last heartbeat. */
  readonly silentMs: number
  readonly claims: readonly { readonly user: string; readonly attempt: Attempt; readonly folder: string }[]
}

/** Those that have ended and left jobs are among them, as `dead`; those that left nothing are not. */
export async function workersOf(spool: string, service: string): Promise<WorkerView[]> {
  const { run } = serverFolders(spool, service)
  const workers: WorkerView[] = []
  for (const instance of await namesIn(run)) {
    const base = join(run, instance)
    const beat = (await ifThere(stat(join(base, heartbeatName)))) ?? (await ifThere(stat(base)))
    if (beat === undefined) continue
    const claims: WorkerView['claims'][number][] = []
    for (const user of await namesIn(base)) {
      if (user === heartbeatName) continue
      for (const name of await namesIn(join(base, user))) {
        const attempt = parseClaimName(name)
        if (attempt !== undefined) claims.push({ user, attempt, folder: join(base, user, name) })
      }
    }
    const silentMs = Math.max(0, Date.now() - beat.mtimeMs)
    const lives = instanceLives(instance)
    const holder = holderOf({ self: false, lives, silentMs }, defaultLeaseTimes.leaseMs)
    if (holder === 'dead' && claims.length === 0) continue
    workers.push({ instance, pid: Number(instance.split('-')[0]), holder, silentMs, claims })
  }
  return workers
}

/** A claim under `.run/`: `<id>~<n>`, with `.in` behind it while it is copied in, `.complete` while its result goes out. */
export function parseClaimName(name: string): Attempt | undefined {
  return name.includes('~') ? parseAttemptName(name.replace(/\.(in|complete)$/, '')) : undefined
}

/** Whether a worker is there. Undefined: who may not look into `.run/` can't know. */
export async function isServed(spool: string, service: string): Promise<boolean | undefined> {
  try {
    await ifThere(access(serverFolders(spool, service).run, constants.R_OK))
  } catch (error) {
    if (hasCode(error, 'EACCES')) return undefined
    throw error
  }
  return (await workersOf(spool, service)).some(({ holder }) => holder === 'working')
}

/** Sorted. */
export function servicesOf(spool: string): Promise<string[]> {
  return foldersIn(spool)
}

/** Sorted. */
export async function usersOf(spool: string, service: string): Promise<string[]> {
  return (await foldersIn(serverFolders(spool, service).service)).filter(name => name !== heartbeatName)
}

/** When a job was submitted, in ms since 1970: a UUIDv7 says it. Undefined for any other id. */
export function timeOfId(id: string): number | undefined {
  if (!/^[0-9a-f]{8}-[0-9a-f]{4}-7/.test(id) || id.length !== 36) return undefined
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
}

/** The same of any job, in ms since 1970; where its id doesn't tell, the last change of its folder. Undefined: it is gone. */
export async function submittedAt({
  id,
  folder,
}: Pick<JobView, 'id' | 'folder'>): Promise<number | undefined> {
  return timeOfId(id) ?? (await ifThere(lstat(folder)))?.mtimeMs
}

/** The names in a folder; none where there is no such folder, or it is somebody else's. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await ifThere(readdir(folder))) ?? []
  } catch (error) {
    if (hasCode(error, 'EACCES')) return []
    throw error
  }
}

async function foldersIn(folder: string): Promise<string[]> {
  try {
    const entries = (await ifThere(readdir(folder, { withFileTypes: true }))) ?? []
    return entries
      .filter(entry => entry.isDirectory() && isId(entry.name))
      .map(entry => entry.name)
      .sort()
  } catch (error) {
    if (hasCode(error, 'EACCES')) return []
    throw error
  }
}
