import { type FileHandle, open } from 'node:fs/promises'
import { bytesAt, checkOnnx, type Field, fieldOf, headBytes } from './onnx-file.ts'

/** What a model takes and gives. */
export interface OnnxSignature {
  readonly metadata: ReadonlyMap<string, string>
  readonly inputs: readonly OnnxPort[]
  readonly outputs: readonly OnnxPort[]
}

export interface OnnxPort {
  readonly name: string
  /** Undefined: known at run time only. */
  readonly dims: readonly (number | undefined)[]
}

/** Of onnx.proto's ModelProto and GraphProto. */
const graphField = 7
const inputField = 11
const outputField = 12
/** What is said of one port; longer ones are not ours. */
const maxPortBytes = 64 * 1024

/** Tells models apart that are ONNX all of them. Throws `bad_model` for what is none. */
export async function readOnnxSignature(path: string): Promise<OnnxSignature> {
  const metadata = await checkOnnx(path)
  await using file = await open(path)
  const inputs: OnnxPort[] = []
  const outputs: OnnxPort[] = []
  const { size } = await file.stat()
  for await (const graph of fieldsOf(file, 0, size)) {
    if (graph.number !== graphField) continue
    for await (const field of fieldsOf(file, graph.at, graph.at + graph.length)) {
      if (field.number !== inputField && field.number !== outputField) continue
      if (field.length > maxPortBytes) continue
      const port = portOf(await bytesAt(file, field.at, field.length))
      ;(field.number === inputField ? inputs : outputs).push(port)
    }
  }
  return { metadata, inputs, outputs }
}

interface Placed extends Field {
  /** Where in the file its bytes begin. */
  readonly at: number
}

async function* fieldsOf(file: FileHandle, from: number, to: number): AsyncGenerator<Placed> {
  for (let at = from; at < to;) {
    const field = fieldOf(await bytesAt(file, at, headBytes))
    if (field === undefined) return
    yield { ...field, at: at + field.start }
    at += field.start + field.length
  }
}

/** A ValueInfoProto: name (1), type (2) → tensor (1) → shape (2) → sizes (1), each a number (1) or a name (2). */
function portOf(bytes: Buffer): OnnxPort {
  const name = inner(bytes, 1)[0]?.toString('utf8') ?? ''
  const shape = [2, 1, 2].reduce<Buffer | undefined>(
    (outer, number) => (outer === undefined ? undefined : inner(outer, number)[0]),
    bytes,
  )
  return { name, dims: shape === undefined ? [] : inner(shape, 1).map(sizeOf) }
}

/** The parts under that number which have bytes. */
function inner(bytes: Buffer, number: number): Buffer[] {
  const found: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const field = fieldOf(bytes.subarray(at))
    if (field === undefined) break
    const start = at + field.start
    // Only of those with a length; one of 0 is a size without a name.
    if (field.number === number && ((bytes[at] ?? 0) & 7) === 2)
      found.push(bytes.subarray(start, start + field.length))
    at = start + field.length
  }
  return found
}

function sizeOf(dim: Buffer): number | undefined {
  const field = dim.length === 0 ? undefined : fieldOf(dim)
  if (field === undefined || field.number !== 1 || field.length > 0) return undefined
  let value = 0
  for (const [i, byte] of dim.subarray(1, field.start).entries()) value += (byte & 127) * 2 ** (7 * i)
  return value
}
