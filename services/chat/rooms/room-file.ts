import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs'
import { ProblemError } from '../../../lib/problem.ts'
import { roomProblems } from '../messages.ts'

/** Tells versions of a file apart, as far as stat can. */
export interface Version {
  readonly device: bigint
  readonly inode: bigint
  readonly size: number
  /** Of the text, as programs may set it. */
  readonly changedNs: bigint
  /** Of whatever; nobody can set it. */
  readonly touchedNs: bigint
}

/**
 * An open room file. Its calls are synchronous: they read or write one page of a room at most, and nothing can come between
 * two of them.
 */
export class RoomFile implements Disposable {
  readonly fd: number
  /** Its room's id when it was opened, for messages. */
  readonly room: string

  /** Undefined: there is no such file. Throws a ProblemError for what is no regular file, or may not be read. */
  static open(path: string, room: string): RoomFile | undefined {
    try {
      // No link is followed, and a named pipe does not make us wait.
      const flags = constants.O_RDWR | constants.O_APPEND | constants.O_NOFOLLOW | constants.O_NONBLOCK
      const file = new RoomFile(openSync(path, flags), room)
      const stat = fstatSync(file.fd)
      if (stat.isFile() && stat.size <= mostBytes) return file
      file[Symbol.dispose]()
      throw new ProblemError(stat.isFile() ? roomProblems.tooBig(room) : roomProblems.notPlain(room))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
      if (code === 'ELOOP' || code === 'EISDIR' || code === 'ENXIO') {
        throw new ProblemError(roomProblems.notPlain(room), { cause: error })
      }
      if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
        throw new ProblemError(roomProblems.unreadable(room, code), { cause: error })
      }
      throw error
    }
  }

  private constructor(fd: number, room: string) {
    this.fd = fd
    this.room = room
  }

  version(): Version {
    return versionOf(fstatSync(this.fd, { bigint: true }))
  }

  /** Fewer bytes if the file is shorter by now. `into`: for who reads much and keeps nothing. */
  read(start: number, end: number, into?: Buffer<ArrayBuffer>): Buffer<ArrayBuffer> {
    const bytes = into?.subarray(0, end - start) ?? Buffer.allocUnsafe(end - start)
    let read = 0
    while (read < bytes.length) {
      const more = readSync(this.fd, bytes, read, bytes.length - read, start + read)
      if (more === 0) break
      read += more
    }
    return bytes.subarray(0, read)
  }

  /** All of it or nothing; one write(2), where the disk has room. */
  append(bytes: Uint8Array): void {
    const before = fstatSync(this.fd).size
    try {
      for (let written = 0; written < bytes.length;) written += writeSync(this.fd, bytes, written)
    } catch (error) {
      ftruncateSync(this.fd, before)
      throw writeProblem(error, this.room)
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.fd)
  }
}

/** Of the ordinary file that lies at the path now; undefined if none does, or none that we may see. */
export function versionAt(path: string): Version | undefined {
  try {
    const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false })
    return stat?.isFile() === true ? versionOf(stat) : undefined
  } catch (error) {
    if (unseen.has((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

const unseen = new Set(['ENOTDIR', 'EACCES', 'EPERM', 'ENAMETOOLONG'])

/** ms since 1970. */
export function changedMs(version: Version): number {
  return Number(version.changedNs) / 1e6
}

export function sameVersion(one: Version | undefined, other: Version | undefined): boolean {
  return (
    one?.inode === other?.inode &&
    one?.device === other?.device &&
    one?.size === other?.size &&
    one?.touchedNs === other?.touchedNs &&
    one?.changedNs === other?.changedNs
  )
}

/** A full disk and its like, in words; anything else as it is. */
export function writeProblem(error: unknown, room: string): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    return new ProblemError(roomProblems.diskFull(room), { cause: error })
  }
  return error
}

/** Offsets are kept in 32 bits; and who has read a room of 2 GB? */
const mostBytes = 2_000_000_000

function versionOf(stat: BigIntStats): Version {
  const { dev, ino, size, mtimeNs, ctimeNs } = stat
  return { device: dev, inode: ino, size: Number(size), changedNs: mtimeNs, touchedNs: ctimeNs }
}
