import type { GgufHeader } from './gguf.ts'

interface LlamaShape {
  /** Tokens of a sequence. */
  readonly contextSize: number
  readonly sequences: number
}

const batch = 512
/** Node, the library and llama.cpp, as seen with a model of nothing. */
const processBytes = 145 * 1e6

/** As the engine does it where nobody says otherwise. `trained`: tokens; 0 or undefined where it is not known. */
export function llamaShape(
  trained: number | undefined,
  settings: { readonly contextSize?: number | undefined; readonly sequences?: number | undefined },
): LlamaShape {
  return {
    contextSize: Math.min(trained || 4096, settings.contextSize ?? 4096),
    sequences: settings.sequences ?? 4,
  }
}

/** Of a header what its memory depends on. */
type Weights = Pick<
  GgufHeader,
  | 'blockCount'
  | 'headCountKv'
  | 'keyLength'
  | 'valueLength'
  | 'feedForwardLength'
  | 'embeddingLength'
  | 'vocabSize'
  | 'tensorBytes'
>

/** Bytes that a process with this model takes: the weights, the cache of keys and values, buffers, and the process. */
export function llamaMemory(header: Weights, { contextSize, sequences }: LlamaShape): number {
  const { blockCount, headCountKv, keyLength, valueLength } = header
  const tokens = Math.ceil(contextSize / 256) * 256 * sequences
  const cache = tokens * blockCount * headCountKv * (keyLength + valueLength) * 2
  // What a batch passes from one layer to the next, and its last layer's scores of every word.
  const widest = Math.max(header.feedForwardLength * 2, header.embeddingLength * 4)
  const buffers = Math.min(batch, tokens) * (widest + header.vocabSize) * 4
  return Math.round(header.tensorBytes + cache + buffers + processBytes)
}
