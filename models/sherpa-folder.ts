import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { reachableOr } from '../lib/reachable.ts'

/** What lies in a folder that was made for sherpa-onnx. */
export interface SherpaFolder {
  /** Absolute paths by role: of what is there, and under its usual name of what such a model lacks. */
  readonly files: Readonly<Record<string, string>>
  /** Undefined: neither the files nor the names tell. */
  readonly family: string | undefined
}

/**
 * By the names that sherpa-onnx's own archives have: https://k2-fsa.github.io/sherpa/onnx/pretrained_models. Of a file in
 * several precisions, that of 8 bits. `family`: what the user says, where the folder does not.
 */
export function lookAtSherpaFolder(
  folder: string,
  kind: 'stt' | 'tts',
  family?: string,
): SherpaFolder | undefined {
  const names = reachableOr(undefined, () => readdirSync(folder).sort())
  if (names === undefined) return undefined
  const text = `${basename(folder)} ${names.join(' ')}`.toLowerCase()
  return kind === 'stt' ? hearing(folder, names, text, family) : speaking(folder, names, text, family)
}

function hearing(folder: string, names: readonly string[], text: string, given?: string): SherpaFolder {
  const joiner = onnx(names, /(^|-)joiner\b/)
  const family =
    given ??
    (joiner === undefined
      ? 'whisper'
      : /nemo|parakeet/.test(text)
        ? 'parakeet'
        : /streaming/.test(text)
          ? 'zipformer'
          : undefined)
  const files = below(folder, {
    encoder: onnx(names, /(^|-)encoder\b/) ?? 'encoder.onnx',
    decoder: onnx(names, /(^|-)decoder\b/) ?? 'decoder.onnx',
    ...(family === 'whisper' ? {} : { joiner: joiner ?? 'joiner.onnx' }),
    tokens: names.find(name => /(^|-)tokens\.txt$/.test(name)) ?? 'tokens.txt',
  })
  return { files, family }
}

function speaking(folder: string, names: readonly string[], text: string, given?: string): SherpaFolder {
  const hasVoices = names.includes('voices.bin')
  const family =
    given ??
    (!hasVoices ? 'piper' : /kokoro/.test(text) ? 'kokoro' : /kitten/.test(text) ? 'kitten' : undefined)
  const files = below(folder, {
    model: onnx(names, /./) ?? 'model.onnx',
    tokens: 'tokens.txt',
    ...(family === 'piper' ? {} : { voices: 'voices.bin' }),
    data: 'espeak-ng-data',
  })
  return { files, family }
}

/** `encoder.onnx`, `tiny.en-encoder.int8.onnx`, `encoder-epoch-99-avg-1.onnx` … */
function onnx(names: readonly string[], role: RegExp): string | undefined {
  const fit = names.filter(name => name.endsWith('.onnx') && role.test(name))
  return fit.find(name => name.includes('int8')) ?? fit[0]
}

function below(folder: string, roles: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(roles).map(([role, name]) => [role, join(folder, name)]))
}
