import { open } from 'node:fs/promises'
import type { EngineModel } from '../../../core/engine.ts'
import { badModel } from '../../shared/faults.ts'
import { checkVad, presentFiles } from '../model-check.ts'

export interface WhisperFiles {
  readonly model: string
  readonly vad: string
}

/** The files of a model, looked at before native code does, and which languages its vocabulary has. */
export async function checkedModel(
  engineModel: EngineModel,
): Promise<{ readonly files: WhisperFiles; readonly languages: 'english' | 'many' }> {
  const { model, vad } = await presentFiles(engineModel, 'whisper.cpp', ['model', 'vad'])
  await checkVad(vad)
  return { files: { model, vad }, languages: await languagesOf(model) }
}

/** `ggml` as a little-endian number; whisper.cpp's own format, which is neither GGUF nor what OpenAI distributes. */
const magic = 0x67676d6c
/** All of them 32 bits, in this order, behind the magic; whisper.cpp's src/whisper.cpp, `whisper_model_load`. */
const ranges = [
  ['vocabulary', 51_000, 60_000],
  ['audio context', 100, 10_000],
  ['audio width', 64, 8192],
  ['audio heads', 1, 256],
  ['audio layers', 1, 256],
  ['text context', 32, 10_000],
  ['text width', 64, 8192],
  ['text heads', 1, 256],
  ['text layers', 1, 256],
  ['mel bands', 40, 256],
  // Behind a version of the quantisation, times 1000.
  ['number format', 0, 10_000],
] as const
const headBytes = 4 + 4 * ranges.length
/** A vocabulary with less has English alone. */
const manyLanguages = 51_865

/** The server would take memory for whatever sizes stand there. */
async function languagesOf(path: string): Promise<'english' | 'many'> {
  await using file = await open(path)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytes), 0, headBytes, 0)
  if (bytesRead === 0) throw badModel(`${path} is empty`)
  if (bytesRead < headBytes || buffer.readUInt32LE(0) !== magic)
    throw badModel(`${path} is not a model in whisper.cpp's ggml format${otherKind(buffer)}`)
  for (const [at, [name, least, most]] of ranges.entries()) {
    const value = buffer.readInt32LE(4 + 4 * at)
    if (value < least || value > most)
      throw badModel(`${path} is not a Whisper model: its ${name} would be ${value}`)
  }
  return buffer.readInt32LE(4) < manyLanguages ? 'english' : 'many'
}

function otherKind(head: Buffer): string {
  const text = head.toString('latin1')
  if (text.startsWith('GGUF')) return ', but GGUF'
  if (text.startsWith('PK')) return ', but an archive, such as a PyTorch checkpoint'
  return ''
}
