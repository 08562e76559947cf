import { randomBytes } from 'node:crypto'
import type { ReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { fileTypeFromBuffer } from 'file-type'
import { openPlain } from '../../../lib/open-plain.ts'
import { ProblemError } from '../../../lib/problem.ts'
import type { DatabaseSync } from '../database.ts'
import { roomProblems } from '../messages.ts'
import type { Room } from './room.ts'

export interface UploadedFile {
  /** 128 random bits: who knows it may read the file. */
  readonly id: string
  readonly room: string
  /** Safe to show and to save under; never a path. */
  readonly name: string
  /** What its first bytes say; never what the sender said. */
  readonly type: string
  readonly bytes: number
  readonly by: string
  /** ms since 1970. */
  readonly at: number
}

export interface UploadFailure {
  /** `quota`: together with what its sender has here already. */
  readonly reason: 'too_large' | 'no_space' | 'quota'
}

export interface NewUpload {
  /** Itself, as its name may change meanwhile. */
  readonly room: Pick<Room, 'id' | 'ready'>
  readonly name: string
  readonly by: string
  readonly at: Date
  /** Bytes, as the sender says; 0: unknown. */
  readonly announced: number
  /** So many bytes all files of this sender may have. */
  readonly quota: number
}

export interface UploadsOptions {
  readonly home: string
  readonly database: DatabaseSync
  /** Bytes of one file. */
  readonly limit?: number
  /** So many bytes of the disk are left to others. */
  readonly keepFree?: number
}

/** Files beside the rooms: `<home>/uploads/<id>`, whole or not at all, and a row for each in the table `files`. */
export class Uploads {
  readonly limit: number
  readonly #folder: string
  readonly #database: DatabaseSync
  readonly #keepFree: number

  private constructor(folder: string, options: UploadsOptions) {
    this.limit = options.limit ?? 32 * 1024 * 1024
    this.#folder = folder
    this.#database = options.database
    this.#keepFree = options.keepFree ?? 256 * 1024 * 1024
  }

  static async open(options: UploadsOptions): Promise<Uploads> {
    const folder = join(options.home, 'uploads')
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const uploads = new Uploads(folder, options)
    await uploads.#sweep()
    return uploads
  }

  /**
   * Reads `body` to its end or until it is too much. Rejects as the body does when its sender breaks off, and with a
   * ProblemError if the room goes meanwhile.
   */
  async add(upload: NewUpload, body: AsyncIterable<Uint8Array>): Promise<UploadedFile | UploadFailure> {
    if (upload.announced > this.limit) return { reason: 'too_large' }
    if (this.bytesOf(upload.by) + upload.announced > upload.quota) return { reason: 'quota' }
    if (!(await this.#hasSpace(upload.announced))) return { reason: 'no_space' }
    const id = randomBytes(16).toString('hex')
    const hidden = join(this.#folder, `.${id}`)
    try {
      const written = await this.#write(hidden, body)
      if (written === undefined) return { reason: 'too_large' }
      const type = (await fileTypeFromBuffer(written.head))?.mime ?? 'application/octet-stream'
      const { room, by } = upload
      // The file first: a row without one would be a promise.
      await rename(hidden, join(this.#folder, id))
      try {
        // Not the next room of that name.
        await room.ready()
        if (this.bytesOf(by) + written.bytes > upload.quota) {
          await rm(join(this.#folder, id))
          return { reason: 'quota' }
        }
        const name = safeName(upload.name)
        const file = { id, room: room.id, name, type, bytes: written.bytes, by, at: +upload.at }
        this.#insert(file)
        return file
      } catch (error) {
        await rm(join(this.#folder, id), { force: true })
        if ((error as { errcode?: unknown }).errcode !== noSuchRow) throw error
        throw new ProblemError(roomProblems.none(room.id), { cause: error })
      }
    } finally {
      await rm(hidden, { force: true })
    }
  }

  get(id: string): UploadedFile | undefined {
    const row = this.#database.prepare('SELECT * FROM files WHERE id = ?').get(id)
    return row === undefined ? undefined : fileOf(row)
  }

  /** Oldest first. */
  list(room: string): UploadedFile[] {
    return this.#database.prepare('SELECT * FROM files WHERE room = ? ORDER BY at, id').all(room).map(fileOf)
  }

  /** Where its bytes are, for those who hand on a copy. */
  pathOf({ id }: UploadedFile): string {
    return join(this.#folder, id)
  }

  /** All that somebody's files have, in all rooms. */
  bytesOf(user: string): number {
    const row = this.#database
      .prepare('SELECT sum(bytes) AS bytes FROM files WHERE uploaded_by = ?')
      .get(user)
    return Number(row?.['bytes'] ?? 0)
  }

  /** `end` included. Undefined if the file itself is gone. */
  async read(file: UploadedFile, range: { start?: number; end?: number }): Promise<ReadStream | undefined> {
    try {
      const handle = await openPlain(join(this.#folder, file.id))
      return handle.createReadStream(range)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  async remove(file: UploadedFile): Promise<void> {
    this.#database.prepare('DELETE FROM files WHERE id = ?').run(file.id)
    await rm(join(this.#folder, file.id), { force: true })
  }

  #insert({ id, room, name, type, bytes, by, at }: UploadedFile): void {
    this.#database
      .prepare(
        'INSERT INTO files (id, room, name, type, bytes, uploaded_by, at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      )
      .run(id, room, name, type, bytes, by, at)
  }

  /** How many bytes it has, and the first of them; undefined: too many. */
  async #write(
    path: string,
    body: AsyncIterable<Uint8Array>,
  ): Promise<{ bytes: number; head: Uint8Array } | undefined> {
    await using file = await open(path, 'wx', 0o600)
    const head: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of body) {
      if (bytes < headBytes) head.push(chunk)
      bytes += chunk.length
      if (bytes > this.limit) return undefined
      await file.appendFile(chunk)
    }
    return { bytes, head: Buffer.concat(head).subarray(0, headBytes) }
  }

  async #hasSpace(bytes: number): Promise<boolean> {
    const { bavail, bsize } = await statfs(this.#folder)
    return bavail * bsize - bytes >= this.#keepFree
  }

  /** What a killed upload left. Never a whole file: without its row, as when state.db was lost, it is all that is left of it. */
  async #sweep(): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      if (/^\.[0-9a-f]{32}$/.test(name)) await rm(join(this.#folder, name))
    }
  }
}

/** SQLITE_CONSTRAINT_FOREIGNKEY */
const noSuchRow = 787
/** Enough for every type that is known by its beginning. */
const headBytes = 64 * 1024

/**
 * Of what a browser or a program calls its file: the last part of a path, without what could end a header, begin a hidden
 * file or turn the reading direction around to show another ending; at most 120 characters, the ending kept.
 */
export function safeName(name: string): string {
  const last = name.normalize('NFC').split(/[/\\]/).at(-1) ?? ''
  const clean = last
    .replace(/[\p{C}\p{Zl}\p{Zp}"<>|:*?]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .replace(/^[. ]+|[. ]+$/g, '')
  if (clean === '') return 'file'
  const characters = Array.from(clean)
  if (characters.length <= 120) return clean
  const ending = /\.[\p{L}\p{N}]{1,10}$/u.exec(clean)?.[0] ?? ''
  return characters.slice(0, 120 - ending.length).join('') + ending
}

function fileOf(row: Record<string, unknown>): UploadedFile {
  return {
    id: String(row['id']),
    room: String(row['room']),
    name: String(row['name']),
    type: String(row['type']),
    bytes: Number(row['bytes']),
    by: String(row['uploaded_by']),
    at: Number(row['at']),
  }
}
