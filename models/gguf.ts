import { closeSync, fstatSync, openSync, statSync } from 'node:fs'
import { ggmlTypes, quantisations } from './gguf-types.ts'
import { GgufError, GgufReader } from './gguf-reader.ts'
import { isPainterTensor } from './painter-tensor.ts'

export { llamaMemory } from './gguf-memory.ts'
export { GgufError } from './gguf-reader.ts'

/** What a GGUF file says of its model, without its weights. */
export interface GgufHeader {
  readonly version: number
  readonly architecture: string
  readonly name: string | undefined
  readonly blockCount: number
  readonly embeddingLength: number
  readonly feedForwardLength: number
  readonly headCount: number
  /** The mean, where layers differ. */
  readonly headCountKv: number
  readonly keyLength: number
  readonly valueLength: number
  /** What it was trained on. */
  readonly contextLength: number
  readonly vocabSize: number
  /** Such as `Q4_K_M`. */
  readonly quantisation: string
  readonly chatTemplate: string | undefined
  readonly hasChatTemplate: boolean
  /** It makes vectors, and no text. */
  readonly embeddingOnly: boolean
  /** It says how well a text answers a question. */
  readonly ranks: boolean
  /** It paints: a whole checkpoint, as stable-diffusion.cpp takes it. */
  readonly paints: boolean
  /** It has no use but to let another model see or hear, the one that it was made with. */
  readonly isProjector: boolean
  /** Of its weights, in all files where it is split. */
  readonly tensorBytes: number
  readonly parameters: number
}

/** Of the specification, https://github.com/ggml-org/ggml/blob/master/docs/gguf.md */
const versions = [2, 3]
const maxKeys = 65_536
const maxTensors = 100_000
const encoders =
  /^(bert|modern-bert|neo-bert|nomic-bert(-moe)?|jina-bert-v[23]|roberta|eurobert|gemma-embedding|t5encoder)$/

/** LLAMA_POOLING_TYPE_RANK of llama.h. */
const rankPooling = 4

/** Throws a GgufError for a file that is none; the file system's own errors pass. Reads no more than the header. */
export function readGgufHeader(path: string): GgufHeader {
  const file = openSync(path, 'r')
  try {
    const stat = fstatSync(file)
    if (!stat.isFile()) throw new GgufError('not_gguf', 'it is no regular file')
    return readHeader(new GgufReader(file, stat.size), path, stat.size)
  } finally {
    closeSync(file)
  }
}

function readHeader(reader: GgufReader, path: string, size: number): GgufHeader {
  if (size < 4 || reader.bytes(4).toString('latin1') !== 'GGUF')
    throw new GgufError('not_gguf', 'it does not begin with GGUF')
  const version = reader.u32()
  if ((version & 0xff_ffff) === 0 && versions.includes(version >>> 24))
    throw new GgufError('big_endian', 'its numbers are big-endian')
  if (!versions.includes(version)) throw new GgufError('version', `version ${version} is not supported`)
  const tensorCount = reader.count(maxTensors, 'tensors')
  const keyCount = reader.count(maxKeys, 'keys')
  const values = new Map<string, unknown>()
  for (let at = 0; at < keyCount; at++) {
    const key = reader.string(65_535, 'a key')
    values.set(key, reader.value(reader.u32(), wanted(key)))
  }
  const alignment = numberOf(values.get('general.alignment')) ?? 32
  if (alignment < 1 || alignment > 65_536 || alignment % 8 !== 0)
    throw new GgufError('hostile', `an alignment of ${alignment}`)
  const tensors = readTensors(reader, tensorCount)
  const data = Math.ceil(reader.position / alignment) * alignment
  if (tensorCount > 0 && data + tensors.end > size)
    throw new GgufError('truncated', `it has ${size} of at least ${data + tensors.end} bytes`)
  return describe(version, values, tensors, Math.max(0, size - data) + otherParts(path, values))
}

/** Strings are read only where they are used; of arrays, numbers up to a length that per-layer values have. */
function wanted(key: string): boolean {
  return key.startsWith('general.') || key === 'tokenizer.chat_template' || !key.startsWith('tokenizer.')
}

interface Tensors {
  /** Where the last one ends, from the start of the data. */
  readonly end: number
  readonly parameters: number
  /** The type that holds most. */
  readonly type: string
  /** Rows of the embedding's table. */
  readonly vocabSize: number | undefined
  readonly hasRankHead: boolean
  readonly hasPainter: boolean
}

