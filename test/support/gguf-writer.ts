import { closeSync, openSync, writeSync } from 'node:fs'

/** A Llama without any training: seeded weights and a vocabulary of bytes. For speed, memory and mechanics. */
export interface GgufPlan {
  readonly layers: number
  readonly width: number
  readonly feedForward: number
  readonly heads: number
  readonly headsKv: number
  readonly context: number
  /** At least 259. */
  readonly vocabulary: number
  readonly type: 'F16' | 'Q8_0'
  readonly template?: string
}

/** Loads in some milliseconds. */
export const tinyPlan: GgufPlan = {
  layers: 2,
  width: 64,
  feedForward: 128,
  heads: 4,
  headsKv: 2,
  context: 2048,
  vocabulary: 320,
  type: 'F16',
}

/** Reads some 260 MB of weights for each token. */
export const slowPlan: GgufPlan = {
  layers: 10,
  width: 1536,
  feedForward: 4096,
  heads: 12,
  headsKv: 4,
  context: 2048,
  vocabulary: 1024,
  type: 'Q8_0',
}

export interface Tensor {
  readonly name: string
  readonly shape: readonly number[]
  readonly type: 'F32' | GgufPlan['type']
}

/** A model of any architecture, with seeded weights: F32 are those of norms (ones) and biases (zeros). */
export interface GgufContent {
  readonly values: readonly Buffer[]
  readonly tensors: readonly Tensor[]
  readonly type: GgufPlan['type']
  readonly width: number
}

const typeNumbers = { F32: 0, F16: 1, Q8_0: 8 }
const alignment = 32

/** Writes the model to `path`; the same plan gives the same bytes. */
export function writeGguf(path: string, plan: GgufPlan): void {
  writeTensors(path, { ...plan, values: valuesOf(plan), tensors: tensorsOf(plan) })
}

export function writeTensors(path: string, { values, tensors, type, width }: GgufContent): void {
  const header: Buffer[] = [Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(values.length), ...values]
  let offset = 0
  for (const { name, shape, type } of tensors) {
    header.push(text(name), u32(shape.length), ...shape.map(u64), u32(typeNumbers[type]), u64(offset))
    offset += padded(bytesOf(shape, type))
  }
  const file = openSync(path, 'w')
  try {
    const head = Buffer.concat(header)
    writeSync(file, Buffer.concat([head, Buffer.alloc(padded(head.length) - head.length)]))
    const noise = new Noise(type, width)
    for (const tensor of tensors) writeTensor(file, tensor, noise)
  } finally {
    closeSync(file)
  }
}

export const u32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt32LE(value)
  return buffer
}

export const u64 = (value: number | bigint): Buffer => {
  const buffer = Buffer.alloc(8)
  buffer.writeBigUInt64LE(BigInt(value))
  return buffer
}

export const text = (value: string): Buffer =>
  Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)])

/** A key with its value: a text, a whole number, or a list of either. */
export function keyValue(key: string, value: string | number | readonly (string | number)[]): Buffer {
  if (typeof value === 'string') return Buffer.concat([text(key), u32(8), text(value)])
  if (typeof value === 'number') return Buffer.concat([text(key), u32(4), u32(value)])
  const [first] = value
  const items = value.map(one => (typeof one === 'string' ? text(one) : u32(one)))
  return Buffer.concat([
    text(key),
    u32(9),
    u32(typeof first === 'string' ? 8 : 4),
    u64(value.length),
    ...items,
  ])
}

export function flag(key: string, value: boolean): Buffer {
  return Buffer.concat([text(key), u32(7), Buffer.from([Number(value)])])
}

export function floats(key: string, values: readonly number[] | number): Buffer {
  if (typeof values === 'number') {
    const one = Buffer.alloc(4)
    one.writeFloatLE(values)
    return Buffer.concat([text(key), u32(6), one])
  }
  const all = Buffer.from(Float32Array.from(values).buffer)
  return Buffer.concat([text(key), u32(9), u32(6), u64(values.length), all])
}

