import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { EngineModel } from '../../services/core/engine.ts'
import { modelsDir } from './speech.ts'

const at = (path: string): string => join(modelsDir, path)

export const moonshineFiles = {
  encoder: at('moonshine-tiny/encoder_model.onnx'),
  decoder: at('moonshine-tiny/decoder_model_merged.onnx'),
  tokens: at('moonshine-tiny/tokens.txt'),
  vad: at('silero-vad/silero_vad_v5.onnx'),
}
export const espeakFiles = { module: at('espeak-ng/espeak-ng.js'), data: at('espeak-ng/espeak-ng.data') }

export const moonshineModel: EngineModel = {
  id: 'moonshine-tiny',
  engine: 'moonshine',
  files: moonshineFiles,
  settings: {},
}
export const espeakModel: EngineModel = {
  id: 'espeak-ng',
  engine: 'espeak',
  files: espeakFiles,
  settings: {},
}

/** Whether eSpeak is here; it is fetched by consent only. */
export function haveEspeak(): boolean {
  return Object.values(espeakFiles).every(path => existsSync(path))
}
