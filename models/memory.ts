import type { CatalogEntry } from './catalog.ts'
import { llamaMemory, llamaShape } from './gguf-memory.ts'

/**
 * What a loaded model is thought to take of the machine's memory, in bytes, where its files alone decide it: that of the
 * program around it, and the weights times what its work needs of them. For GGUF files models/gguf.ts knows better. It
 * only has to be near: core goes on with what it measures.
 */
export function memoryOf(engine: string, bytes: number): number {
  const { base, factor } = measured[engine] ?? unknown
  return Math.round(base + factor * bytes)
}

/**
 * The same for a model of the catalog before its files are here, in bytes; near what the inventory says once they are. What
 * works inside of another model is counted there.
 */
export function estimateMemory({ engine, shape, context, settings, from, files }: CatalogEntry): number {
  if (engine === '') return 0
  const kept = files.every(file => file.bytes !== undefined)
  const bytes = kept ? files.reduce((sum, file) => sum + (file.bytes ?? 0), 0) : from.bytes
  if (engine !== 'llama' || shape === undefined) return memoryOf(engine, bytes)
  const { layers, width, feedForward, kvHeads, headLength, vocabulary } = shape
  const weights = {
    blockCount: layers,
    headCountKv: kvHeads,
    keyLength: headLength,
    valueLength: headLength,
    feedForwardLength: feedForward,
    embeddingLength: width,
    vocabSize: vocabulary,
    tensorBytes: bytes,
  }
  return llamaMemory(weights, llamaShape(context, settings))
}

/**
 * Resident bytes on Linux with Node 24, seen in November 2026. Moonshine tiny (31 MB in files): 240 MB loaded,
 * 430 to 540 MB after minutes of speech. eSpeak NG (25 MB): 175 MB loaded, 300 MB after hours of text. An endpoint: 107 MB.
 */
const measured: Readonly<Record<string, { readonly base: number; readonly factor: number }>> = {
  moonshine: { base: 400e6, factor: 2.7 },
  espeak: { base: 250e6, factor: 1 },
  remote: { base: 110e6, factor: 0 },
  automatic1111: { base: 110e6, factor: 0 },
  // What whisper.cpp's README says of its models (tiny 75 MiB: 273 MB; large 2.9 GiB: 3.9 GB), and ours around it.
  whisper: { base: 350e6, factor: 1.2 },
  // As Moonshine, which the same library runs; larger models have less beside their weights.
  sherpa: { base: 300e6, factor: 1.7 },
  // The weights and what 512 × 512 pixels need beside them: a guess that keeps others out of the way, not measured here.
  diffusion: { base: 1.5e9, factor: 1 },
  // Of a Python and its packages, nothing is known before it runs.
  python: { base: 300e6, factor: 1.5 },
  echo: { base: 100e6, factor: 0 },
}

const unknown = { base: 100e6, factor: 1.5 }
