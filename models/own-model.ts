import { join, sep } from 'node:path'
import { engineOf } from './engines.ts'
import { ggufMemory, type KnownModel, type Look } from './known-model.ts'
import { memoryOf } from './memory.ts'
import { resolveModel } from './model.ts'
import type { OwnEndpoint, OwnFiles, OwnModel } from './own-entry.ts'
import { lookAtSherpaFolder } from './sherpa-folder.ts'
import { statFile } from './stat-file.ts'

/** A model that stands in models.yaml. */
export function fromOwn(entry: OwnModel, look: Look): KnownModel {
  const { id, kind, title, licence, idle, language, voice } = entry
  const shared = {
    id,
    kind,
    title: title ?? id,
    origin: 'yours' as const,
    idleMs: idle,
    pinned: look.pins.has(id),
  }
  const said = without({ language, voice })
  return 'url' in entry
    ? { ...shared, licence: licence ?? 'as its host states', ...atEndpoint(entry, said, look) }
    : { ...shared, licence: licence ?? 'unknown', ...fromFiles(entry, said, look) }
}

/** Of such a model the files and folders that the user named, and not what the catalog lends it. */
export function ownPaths({ files, settings, engine }: KnownModel, modelsDir: string): string[] {
  const lent = join(modelsDir, vadId) + sep
  const { program } = settings
  const script = engine === 'python' && typeof program === 'string' ? [program] : []
  return [...Object.values(files).filter(path => !path.startsWith(lent)), ...script]
}

/** Of what hears by sherpa-onnx, neither the files nor their names may tell what it is; of voices the engine can tell. */
export function lacksFamily({ engine, kind, installed, settings }: KnownModel): boolean {
  return engine === 'sherpa' && kind === 'stt' && installed && settings['family'] === undefined
}

type Rest = Pick<
  KnownModel,
  'engine' | 'files' | 'bytes' | 'installed' | 'missing' | 'settings' | 'memory' | 'vision'
>

function atEndpoint(
  { kind, url, model, key_env: keyEnv, vision, api }: OwnEndpoint,
  said: Readonly<Record<string, string>>,
  look: Look,
): Rest {
  const { files, missing } = heard(kind === 'stt', look)
  const engine = api ?? 'remote'
  return {
    engine,
    files,
    bytes: 0,
    installed: missing.length === 0,
    missing,
    settings: without({ url, model, keyEnv, vision, ...said }),
    memory: memoryOf(engine, 0),
    vision: vision === true,
  }
}

function fromFiles(entry: OwnFiles, said: Readonly<Record<string, string>>, look: Look): Rest {
  const engine = engineOf(entry)
  const at = (path: string): string => (path.startsWith('~/') ? join(look.home, path.slice(2)) : path)
  const path = entry.path === undefined ? undefined : at(entry.path)
  const named = Object.entries(entry.files ?? {}).map(([role, its]) => [role, at(its)] as const)
  const parts = engine === 'sherpa' && path !== undefined ? sherpaParts(entry, path) : undefined
  const own: Record<string, string> = {
    ...(path === undefined || engine === 'python' ? {} : (parts?.files ?? { model: path })),
    ...(entry.vision === undefined ? {} : { vision: at(entry.vision) }),
    ...Object.fromEntries(named),
  }
  const settings = {
    ...entry.settings,
    ...said,
    ...without({
      contextSize: entry.context_size,
      sequences: entry.sequences,
      family: parts?.family,
      program: engine === 'python' ? path : undefined,
    }),
  }
  // A program that was made for speech has its own way to tell where it is.
  const vad = heard(entry.kind === 'stt' && engine !== 'python', look)
  const paths = [...Object.values(own), ...(engine === 'python' && path !== undefined ? [path] : [])]
  const { bytes, missing: absent } = look.sizes.contentOf(paths)
  const missing = [...absent, ...vad.missing]
  const installed = missing.length === 0
  return {
    engine,
    files: { ...vad.files, ...own },
    bytes,
    installed,
    missing,
    settings,
    memory: installed ? (entry.memory ?? memoryFor(engine, own, bytes, settings, look)) : undefined,
    vision: entry.kind === 'llm' && own['vision'] !== undefined,
  }
}

function sherpaParts({ kind, settings }: OwnFiles, path: string) {
  const family = settings?.['family']
  return lookAtSherpaFolder(
    path,
    kind === 'tts' ? 'tts' : 'stt',
    typeof family === 'string' ? family : undefined,
  )
}

/** What hears needs to be told where speech is. */
function heard(needed: boolean, look: Look): Pick<KnownModel, 'files' | 'missing'> {
  const place = { dir: look.modelsDir, modelsDir: look.modelsDir }
  const model = needed ? resolveModel(vadId, look.catalog, place) : undefined
  const file = model?.files[0]
  if (model === undefined || file === undefined) return { files: {}, missing: [] }
  const path = join(model.folder, file.path)
  const isThere = statFile(path)?.size === file.bytes
  return { files: { vad: path }, missing: isThere ? [] : [path] }
}

export const vadId = 'silero-vad'

function memoryFor(
  engine: string,
  files: Readonly<Record<string, string>>,
  bytes: number,
  settings: Readonly<Record<string, unknown>>,
  look: Look,
): number | undefined {
  const { model, vision } = files
  if ((engine !== 'llama' && engine !== 'llama-server') || model === undefined) return memoryOf(engine, bytes)
  const text = ggufMemory(model, settings, look)
  return text === undefined
    ? undefined
    : text + (vision === undefined ? 0 : (look.sizes.bytesAt(vision) ?? 0))
}

function without<T>(values: Readonly<Record<string, T | undefined>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(values).filter((pair): pair is [string, T] => pair[1] !== undefined),
  )
}
