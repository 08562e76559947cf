import { existsSync } from 'node:fs'
import { extname, join } from 'node:path'
import type { ModelKind } from './kind.ts'

const folder = join(import.meta.dirname, '../services/engines')

/** The kinds whose engines lie in the folder of another one. */
const folders: Partial<Record<ModelKind, string>> = { embedding: 'llm', rerank: 'llm' }

/** Whether models.yaml may name it for a model that lies here: one file each, also yours, or a program in Python. */
export function isEngine(kind: ModelKind, name: string): boolean {
  return name === 'python' || existsSync(join(folder, folders[kind] ?? kind, `${name}.ts`))
}

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
  path = '',
  vision,
}: {
  readonly kind: ModelKind
  readonly engine?: string | undefined
  readonly path?: string | undefined
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
    default:
      return vision === undefined ? 'llama' : 'llama-server'
  }
}
