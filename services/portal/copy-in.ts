import { constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, opendir } from 'node:fs/promises'
import { join } from 'node:path'
import { openPlain } from '../../lib/open-plain.ts'
import { hasCode, ifThere } from './moves.ts'

/** In bytes; `entries` counts whatever lies in the folder. */
export interface CopyLimits {
  readonly fileBytes: number
  readonly totalBytes: number
  readonly entries: number
}

/** A recording has 1 GB at most, and a folder's names must not fill the memory. */
export const defaultCopyLimits: CopyLimits = {
  fileBytes: 1024 ** 3,
  totalBytes: 2 * 1024 ** 3,
  entries: 1000,
}

/** `linked`: a hard link, which may be that of a file the client can't read. */
export type CopyRefusal =
  | 'not_a_file'
  | 'linked'
  | 'unreadable'
  | 'bad_name'
  | 'too_big'
  | 'too_much'
  | 'too_many'

export type CopyOutcome =
  | { readonly ok: true; readonly bytes: number }
  | { readonly ok: false; readonly reason: CopyRefusal; readonly name: string }

/** What an earlier attempt left, or a client should not have put there. */
export const leftover = /^(result\.json|log\.txt|stream\.ndjson|out-\d+|\..*)$/

/**
 * Copies the files of a request into the new folder `to`, which the client has no way into: it may still be in `from`, hold
 * files open and swap what lies there at any moment. Nothing is followed, and each file is judged and read by the same
 * descriptor. Folders are refused. After a refusal `to` holds what was copied until then. Throws ENOENT when `from` is gone.
 */
export async function copyIn(from: string, to: string, limits: CopyLimits): Promise<CopyOutcome> {
  await mkdir(to)
  const folder = await opened(openFolder(from))
  if (typeof folder === 'string') return { ok: false, reason: folder, name: '.' }
  try {
    // The folder itself, whatever takes its place on the way.
    const source = process.platform === 'linux' ? `/proc/self/fd/${folder.fd}` : from
    let bytes = 0
    let entries = 0
    for await (const { name } of await opendir(source)) {
      if (++entries > limits.entries) return { ok: false, reason: 'too_many', name }
      if (leftover.test(name)) continue
      // As a string it is the name of another file, or of none.
      if (name.includes('\uFFFD')) return { ok: false, reason: 'bad_name', name }
      const left = limits.totalBytes - bytes
      const copied = await copyFile(join(source, name), join(to, name), Math.min(limits.fileBytes, left))
      if (typeof copied === 'number') bytes += copied
      else if (copied === 'too_big' && left < limits.fileBytes) return { ok: false, reason: 'too_much', name }
      else return { ok: false, reason: copied, name }
    }
    return { ok: true, bytes }
  } finally {
    await folder.close()
  }
}

/** Whether the folder is another user's, who may write to it still. */
export async function crossesBorder(folder: string): Promise<boolean> {
  return (await lstat(folder)).uid !== process.geteuid?.()
}

/** Bytes copied. What vanished meanwhile was no part of the request. */
async function copyFile(from: string, to: string, maxBytes: number): Promise<number | CopyRefusal> {
  const source = await ifThere(opened(openPlain(from)))
  if (typeof source !== 'object') return source ?? 0
  try {
    const { nlink, size } = await source.stat()
    // 0: it was swapped for another one just now.
    if (nlink !== 1) return 'linked'
    if (size > maxBytes) return 'too_big'
    // The mode is not taken over: the rights are those that the folder gives. It may be there: a folder that changes while
    // it is listed can give a name twice.
    const target = await open(to, 'w')
    try {
      return await copyBytes(source, target, size)
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

/** What the client writes behind `size` meanwhile is not waited for. */
async function copyBytes(source: FileHandle, target: FileHandle, size: number): Promise<number> {
  const buffer = Buffer.allocUnsafe(Math.min(size, 1024 * 1024))
  let copied = 0
  while (copied < size) {
    const { bytesRead } = await source.read(buffer, 0, Math.min(buffer.length, size - copied), copied)
    if (bytesRead === 0) break
    await target.writeFile(buffer.subarray(0, bytesRead))
    copied += bytesRead
  }
  return copied
}

function openFolder(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
}

async function opened(opening: Promise<FileHandle>): Promise<FileHandle | 'not_a_file' | 'unreadable'> {
  try {
    return await opening
  } catch (error) {
    // ENOTDIR: a link in the place of the folder. ENXIO: a socket.
    if (hasCode(error, 'ELOOP', 'ENOTDIR', 'ENOTREG', 'ENXIO')) return 'not_a_file'
    // EAGAIN: the client holds a lease on it, for whose end an ordinary open would wait. The last two: a mount of its own.
    if (hasCode(error, 'EACCES', 'EPERM', 'EAGAIN', 'EIO', 'ENOTCONN')) return 'unreadable'
    throw error
  }
}
