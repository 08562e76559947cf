import { basename, join } from 'node:path'
import { type Catalog, type CatalogEntry, withNeeds } from './catalog.ts'
import type { FoundFile } from './found/folders.ts'
import type { GgufFiles } from './gguf-files.ts'
import type { ModelKind } from './kind.ts'
import { memoryOf } from './memory.ts'
import { resolveModel } from './model.ts'
import type { Sizes } from './sizes.ts'
import { statFile } from './stat-file.ts'
import { plainBytes } from './verify.ts'

export interface KnownModel {
  readonly id: string
  readonly kind: ModelKind
  readonly title: string
  /** Which program of services/engines/<kind> runs it: llama, remote, moonshine, espeak …; '': it is a part of others. */
  readonly engine: string
  readonly licence: string
  readonly origin: 'shipped' | 'catalog' | 'yours' | 'ollama' | 'lmstudio' | 'huggingface'
  /** Absolute paths by role, such as `model`, or `encoder` and `decoder`; empty where it has no files. */
  readonly files: Readonly<Record<string, string>>
  /** Of its own files; those of models that it needs are not counted. */
  readonly bytes: number
  readonly installed: boolean
  /** Absolute paths that are not there, or not whole. */
  readonly missing: readonly string[]
  /** For its engine. */
  readonly settings: Readonly<Record<string, unknown>>
  /** Its own; undefined: that of the view. */
  readonly idleMs: number | undefined
  readonly pinned: boolean
  /** Bytes of the machine's memory that it is thought to take when loaded; undefined where it is not installed. */
  readonly memory: number | undefined
  /** A language model that takes pictures. */
  readonly vision: boolean
}

/** What is known of the machine while the models are looked at. */
export interface Look {
  readonly modelsDir: string
  /** The user's, for `~/`. */
  readonly home: string
  readonly catalog: Catalog
  /** The names in modelsDir: a model whose folder is not there needs no look at its files. */
  readonly folders: ReadonlySet<string>
  readonly gguf: GgufFiles
  readonly sizes: Sizes
  readonly pins: ReadonlySet<string>
}

export function fromCatalog(entry: CatalogEntry, look: Look): KnownModel {
  const files: Record<string, string> = {}
  const missing: string[] = []
  let ownBytes = 0
  let allBytes = 0
  for (const one of withNeeds(entry, look.catalog)) {
    const model = resolveModel(one.id, look.catalog, { dir: look.modelsDir, modelsDir: look.modelsDir })
    if (model === undefined) continue
    for (const [role, path] of Object.entries(one.roles)) files[role] = join(model.folder, path)
    const isThere = 'shipped' in one.from || look.folders.has(one.id)
    for (const file of model.files) {
      const path = join(model.folder, file.path)
      const bytes = file.bytes ?? plainBytes(model)
      const size = isThere ? look.sizes.bytesAt(path) : undefined
      if (!size || size !== (bytes ?? size)) missing.push(path)
      if (one === entry) ownBytes += size ?? bytes ?? 0
      allBytes += size ?? bytes ?? 0
    }
  }
  const installed = missing.length === 0
  const model = files['model']
  return {
    id: entry.id,
    kind: entry.kind,
    title: entry.title,
    engine: entry.engine,
    licence: entry.licence,
    origin: 'shipped' in entry.from ? 'shipped' : 'catalog',
    files,
    // What an archive holds, nobody has said before it is here.
    bytes: ownBytes === 0 ? entry.from.bytes : ownBytes,
    installed,
    missing,
    settings: entry.settings,
    idleMs: undefined,
    pinned: look.pins.has(entry.id),
    memory: !installed
      ? undefined
      : entry.engine === 'llama' && model !== undefined
        ? ggufMemory(model, entry.settings, look)
        : memoryOf(entry.engine, allBytes),
    vision: entry.kind === 'llm' && files['vision'] !== undefined,
  }
}

/** Undefined for a file that is gone, not whole, or no model of language. */
export function fromFound(found: FoundFile, look: Look): KnownModel | undefined {
  const stat = statFile(found.path)
  const gguf = stat === undefined ? undefined : look.gguf.look(found.path, stat)
  if (gguf?.ok !== true || gguf.kind === 'image') return undefined
  const { bytes, missing } = look.sizes.contentOf([found.path])
  if (missing.length > 0) return undefined
  return {
    id: found.id,
    kind: gguf.kind,
    title: found.title,
    engine: 'llama',
    licence: unknownLicence,
    origin: found.origin,
    files: { model: found.path },
    bytes,
    installed: true,
    missing,
    settings: {},
    idleMs: undefined,
    pinned: look.pins.has(found.id),
    memory: ggufMemory(found.path, {}, look),
    // Its eyes may lie beside it; whoever wants them names both files in models.yaml.
    vision: false,
  }
}

const unknownLicence = 'unknown'

/** Where the header can't be read, loading will say why; until then, the size of the file says enough. */
export function ggufMemory(
  path: string,
  settings: { readonly contextSize?: unknown; readonly sequences?: unknown },
  { gguf }: Look,
): number | undefined {
  const stat = statFile(path)
  if (stat === undefined) return undefined
  const header = gguf.look(path, stat)
  const { contextSize, sequences } = settings
  return header.ok
    ? header.memory({ contextSize: countOf(contextSize), sequences: countOf(sequences) })
    : memoryOf('llama', stat.size)
}

function countOf(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined
}

/** An id for a file that has none yet: `Qwen3-0.6B-Q8_0.gguf` → `qwen3-0.6b-q8_0`. */
export function idForFile(path: string): string {
  return slug(basename(path).replace(/(-00001-of-\d{5})?\.(gguf|bin|safetensors|ckpt|py)$/i, ''))
}

export function slug(text: string): string {
  const id = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 100)
  return id === '' ? 'model' : id
}
