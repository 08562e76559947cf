import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { roomLog } from '../messages.ts'
import { roomIdSchema } from '../protocol.ts'
import { changedMs, versionAt } from './room-file.ts'

/** A room's file as it lies there. */
export interface Place {
  readonly id: string
  readonly path: string
  readonly bytes: number
  /** ms since 1970. */
  readonly changed: number
}

/** Rooms and users are told apart without case and in NFC, as some disks do. */
export function keyOf(name: string): string {
  return name.normalize('NFC').toLowerCase()
}

/** Folders in which rooms lie: that of the public ones and one a user. */
export function foldersIn(root: string): string[] {
  const users = ifReadable(() => readdirSync(root, { withFileTypes: true })).filter(
    entry => entry.isDirectory() && !entry.name.startsWith('.') && idOf(`${entry.name}/x.bb`) !== undefined,
  )
  return [root, ...users.map(({ name }) => join(root, name))]
}

/** The rooms of one folder. */
export function placesIn(
  root: string,
  folder: string,
  ignored: (path: string, why: string) => void,
): Place[] {
  const prefix = folder === root ? '' : `${folder.slice(root.length + 1)}/`
  return namesIn(folder).flatMap(name => placeOf(root, prefix + name, ignored) ?? [])
}

/** `relative`: such as `alice/notes.bb`. Undefined for what is no room. */
export function placeOf(
  root: string,
  relative: string,
  ignored: (path: string, why: string) => void,
): Place | undefined {
  if (!relative.endsWith('.bb') || /(^|\/)\./.test(relative)) return undefined
  const path = join(root, relative)
  const id = idOf(relative)
  if (id === undefined) {
    ignored(path, roomLog.noName)
    return undefined
  }
  const version = versionAt(path)
  if (version !== undefined) return { id, path, bytes: version.size, changed: changedMs(version) }
  if (existsSync(path)) ignored(path, roomLog.notPlain)
  return undefined
}

function idOf(relative: string): string | undefined {
  return roomIdSchema.safeParse(relative.slice(0, -'.bb'.length)).data
}

/** What a folder has. One that has gone, or may not be read, has nothing; the others are there all the same. */
export function namesIn(folder: string): string[] {
  return ifReadable(() => readdirSync(folder))
}

function ifReadable<T>(read: () => T[]): T[] {
  try {
    return read()
  } catch (error) {
    if (closed.has((error as NodeJS.ErrnoException).code ?? '')) return []
    throw error
  }
}

const closed = new Set(['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM'])