function readTensors(reader: GgufReader, count: number): Tensors {
  let end = 0
  let parameters = 0
  let vocabSize: number | undefined
  let hasRankHead = false
  let hasPainter = false
  const byType = new Map<string, number>()
  for (let at = 0; at < count; at++) {
    const name = reader.string(256, 'the name of a tensor')
    const dimensions = reader.u32()
    if (dimensions > 4) throw new GgufError('hostile', `a tensor of ${dimensions} dimensions`)
    const shape = Array.from({ length: dimensions }, () => reader.u64('a dimension'))
    const elements = shape.reduce((product, length) => product * length, 1)
    const type = ggmlTypes.get(reader.u32())
    const offset = reader.u64('an offset')
    if (!Number.isSafeInteger(elements)) throw new GgufError('hostile', `a tensor of ${elements} numbers`)
    parameters += elements
    if (name === 'token_embd.weight') vocabSize = shape[1]
    hasRankHead ||= name === 'cls.weight' || name === 'cls.output.weight'
    hasPainter ||= isPainterTensor(name)
    if (type === undefined) end = Math.max(end, offset)
    else {
      end = Math.max(end, offset + Math.ceil(elements / type.block) * type.bytes)
      byType.set(type.name, (byType.get(type.name) ?? 0) + elements)
    }
  }
  const [type = 'unknown'] = [...byType].sort(([, one], [, other]) => other - one)[0] ?? []
  return { end, parameters, type, vocabSize, hasRankHead, hasPainter }
}

function describe(
  version: number,
  values: ReadonlyMap<string, unknown>,
  tensors: Tensors,
  tensorBytes: number,
): GgufHeader {
  const architecture = textOf(values.get('general.architecture')) ?? 'unknown'
  const own = (key: string): unknown => values.get(`${architecture}.${key}`)
  const embeddingLength = numberOf(own('embedding_length')) ?? 0
  const headCount = numberOf(own('attention.head_count')) ?? 0
  const headLength = headCount === 0 ? 0 : embeddingLength / headCount
  const chatTemplate = textOf(values.get('tokenizer.chat_template'))
  const vocabulary = values.get('tokenizer.ggml.tokens')
  return {
    version,
    architecture,
    name: textOf(values.get('general.name')),
    blockCount: numberOf(own('block_count')) ?? 0,
    embeddingLength,
    feedForwardLength: numberOf(own('feed_forward_length')) ?? 0,
    headCount,
    headCountKv: numberOf(own('attention.head_count_kv')) ?? headCount,
    keyLength: numberOf(own('attention.key_length')) ?? headLength,
    valueLength: numberOf(own('attention.value_length')) ?? headLength,
    contextLength: numberOf(own('context_length')) ?? 0,
    vocabSize: numberOf(own('vocab_size')) ?? lengthOf(vocabulary) ?? tensors.vocabSize ?? 0,
    quantisation: quantisations.get(numberOf(values.get('general.file_type')) ?? -1) ?? tensors.type,
    chatTemplate,
    hasChatTemplate: chatTemplate !== undefined && chatTemplate.trim() !== '',
    ranks: own('pooling_type') === rankPooling || tensors.hasRankHead,
    paints: tensors.hasPainter,
    isProjector: architecture === 'clip' || values.get('general.type') === 'mmproj',
    embeddingOnly: encoders.test(architecture) || numberOf(own('pooling_type')) !== undefined,
    tensorBytes,
    parameters: tensors.parameters,
  }
}

/** The bytes of `model-00002-of-00003.gguf` and so on. */
function otherParts(path: string, values: ReadonlyMap<string, unknown>): number {
  const count = numberOf(values.get('split.count')) ?? 1
  const name = /^(.*-)00001-of-(\d{5})\.gguf$/.exec(path)
  if (name === null || count < 2 || count !== Number(name[2])) return 0
  let bytes = 0
  for (let part = 2; part <= count; part++) {
    const file = `${name[1]}${String(part).padStart(5, '0')}-of-${name[2]}.gguf`
    bytes += statSync(file, { throwIfNoEntry: false })?.size ?? 0
  }
  return bytes
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : undefined
  if (!Array.isArray(value) || value.length === 0) return undefined
  const numbers = value.filter(one => typeof one === 'number')
  return numbers.length === 0 ? undefined : numbers.reduce((sum, one) => sum + one, 0) / numbers.length
}

function lengthOf(value: unknown): number | undefined {
  return typeof value === 'object' && value !== null && 'skipped' in value
    ? Number(value.skipped)
    : Array.isArray(value)
      ? value.length
      : undefined
}
