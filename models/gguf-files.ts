import type { Stats } from 'node:fs'
import { GgufCache, type ShortHeader } from './gguf-cache.ts'
import { GgufError, type GgufHeader, llamaMemory, readGgufHeader } from './gguf.ts'
import { llamaShape } from './gguf-memory.ts'
import { memoryOf } from './memory.ts'
import { partsOf } from './parts.ts'

export type GgufLook =
  | {
      readonly ok: true
      readonly kind: 'llm' | 'embedding' | 'rerank' | 'image'
      /** As the file itself calls it. */
      readonly name: string | undefined
      readonly memory: (settings: GgufSettings) => number
    }
  /** `passing`: of the file system, and the same file may be read at another time. */
  | { readonly ok: false; readonly reason: string; readonly passing?: boolean }

export interface GgufSettings {
  readonly contextSize?: number | undefined
  readonly sequences?: number | undefined
}

/** What GGUF files say of themselves; each is read once while it stays as it is. */
export class GgufFiles {
  readonly #cache: GgufCache
  /** Those that are no models, too. */
  readonly #known = new Map<string, GgufLook>()

  /** `cacheFile`: where what was read is kept for the next process. */
  constructor(cacheFile: string) {
    this.#cache = new GgufCache(cacheFile)
  }

  /** `stat`: of the file, which is there. */
  look(path: string, stat: Stats): GgufLook {
    // The first of several parts has their bytes in its facts.
    const parts = partsOf(path).length > 1 ? path : ''
    const stamp = `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeMs}:${parts}`
    const known = this.#known.get(stamp)
    if (known !== undefined) return known
    const look = lookAtGguf(path, {
      get: () => this.#cache.get(stamp),
      set: header => this.#cache.set(stamp, header),
    })
    if (!look.ok && look.passing === true) return look
    if (this.#known.size >= 4096) this.#known.clear()
    this.#known.set(stamp, look)
    return look
  }

  save(): void {
    this.#cache.save()
  }
}

/** Its header, as it is remembered or else read. */
export function lookAtGguf(
  path: string,
  memory?: { get: () => ShortHeader | undefined; set: (header: GgufHeader) => void },
): GgufLook {
  try {
    const header = memory?.get() ?? read(path, memory?.set)
    const kind = kindOf(header)
    if (kind === undefined) return { ok: false, reason: `no language model (${header.architecture})` }
    if (kind === 'projector') return { ok: false, reason: kind }
    return {
      ok: true,
      kind,
      name: header.name,
      memory: settings =>
        kind === 'image'
          ? memoryOf('diffusion', header.tensorBytes)
          : llamaMemory(header, llamaShape(header.contextLength, settings)),
    }
  } catch (error) {
    if (error instanceof GgufError) return { ok: false, reason: error.reason }
    const { code } = error as NodeJS.ErrnoException
    if (code !== undefined) return { ok: false, reason: code, passing: true }
    throw error
  }
}

function read(path: string, remember?: (header: GgufHeader) => void): GgufHeader {
  const header = readGgufHeader(path)
  remember?.(header)
  return header
}

/** Undefined: it neither chats nor embeds nor paints. */
function kindOf(header: ShortHeader) {
  const { vocabSize, blockCount, embeddingOnly, ranks, paints, isProjector } = header
  if (isProjector) return 'projector'
  if (paints) return 'image'
  if (vocabSize === 0 || blockCount === 0) return undefined
  return ranks ? 'rerank' : embeddingOnly ? 'embedding' : 'llm'
}
