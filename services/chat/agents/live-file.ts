import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { isId } from '../../portal/ids.ts'

const headerSchema = z.object({
  room: z.string(),
  agent: z.string(),
  /** The service that the job was submitted to, and the job's id. */
  portal: z.string(),
  job: z.string(),
  /** ms since 1970. */
  started: z.number(),
})
export type LiveHeader = z.infer<typeof headerSchema>

/** `rooms/.live/<reply>`: a line of JSON, then what an answer says so far. It is there until the answer is in its room. */
export class LiveFile {
  readonly #path: string
  readonly #folder: string
  readonly #id: string
  #header: LiveHeader
  #start: number
  #file: number
  #written = ''

  constructor(folder: string, id: string, header: LiveHeader) {
    mkdirSync(folder, { recursive: true })
    this.#folder = folder
    this.#id = id
    this.#path = join(folder, id)
    this.#header = header
    const line = `${JSON.stringify(header)}\n`
    this.#start = Buffer.byteLength(line)
    // Whole: a job is submitted only after its id is on the disk.
    this.#file = openSync(this.#path, 'wx+', 0o600)
    writeAll(this.#file, line, 0)
  }

  /** The text from now on; what is there already is not written again. */
  write(text: string): void {
    if (text === this.#written) return
    const grows = text.startsWith(this.#written)
    const at = grows ? Buffer.byteLength(this.#written) : 0
    if (!grows) ftruncateSync(this.#file, this.#start)
    writeAll(this.#file, grows ? text.slice(this.#written.length) : text, this.#start + at)
    this.#written = text
  }

  /** The room has another name, or the answer is asked for by another job. */
  rewrite(change: Partial<LiveHeader>): void {
    this.#header = { ...this.#header, ...change }
    const line = `${JSON.stringify(this.#header)}\n`
    const hidden = join(this.#folder, `.${this.#id}`)
    const file = openSync(hidden, 'w+', 0o600)
    writeAll(file, line + this.#written, 0)
    renameSync(hidden, this.#path)
    closeSync(this.#file)
    this.#file = file
    this.#start = Buffer.byteLength(line)
  }

  remove(): void {
    this.close()
    rmSync(this.#path, { force: true })
  }

  /** And leaves it for the next start. */
  close(): void {
    if (this.#file >= 0) closeSync(this.#file)
    this.#file = -1
  }
}

export interface LeftOver extends LiveHeader {
  readonly reply: string
  readonly text: string
}

/** What another process has left there, in the order of its beginnings. */
export function leftOvers(folder: string): LeftOver[] {
  let names
  try {
    names = readdirSync(folder).sort()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  return names.flatMap(name => {
    const left = isId(name) ? readLeft(folder, name) : undefined
    // Half of a header: nothing had been said yet. A hidden one had not taken the place of its file.
    if (left === undefined) removeLeft(folder, name)
    return left ?? []
  })
}

export function removeLeft(folder: string, reply: string): void {
  rmSync(join(folder, reply), { force: true, recursive: true })
}

function readLeft(folder: string, name: string): LeftOver | undefined {
  // The last character may be half.
  const all = new TextDecoder().decode(readFileSync(join(folder, name)), { stream: true })
  const end = all.indexOf('\n')
  if (end < 0) return undefined
  try {
    return { ...headerSchema.parse(JSON.parse(all.slice(0, end))), reply: name, text: all.slice(end + 1) }
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof z.ZodError) return undefined
    throw error
  }
}

function writeAll(file: number, text: string, position: number): void {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, bytes.length - at, position + at)
}
