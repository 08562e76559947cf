/** A model in the ONNX format (onnx.proto of the ONNX project), as small as a test wants it. */
export interface OnnxModel {
  readonly inputs: readonly OnnxValue[]
  readonly outputs: readonly OnnxValue[]
  readonly nodes: readonly OnnxNode[]
  readonly initializers?: readonly OnnxTensor[]
  readonly metadata?: Readonly<Record<string, string | number>>
}

export type OnnxType = 'float' | 'int32' | 'int64' | 'bool'

export interface OnnxValue {
  readonly name: string
  readonly type: OnnxType
  /** A name is a size that is known at run time only. */
  readonly dims: readonly (number | string)[]
}

export interface OnnxTensor {
  readonly name: string
  readonly type: OnnxType
  readonly dims: readonly number[]
  readonly values: readonly number[]
}

export interface OnnxNode {
  readonly op: string
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>
}

export type OnnxAttribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly string: string }

/** The bytes of its file. Operators are those of opset 17. */
export function onnxModel({ inputs, outputs, nodes, initializers = [], metadata = {} }: OnnxModel): Buffer {
  const graph = message(
    ...nodes.map(node => bytes(1, nodeOf(node))),
    text(2, 'graph'),
    ...initializers.map(tensor => bytes(5, tensorOf(tensor))),
    ...inputs.map(value => bytes(11, valueOf(value))),
    ...outputs.map(value => bytes(12, valueOf(value))),
  )
  return message(
    int(1, 8),
    text(2, 'courante-tests'),
    bytes(7, graph),
    bytes(8, message(text(1, ''), int(2, 17))),
    ...Object.entries(metadata).map(([key, value]) =>
      bytes(14, message(text(1, key), text(2, String(value)))),
    ),
  )
}

const typeNumbers = { float: 1, int32: 6, int64: 7, bool: 9 } as const

function nodeOf({ op, inputs, outputs, attributes = {} }: OnnxNode): Buffer {
  return message(
    ...inputs.map(name => text(1, name)),
    ...outputs.map(name => text(2, name)),
    text(4, op),
    ...Object.entries(attributes).map(([name, value]) => bytes(5, attributeOf(name, value))),
  )
}

function attributeOf(name: string, value: OnnxAttribute): Buffer {
  if ('int' in value) return message(text(1, name), int(3, value.int), int(20, 2))
  if ('float' in value) return message(text(1, name), float(2, value.float), int(20, 1))
  if ('ints' in value) return message(text(1, name), ...value.ints.map(one => int(8, one)), int(20, 7))
  return message(text(1, name), text(4, value.string), int(20, 3))
}

function tensorOf({ name, type, dims, values }: OnnxTensor): Buffer {
  return message(
    ...dims.map(size => int(1, size)),
    int(2, typeNumbers[type]),
    text(8, name),
    bytes(9, rawOf(type, values)),
  )
}

function rawOf(type: OnnxType, values: readonly number[]): Buffer {
  if (type === 'float') return Buffer.from(Float32Array.from(values).buffer)
  if (type === 'int32') return Buffer.from(Int32Array.from(values).buffer)
  if (type === 'int64') return Buffer.from(BigInt64Array.from(values, BigInt).buffer)
  return Buffer.from(values)
}

function valueOf({ name, type, dims }: OnnxValue): Buffer {
  const sizes = dims.map(size => bytes(1, typeof size === 'number' ? int(1, size) : text(2, size)))
  const tensor = message(int(1, typeNumbers[type]), bytes(2, message(...sizes)))
  return message(text(1, name), bytes(2, bytes(1, tensor)))
}

const message = (...fields: readonly Buffer[]): Buffer => Buffer.concat(fields)
const key = (field: number, wire: number): Buffer => varint(BigInt(field * 8 + wire))
const int = (field: number, value: number): Buffer =>
  message(key(field, 0), varint(BigInt.asUintN(64, BigInt(value))))
const text = (field: number, value: string): Buffer => bytes(field, Buffer.from(value))
const bytes = (field: number, value: Buffer): Buffer =>
  message(key(field, 2), varint(BigInt(value.length)), value)

function float(field: number, value: number): Buffer {
  const raw = Buffer.alloc(4)
  raw.writeFloatLE(value)
  return message(key(field, 5), raw)
}

function varint(value: bigint): Buffer {
  const out: number[] = []
  for (; value >= 128n; value >>= 7n) out.push(Number(value & 127n) | 128)
  return Buffer.from([...out, Number(value)])
}
