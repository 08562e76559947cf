import { open, type FileHandle } from 'node:fs/promises'
import { EngineError } from '../../core/engine.ts'

/** Fields of onnx.proto's ModelProto are numbered to 25. */
const mostField = 25
const graphField = 7
const metadataField = 14
const wire = { varint: 0, length: 2 } as const
/** What stands before the value of a field: its key, and its length or itself. */
export const headBytes = 20
/** Of one entry. Tables of languages are the longest that are seen, with some KB. */
const maxEntryBytes = 1024 * 1024

/**
 * Whether the outermost fields (Protocol Buffers, "Encoding") of a file fill it exactly, and a graph is among them: for many
 * faults the native library has no error but ends the process. Gives its metadata. Throws `bad_model`.
 */
export async function checkOnnx(path: string): Promise<ReadonlyMap<string, string>> {
  await using file = await open(path)
  const { size } = await file.stat()
  const metadata = new Map<string, string>()
  let at = 0
  let graph = false
  while (at < size) {
    const field = fieldOf(await bytesAt(file, at, headBytes))
    if (field === undefined || field.number > mostField) break
    graph ||= field.number === graphField && field.length > 0
    if (field.number === metadataField && field.length <= maxEntryBytes) {
      const { key, value } = entryOf(await bytesAt(file, at + field.start, field.length))
      if (key !== undefined) metadata.set(key, value ?? '')
    }
    at += field.start + field.length
  }
  if (at !== size || !graph)
    throw new EngineError({ reason: 'bad_model', detail: `${path} is not a whole ONNX file` })
  return metadata
}

export async function bytesAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at)
  return buffer.subarray(0, bytesRead)
}

export interface Field {
  readonly number: number
  /** Where its bytes begin, from its key on. */
  readonly start: number
  /** 0 for a number, which stands before that. */
  readonly length: number
}

export function fieldOf(bytes: Buffer): Field | undefined {
  const key = varint(bytes, 0)
  const value = varint(bytes, key.end)
  const number = key.value >>> 3
  const kind = key.value & 7
  if (number < 1 || value.end > bytes.length) return undefined
  if (kind !== wire.varint && kind !== wire.length) return undefined
  return { number, start: value.end, length: kind === wire.length ? value.value : 0 }
}

/** A StringStringEntryProto. */
function entryOf(bytes: Buffer): { key?: string; value?: string } {
  const texts: string[] = []
  for (let at = 0; at < bytes.length;) {
    const field = fieldOf(bytes.subarray(at))
    if (field === undefined) break
    texts[field.number] = bytes.toString('utf8', at + field.start, at + field.start + field.length)
    at += field.start + field.length
  }
  const [, key, value] = texts
  return { ...(key === undefined ? {} : { key }), ...(value === undefined ? {} : { value }) }
}

function varint(bytes: Buffer, from: number): { value: number; end: number } {
  let value = 0
  for (let at = from; at < bytes.length && at < from + 10; at++) {
    const byte = bytes[at] ?? 0
    value += (byte & 127) * 2 ** (7 * (at - from))
    if (byte < 128) return { value, end: at + 1 }
  }
  return { value: 0, end: Infinity }
}
