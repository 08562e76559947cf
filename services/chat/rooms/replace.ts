import { randomUUID } from 'node:crypto'
import { fstatSync } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { type RoomFile, sameVersion, type Version, versionAt, writeProblem } from './room-file.ts'

/** What takes the place of the bytes from `offset` up to `end`. */
export interface Change {
  readonly offset: number
  readonly end: number
  readonly bytes: Uint8Array
}

/**
 * Changes a file by a copy that takes its place, so that nobody ever reads a half-changed one. False, and nothing has
 * happened, if the file is not of this version any more. Mode and owner stay.
 */
export async function replaceIn(
  path: string,
  file: RoomFile,
  version: Version,
  change: Change,
): Promise<boolean> {
  const copy = join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}`)
  try {
    await writeCopy(file, copy, change, version.size)
    // As late as can be; what an editor saves between these two calls is lost, as it is between two editors.
    if (sameVersion(version, versionAt(path))) {
      await rename(copy, path)
      return true
    }
  } catch (error) {
    await rm(copy, { force: true })
    throw writeProblem(error, file.room)
  }
  await rm(copy, { force: true })
  return false
}

async function writeCopy(file: RoomFile, path: string, change: Change, size: number): Promise<void> {
  const copy = await open(path, 'wx', 0o600)
  try {
    await copyRange(file, 0, change.offset, copy)
    await copy.appendFile(change.bytes)
    await copyRange(file, change.end, size, copy)
    const { mode, uid, gid } = fstatSync(file.fd)
    // Only root can give a file away.
    if (process.getuid?.() === 0) await copy.chown(uid, gid)
    await copy.chmod(mode & 0o7777)
    // Before the rename, which may reach the disk before what was written.
    await copy.datasync()
  } finally {
    await copy.close()
  }
}

async function copyRange(file: RoomFile, start: number, end: number, copy: FileHandle): Promise<void> {
  for (let at = start; at < end; at += pieceBytes) {
    await copy.appendFile(file.read(at, Math.min(at + pieceBytes, end)))
  }
}

const pieceBytes = 1024 * 1024
