import { existsSync } from 'node:fs'
import { GgufError, type GgufHeader, readGgufHeader } from '../../../models/gguf.ts'
import { EngineError, type EngineModel } from '../../core/engine.ts'

const defaultContextSize = 4096

/** What a model's file says of itself. Throws `bad_settings`, `missing_files` or `bad_model`. */
export function headerOf({ files }: EngineModel, role: string): { path: string; header: GgufHeader } {
  const path = files[role]
  if (path === undefined)
    throw new EngineError({ reason: 'bad_settings', detail: `files.${role} is missing` })
  if (!existsSync(path)) throw new EngineError({ reason: 'missing_files', files: [path] })
  try {
    return { path, header: readGgufHeader(path) }
  } catch (error) {
    if (!(error instanceof GgufError)) throw error
    throw new EngineError({ reason: 'bad_model', detail: `${path}: ${error.message}` }, { cause: error })
  }
}

export function contextSizeOf(
  { contextLength }: GgufHeader,
  { contextSize }: { readonly contextSize?: number | undefined },
): number {
  const trained = contextLength === 0 ? defaultContextSize : contextLength
  return Math.min(trained, contextSize ?? defaultContextSize)
}

/**
 * Before llama.cpp asks for it: Linux grants any memory, and kills the process when it is used. `onCard`: bytes that a
 * graphics card takes off the machine's memory.
 */
export function checkMemory(needed: number, onCard: number): void {
  const there = process.availableMemory() + onCard
  if (needed <= there) return
  const [needs, has] = [needed, there].map(bytes => `${Math.round(bytes / 2 ** 20)} MiB`)
  throw new EngineError({ reason: 'out_of_memory', detail: `it needs some ${needs}, and ${has} are free` })
}
