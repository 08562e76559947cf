import { type Stats, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { namesIn } from '../lib/reachable.ts'
import { type Catalog, loadCatalog } from './catalog.ts'
import type { FoundFile } from './found/folders.ts'
import { foundFiles } from './found/found.ts'
import { GgufFiles } from './gguf-files.ts'
import { fromCatalog, fromFound, type KnownModel, type Look } from './known-model.ts'
import { faultLine, modelsFileFaults } from './messages.ts'
import {
  type Defaults,
  emptyModelsFile,
  goodPartOf,
  type ModelsFile,
  modelsFilePath,
  modelsFileText,
  parseModelsFile,
} from './models-file.ts'
import { fromOwn } from './own-model.ts'
import { Sizes } from './sizes.ts'

export type { ModelKind } from './kind.ts'
export type { KnownModel } from './known-model.ts'

export interface InventoryView {
  readonly models: ReadonlyMap<string, KnownModel>
  /** What is used where a request names none; it may be gone (then `faults` says so). */
  readonly defaults: Defaults
  /** Bytes, over all models; undefined: core decides. */
  readonly budget: number | undefined
  /** The same on the graphics cards together. */
  readonly gpuBudget: number | undefined
  /** 0 is never. */
  readonly idleMs: number
  /** What is wrong with models.yaml, a sentence each; the last good one stays in force, or else what of it is good. */
  readonly faults: readonly string[]
}

export interface Places {
  readonly home: string
  readonly modelsDir: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** The language model that the stack names; what models.yaml says goes before it. */
  readonly llm?: string | undefined
}

const foundEveryMs = 10_000
const usualIdleMs = 10 * 60_000
const usualDefaults: Defaults = { llm: 'starter', stt: 'moonshine-tiny', tts: 'espeak-ng' }

/** Which models there are: the catalog's, the user's own, and those that other programs keep on this machine. */
export class Inventory {
  readonly #places: Places
  readonly #now: () => number
  readonly #catalog: Catalog
  readonly #gguf: GgufFiles
  readonly #sizes: Sizes
  #own: { stamp: string; file: ModelsFile; faults: readonly string[] } = {
    stamp: '',
    file: emptyModelsFile,
    faults: [],
  }
  /** There has been a file without a fault. */
  #hadGood = false
  #found: { at: number; files: readonly FoundFile[] } | undefined

  /** `now`: milliseconds on any clock that only goes forward. */
  constructor(places: Places, now: () => number = () => performance.now()) {
    this.#places = places
    this.#now = now
    this.#catalog = loadCatalog()
    this.#gguf = new GgufFiles(join(places.home, 'run/gguf-headers.json'))
    this.#sizes = new Sizes(now)
  }

  get catalog(): Catalog {
    return this.#catalog
  }

  /**
   * As of now: what has changed on the disk since the last call is read again. Synchronous, and cheap enough for each
   * request: a stat for each file that is there; folders are looked through every 10 s.
   */
  look(): InventoryView {
    const { file, faults } = this.#readOwn()
    const models = new Map<string, KnownModel>()
    const look: Look = {
      modelsDir: this.#places.modelsDir,
      home: this.#places.env['HOME'] || homedir(),
      catalog: this.#catalog,
      folders: new Set(namesIn(this.#places.modelsDir)),
      gguf: this.#gguf,
      sizes: this.#sizes,
      pins: new Set(file.pins),
    }
    for (const entry of this.#catalog.values()) models.set(entry.id, fromCatalog(entry, look))
    for (const entry of file.models) if (!models.has(entry.id)) models.set(entry.id, fromOwn(entry, look))
    for (const found of this.#foundFiles()) {
      const model = models.has(found.id) ? undefined : fromFound(found, look)
      if (model !== undefined) models.set(found.id, model)
    }
    this.#gguf.save()
    const { llm } = this.#places
    return {
      models,
      defaults: { ...usualDefaults, ...(llm === undefined ? {} : { llm }), ...file.defaults },
      budget: file.memory,
      gpuBudget: file.gpu_memory,
      idleMs: file.idle ?? usualIdleMs,
      faults: [...faults, ...this.#wrongNames(file, models)],
    }
  }

  #readOwn(): { file: ModelsFile; faults: readonly string[] } {
    const path = modelsFilePath(this.#places.home)
    try {
      const stat = statSync(path, { throwIfNoEntry: false })
      const stamp = stat === undefined ? 'none' : stampOf(stat)
      if (stamp === this.#own.stamp) return this.#own
      const text = modelsFileText(path) ?? ''
      const read = parseModelsFile(text)
      this.#hadGood ||= read.ok
      this.#own = read.ok
        ? { stamp, file: read.data, faults: [] }
        : {
            stamp,
            file: this.#hadGood ? this.#own.file : goodPartOf(text),
            faults: read.faults.map(fault => faultLine(path, fault)),
          }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === undefined) throw error
      // Not remembered by a stamp: when it can be read again, its times may be the same.
      this.#own = { ...this.#own, stamp: '', faults: [modelsFileFaults.unreadable(path, code)] }
    }
    return this.#own
  }

  /** Faults that show only beside the other models: they come and go with them. */
  #wrongNames(file: ModelsFile, models: ReadonlyMap<string, KnownModel>): string[] {
    const path = modelsFilePath(this.#places.home)
    const faults: string[] = []
    for (const { id } of file.models) if (this.#catalog.has(id)) faults.push(modelsFileFaults.taken(path, id))
    for (const [kind, id] of Object.entries(file.defaults)) {
      const model = models.get(id)
      if (model === undefined) faults.push(modelsFileFaults.unknownDefault(path, kind, id))
      else if (model.kind !== kind) faults.push(modelsFileFaults.otherKind(path, kind, id, model.kind))
    }
    const { llm } = this.#places
    if (llm !== undefined && file.defaults.llm === undefined && models.get(llm)?.kind !== 'llm')
      faults.push(modelsFileFaults.noSuchChoice(llm))
    for (const id of file.pins) if (!models.has(id)) faults.push(modelsFileFaults.unknownPin(path, id))
    return faults
  }

  #foundFiles(): readonly FoundFile[] {
    const now = this.#now()
    if (this.#found === undefined || now - this.#found.at >= foundEveryMs)
      this.#found = { at: now, files: foundFiles(this.#places.env) }
    return this.#found.files
  }
}

function stampOf(stat: Stats): string {
  return `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeMs}:${stat.ctimeMs}`
}
