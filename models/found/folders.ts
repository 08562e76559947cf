import { closeSync, constants, type Dirent, fstatSync, openSync, readdirSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { partName } from '../parts.ts'
import { unreachable } from '../../lib/reachable.ts'

/** A model file that another program brought here. */
export interface FoundFile {
  readonly id: string
  readonly title: string
  readonly origin: 'ollama' | 'lmstudio' | 'huggingface'
  readonly path: string
}

/** How much of other programs' folders is looked at: enough for anybody, and no more than a moment's work. */
export class Budget {
  #entries = 20_000

  /** Sorted; none where there is no such folder, or it is closed. Hidden names are left out. */
  list(folder: string): Dirent[] {
    if (this.#entries <= 0) return []
    try {
      const entries = readdirSync(folder, { withFileTypes: true })
        .filter(entry => !entry.name.startsWith('.'))
        .slice(0, this.#entries)
      this.#entries -= entries.length + 1
      return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code !== undefined && unreachable.has(code)) return []
      throw error
    }
  }

  folders(folder: string): string[] {
    return this.list(folder)
      .filter(entry => entry.isDirectory())
      .map(entry => entry.name)
  }

  /** Paths of the files below, relative to it, that may be models; no link to a folder is followed. */
  modelFiles(folder: string, depth: number): string[] {
    const found: string[] = []
    for (const entry of this.list(folder)) {
      if (entry.isDirectory() && depth > 0) {
        for (const path of this.modelFiles(join(folder, entry.name), depth - 1)) {
          found.push(`${entry.name}/${path}`)
        }
      } else if (!entry.isDirectory() && isModelName(entry.name)) found.push(entry.name)
    }
    return found
  }
}

/** A GGUF file by its name; not the eyes or ears of another one, and of several parts the first. */
function isModelName(name: string): boolean {
  if (!/\.gguf$/i.test(name) || /mmproj/i.test(name)) return false
  const number = partName.exec(name)?.[1]
  return number === undefined || Number(number) === 1
}

/** An id of words that others chose; undefined where nothing of them is left. */
export function idOf(...words: readonly string[]): string | undefined {
  const id = words.map(word => word.replaceAll(/[^\w.:@+-]/g, '-')).join('/')
  return /^\w[\w./:@+-]*$/.test(id) && id.length <= 200 ? id : undefined
}

/** The text of a small regular file that somebody else wrote; undefined for any other. Never waits, as a pipe would make it. */
export function smallText(path: string, most = 256 * 1024): string | undefined {
  let file: number | undefined
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const stat = fstatSync(file)
    if (!stat.isFile() || stat.size > most) return undefined
    const buffer = Buffer.alloc(stat.size)
    return buffer.toString('utf8', 0, readSync(file, buffer, 0, buffer.length, 0))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== undefined && unreachable.has(code)) return undefined
    throw error
  } finally {
    if (file !== undefined) closeSync(file)
  }
}
