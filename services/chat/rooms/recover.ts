import {
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { jsonOrUndefined } from '../../../lib/parse-json.ts'
import { BbScanner } from '../bb/scanner.ts'
import { RoomFile } from './room-file.ts'

/** A post that a crash may have kept from its file, wholly or in part. */
export interface BegunPost {
  readonly room: string
  /** Of the message; the record may begin before it. */
  readonly offset: number
  readonly length: number
  readonly hash: string
  readonly record: Uint8Array
}

/**
 * Sees to it that a post that was begun is in the file, once. `written`: (the rest of) it was appended now. `changed`: the
 * file was changed since by somebody else, and the message is not in it, so nobody can tell whether it ever was; nothing is
 * done then.
 */
export function recoverPost(path: string, post: BegunPost): 'there' | 'written' | 'changed' {
  using file = RoomFile.open(path, post.room)
  if (file === undefined) return 'changed'
  const record = Buffer.from(post.record)
  const start = post.offset + post.length - record.length
  const { size } = file.version()
  const there = file.read(start, Math.max(start, Math.min(size, start + record.length)))
  if (size >= start && there.equals(record.subarray(0, there.length))) {
    if (there.length === record.length) return 'there'
    file.append(record.subarray(there.length))
    return 'written'
  }
  return hasMessage(file, size, post.hash) ? 'there' : 'changed'
}

function hasMessage(file: RoomFile, size: number, hash: string): boolean {
  const scanner = new BbScanner()
  for (let at = 0; at < size; at += pieceBytes) {
    const messages = scanner.feed(file.read(at, Math.min(at + pieceBytes, size)))
    if (messages.some(message => message.hash === hash)) return true
  }
  return scanner.end().some(message => message.hash === hash)
}

const pieceBytes = 1024 * 1024

/** Moves a file and never over another one: throws EEXIST instead. */
export function moveFile(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true, mode: 0o700 })
  const there = lstatSync(to, { throwIfNoEntry: false })
  // Only the case of its name changes, on a disk that sees none.
  if (there !== undefined && there.ino === lstatSync(from).ino) return renameSync(from, to)
  try {
    linkSync(from, to)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // A disk without links.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP') throw error
    return renameSync(from, to)
  }
  unlinkSync(from)
}

/** What a rename is about to do, in a file of its own until it is done, so that a crash leaves a room with one name. */
export class RenameNote {
  readonly #path: string

  constructor(root: string) {
    this.#path = join(root, '.renaming')
  }

  write(note: Renaming): void {
    writeFileSync(this.#path, JSON.stringify(note))
  }

  clear(): void {
    rmSync(this.#path, { force: true })
  }

  /** What a crash has left, with its file moved by now; undefined if there is nothing. */
  finish(): Renaming | undefined {
    const note = this.#read()
    if (note === undefined) return undefined
    const from = lstatSync(note.from.path, { throwIfNoEntry: false })
    const to = lstatSync(note.to.path, { throwIfNoEntry: false })
    if (from !== undefined && to === undefined) moveFile(note.from.path, note.to.path)
    // Killed between the new name and the end of the old one.
    else if (from !== undefined && from.ino === to?.ino && note.from.path !== note.to.path) {
      unlinkSync(note.from.path)
    } else if (from !== undefined || to === undefined) return undefined
    return note
  }

  #read(): Renaming | undefined {
    try {
      return renaming.safeParse(jsonOrUndefined(readFileSync(this.#path, 'utf8'))).data
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }
}

const end = z.object({ id: z.string(), path: z.string() })
const renaming = z.object({ from: end, to: end })
export type Renaming = z.infer<typeof renaming>
