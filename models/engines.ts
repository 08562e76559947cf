import { readFileSync, statSync } from 'node:fs'
import { extname, join } from 'node:path'
import { reachableOr } from '../lib/reachable.ts'
import type { ModelKind } from './kind.ts'

const root = join(import.meta.dirname, '../services/engines')

/** The kinds whose engines lie in the folder of another one. */
const folders: Partial<Record<ModelKind, string>> = { embedding: 'llm', rerank: 'llm' }

/** Where an engine's program lies, if there is one of that name; one in Python lies where its model's settings say. */
export function engineFile(kind: ModelKind, name: string): string {
  return join(root, folders[kind] ?? kind, `${name}.ts`)
}

/** Whether models.yaml may name it for a model that lies here: one of these, or a program of yours beside them. */
export function isEngine(kind: ModelKind, name: string): boolean {
  return enginesFor[kind].includes(name) || isEngineProgram(engineFile(kind, name))
}

/** What lies in those folders may also be a part of engines. Read once while it stays as it is. */
function isEngineProgram(path: string): boolean {
  return reachableOr(false, () => {
    const { mtimeMs } = statSync(path)
    const known = programs.get(path)
    if (known?.mtimeMs === mtimeMs) return known.is
    const is = readFileSync(path, 'utf8').includes('engineProgram(')
    programs.set(path, { mtimeMs, is })
    return is
  })
}

const programs = new Map<string, { readonly mtimeMs: number; readonly is: boolean }>()

/** What we have ourselves, for people. */
export const enginesFor: Readonly<Record<ModelKind, readonly string[]>> = {
  llm: ['llama', 'llama-server', 'python'],
  embedding: ['llama', 'python'],
  rerank: ['llama', 'python'],
  stt: ['moonshine', 'whisper', 'sherpa', 'python'],
  vad: [],
  tts: ['espeak', 'sherpa', 'python'],
  image: ['diffusion', 'python'],
}

/** Which of them runs a model of the user's own, by what it is. */
export function engineOf({
  kind,
  engine,
  files = {},
  path = '',
  vision = files['vision'],
}: {
  readonly kind: ModelKind
  readonly engine?: string | undefined
  readonly path?: string | undefined
  readonly files?: Readonly<Record<string, string>> | undefined
  readonly vision?: string | undefined
}): string {
  if (engine !== undefined) return engine
  const extension = extname(path).toLowerCase()
  if (extension === '.py') return 'python'
  switch (kind) {
    case 'stt':
      return extension === '.bin' ? 'whisper' : 'sherpa'
    case 'tts':
      return 'sherpa'
    case 'image':
      return 'diffusion'
    case 'llm':
      return vision === undefined ? 'llama' : 'llama-server'
    default:
      return 'llama'
  }
}
