import { posix } from 'node:path'
import { archiveFaults } from '../messages.ts'
import type { ModelFile } from '../source.ts'
import { ArchiveFault, type Entry } from './entry.ts'

/** What is taken out of an archive, and under which name. Decides only; nothing is read or written here. */
export class Selection {
  readonly #files: readonly ModelFile[]
  /** By a name in which all disks see the same file. */
  readonly #taken = new Set<string>()
  readonly #folders = new Set<string>()

  constructor(files: readonly ModelFile[]) {
    this.#files = files
  }

  /**
   * The file of the model that an entry is, or is a part of, and its path in the model's folder; undefined for what nobody
   * wants. Throws an ArchiveFault if it is wanted and can't be taken: a link, a name that leads elsewhere, the second of a name.
   */
  take(entry: Entry): { readonly file: ModelFile; readonly path: string } | undefined {
    const name = plainName(entry.name)
    for (const file of this.#files) {
      if (file.entry !== undefined && plainName(file.entry) === name) {
        if (entry.type !== 'file') throw new ArchiveFault(archiveFaults[entry.type](entry.name))
        return { file, path: this.#claim(file.path, entry) }
      }
      if (file.folder === undefined) continue
      const folder = plainName(file.folder)
      if (name === folder) {
        if (entry.type !== 'folder') throw new ArchiveFault(archiveFaults.noFolder(entry.name))
        return undefined
      }
      if (!name.startsWith(`${folder}/`)) continue
      if (entry.type === 'folder') return undefined
      if (entry.type !== 'file') throw new ArchiveFault(archiveFaults[entry.type](entry.name))
      const inner = name.slice(folder.length + 1)
      if (!isHarmless(inner)) throw new ArchiveFault(archiveFaults.badName(entry.name))
      return { file, path: this.#claim(`${file.path}/${inner}`, entry) }
    }
    return undefined
  }

  #claim(path: string, entry: Entry): string {
    const key = folded(path)
    if (this.#taken.has(key) || this.#folders.has(key))
      throw new ArchiveFault(archiveFaults.twice(entry.name))
    this.#taken.add(key)
    for (let up = posix.dirname(key); up !== '.'; up = posix.dirname(up)) {
      if (this.#taken.has(up)) throw new ArchiveFault(archiveFaults.twice(entry.name))
      this.#folders.add(up)
    }
    return path
  }
}

/** Many programs write `./a` for `a`, and a slash behind a folder. */
function plainName(name: string): string {
  return name.replace(/^(\.\/)+/, '').replace(/\/+$/, '')
}

function isHarmless(path: string): boolean {
  const parts = path.split('/')
  const isPart = (part: string): boolean =>
    part !== '' &&
    part !== '.' &&
    part !== '..' &&
    Buffer.byteLength(part) <= 255 &&
    // What some system reads as more than a name: backslashes, drives and streams, control characters, half a surrogate.
    !/[\\:\p{Cc}\p{Cs}\uFFFD]/u.test(part)
  return parts.length <= 16 && parts.every(isPart)
}

/** macOS takes two Unicode forms of a name for one, and with Windows capitals and small letters. */
function folded(path: string): string {
  return path.normalize('NFC').toLowerCase().normalize('NFC')
}
