import { type FileHandle, open } from 'node:fs/promises'
import { basename } from 'node:path'
import { isFile } from '../../../../lib/is-file.ts'
import { GgufError, type GgufHeader, readGgufHeader } from '../../../../models/gguf.ts'
import { EngineError, type EngineModel } from '../../../core/engine.ts'

/** What stable-diffusion.cpp loads, by its flags. */
const flags = {
  model: '--model',
  diffusion: '--diffusion-model',
  vae: '--vae',
  taesd: '--taesd',
  llm: '--llm',
  clip_l: '--clip_l',
  clip_g: '--clip_g',
  t5xxl: '--t5xxl',
} as const
type Role = keyof typeof flags

/** Text encoders are language models, or parts of them; the others are not. */
const encoders: ReadonlySet<Role> = new Set(['llm', 'clip_l', 'clip_g', 't5xxl'])
const maxHeader = 100 * 1024 * 1024

/**
 * Flags and files of a model: a whole checkpoint (`model`), or its network (`diffusion`) with what belongs to it, where
 * `model` is a language model that reads the prompt. Files are looked at before native code does. Throws `bad_model`.
 */
export async function weightsOf({ files }: EngineModel): Promise<readonly string[]> {
  const roles = Object.entries(files).map(([name, path]) => [roleOf(name, files), path] as const)
  const unknown = Object.keys(files).filter(name => !Object.hasOwn(flags, name))
  if (unknown.length > 0) throw badModel(`it has no use for a file of the role ${unknown.join(', ')}`)
  if (!roles.some(([role]) => role === 'model' || role === 'diffusion'))
    throw badModel(`it needs a model, or a diffusion network; given are: ${Object.keys(files).join(', ')}`)
  const there = await Promise.all(roles.map(([, path]) => isFile(path)))
  const missing = roles.filter((_, at) => there[at] !== true).map(([, path]) => path)
  if (missing.length > 0) throw new EngineError({ reason: 'missing_files', files: missing })
  for (const [role, path] of roles) await check(role, path)
  return roles.flatMap(([role, path]) => [flags[role], path])
}

function roleOf(name: string, files: EngineModel['files']): Role {
  return name === 'model' && files['diffusion'] !== undefined ? 'llm' : (name as Role)
}

async function check(role: Role, path: string): Promise<void> {
  // Each way out awaits: the file is closed at the return.
  const name = basename(path)
  await using file = await open(path)
  const { size } = await file.stat()
  if (size === 0) throw badModel(`${name} is empty`)
  const start = await bytesAt(file, 0, 16)
  if (start.toString('latin1', 0, 4) === 'GGUF') return checkGguf(role, path, name)
  // What PyTorch writes: a ZIP archive.
  if (start.toString('latin1', 0, 4) === 'PK\x03\x04' && role !== 'llm')
    return await checkZip(file, size, name)
  if (start.length === 16 && start[8] === 0x7b) return await checkSafetensors(role, file, size, name)
  throw badModel(`${name} is no GGUF, safetensors or ckpt file`)
}

function checkGguf(role: Role, path: string, name: string): void {
  const { vocabSize, architecture } = headerOf(path, name)
  if (role === 'llm' && vocabSize === 0) throw badModel(`${name} is no language model`)
  if (encoders.has(role)) return
  if (vocabSize > 0 || architecture === 'clip')
    throw badModel(`${name} is a language model (${architecture}), and paints nothing`)
}

function headerOf(path: string, name: string): GgufHeader {
  try {
    return readGgufHeader(path)
  } catch (error) {
    if (!(error instanceof GgufError)) throw error
    throw badModel(`${name} is a damaged GGUF file: ${error.message}`)
  }
}

/** Its end has the list of what is in it. */
async function checkZip(file: FileHandle, size: number, name: string): Promise<void> {
  const end = await bytesAt(file, Math.max(0, size - 65_557), 65_557)
  if (!end.includes('PK\x05\x06', undefined, 'latin1'))
    throw badModel(`${name} is a ckpt file that is cut off`)
}

/** https://huggingface.co/docs/safetensors: the length of a JSON header, the header, the numbers. */
async function checkSafetensors(role: Role, file: FileHandle, size: number, name: string): Promise<void> {
  const length = Number((await bytesAt(file, 0, 8)).readBigUInt64LE())
  if (length > Math.min(maxHeader, size - 8)) throw badModel(`${name} is a damaged safetensors file`)
  const tensors = tensorsOf(await bytesAt(file, 8, length))
  if (tensors === undefined) throw badModel(`${name} is a damaged safetensors file`)
  const needed = 8 + length + Math.max(0, ...tensors.values())
  if (needed > size) throw badModel(`${name} is cut off: it has ${size} of ${needed} bytes`)
  const speaks = tensors.has('model.embed_tokens.weight') || tensors.has('lm_head.weight')
  if (speaks && !encoders.has(role)) throw badModel(`${name} is a language model, and paints nothing`)
}

/** Where each ends. Undefined for a header that is none. */
function tensorsOf(header: Buffer): Map<string, number> | undefined {
  try {
    const parsed = JSON.parse(header.toString('utf8')) as Record<string, { data_offsets?: [number, number] }>
    const ends = Object.entries(parsed).map(
      ([name, { data_offsets }]) => [name, data_offsets?.[1] ?? 0] as const,
    )
    return new Map(ends)
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}

async function bytesAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, at)
  return buffer.subarray(0, bytesRead)
}

function badModel(detail: string): EngineError {
  return new EngineError({ reason: 'bad_model', detail })
}
