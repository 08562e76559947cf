import { EngineError } from '../../core/engine.ts'

/** Failures that every engine has: its files are not what they should be, or its settings. */
export function badModel(detail: string, cause?: unknown): EngineError {
  return new EngineError({ reason: 'bad_model', detail }, { cause })
}

export function badSettings(detail: string): EngineError {
  return new EngineError({ reason: 'bad_settings', detail })
}