/** SentencePiece's order: unknown, begin, end, the 256 bytes, then words that the training would have found. */
export function vocabularyOf(size: number): Buffer[] {
  const pieces = ['<unk>', '<s>', '</s>']
  const kinds = [2, 3, 3]
  const scores = [0, 0, 0]
  for (let byte = 0; byte < 256; byte++) {
    pieces.push(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`)
    kinds.push(6)
    scores.push(0)
  }
  while (pieces.length < size) {
    const at = pieces.length - 259
    pieces.push(at < 26 ? String.fromCharCode(97 + at) : at === 26 ? '▁' : `▁w${at}`)
    kinds.push(1)
    scores.push(-at)
  }
  return [
    keyValue('tokenizer.ggml.model', 'llama'),
    keyValue('tokenizer.ggml.tokens', pieces),
    floats('tokenizer.ggml.scores', scores),
    Buffer.concat([text('tokenizer.ggml.token_type'), u32(9), u32(5), u64(kinds.length), ...kinds.map(u32)]),
    keyValue('tokenizer.ggml.bos_token_id', 1),
    keyValue('tokenizer.ggml.eos_token_id', 2),
  ]
}

function valuesOf(plan: GgufPlan): Buffer[] {
  return [
    keyValue('general.architecture', 'llama'),
    keyValue('general.name', 'untrained'),
    keyValue('general.file_type', plan.type === 'F16' ? 1 : 7),
    keyValue('llama.context_length', plan.context),
    keyValue('llama.embedding_length', plan.width),
    keyValue('llama.block_count', plan.layers),
    keyValue('llama.feed_forward_length', plan.feedForward),
    keyValue('llama.attention.head_count', plan.heads),
    keyValue('llama.attention.head_count_kv', plan.headsKv),
    keyValue('llama.rope.dimension_count', plan.width / plan.heads),
    floats('llama.attention.layer_norm_rms_epsilon', 1e-5),
    ...vocabularyOf(plan.vocabulary),
    ...(plan.template === undefined ? [] : [keyValue('tokenizer.chat_template', plan.template)]),
  ]
}

function tensorsOf({ layers, width, feedForward, heads, headsKv, vocabulary, type }: GgufPlan): Tensor[] {
  const widthKv = (width / heads) * headsKv
  const tensors: Tensor[] = [{ name: 'token_embd.weight', shape: [width, vocabulary], type }]
  for (let layer = 0; layer < layers; layer++) {
    const matrix = (name: string, from: number, to: number): Tensor => ({
      name: `blk.${layer}.${name}.weight`,
      shape: [from, to],
      type,
    })
    tensors.push(
      { name: `blk.${layer}.attn_norm.weight`, shape: [width], type: 'F32' },
      matrix('attn_q', width, width),
      matrix('attn_k', width, widthKv),
      matrix('attn_v', width, widthKv),
      matrix('attn_output', width, width),
      { name: `blk.${layer}.ffn_norm.weight`, shape: [width], type: 'F32' },
      matrix('ffn_gate', width, feedForward),
      matrix('ffn_up', width, feedForward),
      matrix('ffn_down', feedForward, width),
    )
  }
  tensors.push(
    { name: 'output_norm.weight', shape: [width], type: 'F32' },
    { name: 'output.weight', shape: [width, vocabulary], type },
  )
  return tensors
}

function writeTensor(file: number, { name, shape, type }: Tensor, noise: Noise): void {
  const bytes = bytesOf(shape, type)
  if (type === 'F32') {
    const ones = Buffer.from(new Float32Array(bytes / 4).fill(name.endsWith('.bias') ? 0 : 1).buffer)
    writeSync(file, Buffer.concat([ones, Buffer.alloc(padded(bytes) - bytes)]))
    return
  }
  for (let left = bytes; left > 0;) {
    const piece = noise.next(left)
    writeSync(file, piece)
    left -= piece.length
  }
  writeSync(file, Buffer.alloc(padded(bytes) - bytes))
}

/** Seeded weights: a megabyte of them made once and cut at other places again and again, which is quick. */
class Noise {
  readonly #pool: Buffer
  readonly #unit: number
  #at = 0

  constructor(type: GgufPlan['type'], width: number) {
    const size = 1.5 / Math.sqrt(width)
    this.#unit = type === 'F16' ? 2 : 34
    this.#pool = Buffer.alloc(30_841 * this.#unit)
    let state = 20_261_121
    const random = (): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
      return state / 2 ** 31 - 1
    }
    for (let at = 0; at < this.#pool.length; at += this.#unit) {
      if (type === 'F16') this.#pool.writeUInt16LE(halfOf(random() * size), at)
      else {
        this.#pool.writeUInt16LE(halfOf(size / 127), at)
        for (let one = 0; one < 32; one++) this.#pool.writeInt8(Math.round(random() * 127), at + 2 + one)
      }
    }
  }

  next(limit: number): Buffer {
    if (this.#at >= this.#pool.length) this.#at = this.#unit * ((this.#at / this.#unit) % 7919)
    const piece = this.#pool.subarray(this.#at, this.#at + Math.min(limit, this.#pool.length - this.#at))
    this.#at += piece.length
    return piece
  }
}

/** The bits of a half-precision number; for magnitudes from 2^-14 to 1. */
function halfOf(value: number): number {
  const magnitude = Math.abs(value)
  if (magnitude < 2 ** -14) return 0
  const exponent = Math.floor(Math.log2(magnitude))
  const fraction = Math.floor((magnitude / 2 ** exponent - 1) * 1024)
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | fraction
}

function bytesOf(shape: readonly number[], type: Tensor['type']): number {
  const elements = shape.reduce((product, length) => product * length, 1)
  return type === 'F32' ? elements * 4 : type === 'F16' ? elements * 2 : (elements / 32) * 34
}

function padded(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment
}
