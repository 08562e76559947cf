import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { namesIn, reachableOr } from '../lib/reachable.ts'
import { lookAtGguf } from './gguf-files.ts'
import type { ModelKind } from './kind.ts'
import { isPainterTensor } from './painter-tensor.ts'
import { tensorNames } from './safetensors.ts'
import { lookAtSherpaFolder } from './sherpa-folder.ts'

/** What a file or a folder is, by its content. */
export type KindLook =
  | {
      readonly ok: true
      readonly kind: Exclude<ModelKind, 'vad'>
      /** Where its name would not tell. */
      readonly engine?: string
    }
  /** `reason`: of a GGUF file that can't be used, else `unknown`, `empty`, `unreadable`, `hostile` or `no_painter`. */
  | { readonly ok: false; readonly reason: string }

export function lookAtModelFile(path: string): KindLook {
  const start = reachableOr(undefined, () => firstBytes(path))
  if (start === undefined) return { ok: false, reason: 'unreadable' }
  if (start.length === 0) return { ok: false, reason: 'empty' }
  if (start.subarray(0, 4).toString('latin1') === 'GGUF' || /\.gguf$/i.test(path)) {
    const look = lookAtGguf(path)
    return look.ok ? { ok: true, kind: look.kind } : look
  }
  // GGML_FILE_MAGIC, little-endian: whisper.cpp still writes it.
  if (start.subarray(0, 4).toString('latin1') === 'lmgg')
    return { ok: true, kind: 'stt', ...(path.endsWith('.bin') ? {} : { engine: 'whisper' }) }
  const tensors = tensorNames(path)
  if (tensors === 'broken') return { ok: false, reason: 'hostile' }
  if (tensors !== undefined)
    return tensors.some(isPainterTensor) ? { ok: true, kind: 'image' } : { ok: false, reason: 'no_painter' }
  // Since PyTorch 1.6, a checkpoint is a zip.
  if (/\.ckpt$/i.test(path) && start.subarray(0, 2).toString('latin1') === 'PK')
    return { ok: true, kind: 'image' }
  return { ok: false, reason: 'unknown' }
}

/** Speech in sherpa-onnx's form is a folder. */
export function lookAtModelFolder(path: string): KindLook {
  const names = namesIn(path)
  for (const kind of ['tts', 'stt'] as const) {
    const files = Object.values(lookAtSherpaFolder(path, kind)?.files ?? {})
    if (files.length > 0 && files.every(file => names.some(name => file === join(path, name))))
      return { ok: true, kind }
  }
  return { ok: false, reason: 'unknown' }
}

function firstBytes(path: string): Buffer {
  const file = openSync(path, 'r')
  try {
    const buffer = Buffer.alloc(16)
    return buffer.subarray(0, readSync(file, buffer, 0, buffer.length, 0))
  } finally {
    closeSync(file)
  }
}
