import { EngineError, type EngineFailure } from '../../core/engine.ts'

/** Audio that is read as it is needed, mono, -1 to 1. */
export interface Recording {
  readonly sampleRate: number
  /** Infinity: known only at its end. */
  readonly samples: number
  /** Pieces of at most a few seconds. Once. */
  pieces(signal: AbortSignal): AsyncGenerator<Float32Array>
}

export type AudioFault = Extract<EngineFailure, { reason: 'bad_audio' }>['fault']

export function badAudio(fault: AudioFault): EngineError {
  return new EngineError({ reason: 'bad_audio', fault })
}
