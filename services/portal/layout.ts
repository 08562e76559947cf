import { join } from 'node:path'
import { isFolder, isThere, makeFolder } from './moves.ts'

/** The folders that a client of one service sees. All of a spool lies on one file system, or rename would not be atomic. */
export interface UserFolders {
  /** The client builds its request here. */
  readonly prep: string
  /** Submitted; names sort in queue order. */
  readonly todo: string
  /** `live/<id>/status.json` while a job runs. */
  readonly live: string
  readonly done: string
  readonly error: string
  /** An empty file named `<id>` asks for cancellation. */
  readonly cancel: string
}

export function userFolders(spool: string, service: string, user: string): UserFolders {
  const base = join(spool, service, user)
  return {
    prep: `${base}/prep`,
    todo: `${base}/todo`,
    live: `${base}/live`,
    done: `${base}/done`,
    error: `${base}/error`,
    cancel: `${base}/cancel`,
  }
}

/** The folders of a service that only its claimer touches. */
export interface ServerFolders {
  readonly service: string
  /** `.run/<instance>/<user>/<id>~<n>`: claimed. */
  readonly run: string
  /** `.dead/<user>/<id>~<n>`: jobs that crashed their engine three times. */
  readonly dead: string
  /** `.seen/<user>/<id>`: a tombstone for each id that has been answered. */
  readonly seen: string
  /** What is being removed. */
  readonly trash: string
}

export function serverFolders(spool: string, service: string): ServerFolders {
  const base = join(spool, service)
  const at = (name: string) => join(base, name)
  return { service: base, run: at('.run'), dead: at('.dead'), seen: at('.seen'), trash: at('.trash') }
}

/** In a claimer's folder, beside those of the users: its time of change is the last sign of life. */
export const heartbeatName = 'heartbeat'

/** That which is something other than a folder: a link in its place would lead anything that is done there out of the spool. */
export function oddOf(folders: UserFolders): string | undefined {
  return (Object.values(folders) as string[]).find(path => isThere(path) && !isFolder(path))
}

/** Whether all of them are there. */
export function isWhole(folders: UserFolders): boolean {
  return (Object.values(folders) as string[]).every(isFolder)
}

/** Creates what is missing, open to its owner only. Client and worker both call it, so neither has to come first. */
export function makeUserFolders(folders: UserFolders): void {
  for (const path of Object.values(folders) as string[]) makeFolder(path, 0o700)
}
