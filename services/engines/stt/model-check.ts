import { open, readFile } from 'node:fs/promises'
import { isFile } from '../../../lib/is-file.ts'
import { EngineError, type EngineModel } from '../../core/engine.ts'
import type { SpeechFiles } from './sherpa-library.ts'

/**
 * The files of a model, looked at before the native library does: for many faults it has no error but ends the process.
 * Damage inside of a file that is well outside is still left to it.
 */
export async function checkedFiles(model: EngineModel): Promise<SpeechFiles> {
  const { encoder, decoder, tokens, vad } = model.files
  if (encoder === undefined || decoder === undefined || tokens === undefined || vad === undefined) {
    const given = Object.keys(model.files).join(', ')
    throw badModel(`Moonshine needs encoder, decoder, tokens and vad; given are: ${given}`)
  }
  const files = [encoder, decoder, tokens, vad]
  const there = await Promise.all(files.map(isFile))
  const missing = files.filter((_, i) => !there[i])
  if (missing.length > 0) throw new EngineError({ reason: 'missing_files', files: missing })
  for (const path of [encoder, decoder, vad]) await checkOnnx(path)
  await checkTokens(tokens)
  return { encoder, decoder, tokens, vad }
}

export function badModel(detail: string): EngineError {
  return new EngineError({ reason: 'bad_model', detail })
}

/** Fields of onnx.proto's ModelProto are numbered to 25; the graph is field 7. */
const mostField = 25
const graphField = 7
const wire = { varint: 0, length: 2 } as const

/** Whether the outermost fields (Protocol Buffers, "Encoding") fill the file exactly, and a graph is among them. */
async function checkOnnx(path: string): Promise<void> {
  await using file = await open(path)
  const { size } = await file.stat()
  const head = Buffer.alloc(20)
  let at = 0
  let graph = false
  while (at < size) {
    const { bytesRead } = await file.read(head, 0, head.length, at)
    const key = varint(head.subarray(0, bytesRead), 0)
    const field = key.value >>> 3
    const kind = key.value & 7
    const value = varint(head.subarray(0, bytesRead), key.end)
    if (field < 1 || field > mostField || value.end > bytesRead) break
    if (kind !== wire.varint && kind !== wire.length) break
    graph ||= field === graphField
    at += value.end + (kind === wire.length ? value.value : 0)
  }
  if (at !== size || !graph) throw badModel(`${path} is not a whole ONNX file`)
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

/** One line a token: base64 and its number. */
async function checkTokens(path: string): Promise<void> {
  const lines = (await readFile(path, 'latin1')).trimEnd().split('\n')
  if (!lines.every(line => /^\S+[ \t]\d+\r?$/.test(line))) throw badModel(`${path} is not a list of tokens`)
}
