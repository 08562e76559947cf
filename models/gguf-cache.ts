import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { z } from 'zod'
import { jsonOrUndefined } from '../lib/parse-json.ts'
import type { GgufHeader } from './gguf.ts'

/** A header without what is long and not needed to list a model. */
export type ShortHeader = Omit<GgufHeader, 'chatTemplate'>

const number = z.number().nonnegative()

const headerSchema = z.strictObject({
  version: number,
  architecture: z.string(),
  name: z.string().optional(),
  blockCount: number,
  embeddingLength: number,
  feedForwardLength: number,
  headCount: number,
  headCountKv: number,
  keyLength: number,
  valueLength: number,
  contextLength: number,
  vocabSize: number,
  quantisation: z.string(),
  hasChatTemplate: z.boolean(),
  embeddingOnly: z.boolean(),
  ranks: z.boolean(),
  paints: z.boolean(),
  isProjector: z.boolean(),
  tensorBytes: number,
  parameters: number,
})

const cacheSchema = z.strictObject({ schema: z.literal(1), headers: z.record(z.string(), headerSchema) })

/** Far more than anybody has; a folder that makes new names all the time must not fill the memory. */
const most = 2000

/**
 * Headers that were read before, by what tells one file from another, in a file that outlives the process: with 300,000
 * words of vocabulary to pass over, one takes up to 100 ms. Whatever is wrong with that file, the headers are read anew.
 */
export class GgufCache {
  readonly #path: string
  #headers: Map<string, ShortHeader> | undefined
  #isNew = false

  constructor(path: string) {
    this.#path = path
  }

  get(stamp: string): ShortHeader | undefined {
    return this.#all.get(stamp)
  }

  set(stamp: string, whole: GgufHeader): void {
    const { chatTemplate: _long, ...header } = whole
    if (this.#all.size >= most) this.#all.clear()
    this.#all.set(stamp, header)
    this.#isNew = true
  }

  /** Writes what is new, where the run has its folder already; elsewhere nothing is begun for the sake of speed. */
  save(): void {
    if (!this.#isNew || !existsSync(dirname(this.#path))) return
    this.#isNew = false
    const hidden = `${this.#path}.${process.pid}`
    try {
      const text = JSON.stringify({ schema: 1, headers: Object.fromEntries(this.#all) })
      writeFileSync(hidden, text, { mode: 0o600 })
      renameSync(hidden, this.#path)
    } catch (error) {
      // A full or closed disk costs the next start some time, and nothing else.
      if ((error as NodeJS.ErrnoException).code === undefined) throw error
      rmSync(hidden, { force: true })
    }
  }

  get #all(): Map<string, ShortHeader> {
    this.#headers ??= new Map(Object.entries(this.#read()))
    return this.#headers
  }

  #read(): Readonly<Record<string, ShortHeader>> {
    try {
      const cache = cacheSchema.safeParse(jsonOrUndefined(readFileSync(this.#path, 'utf8')))
      return cache.success ? (cache.data.headers as Record<string, ShortHeader>) : {}
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error
      return {}
    }
  }
}
