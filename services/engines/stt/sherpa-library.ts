import { createRequire } from 'node:module'
import type { Recognise } from './decoder.ts'

/** The part of sherpa-onnx-node that we use; the package carries no declarations. Audio is 16 kHz mono, -1 to 1. */
export interface Recognizer {
  createStream(): RecognizerStream
  /** On a thread of its own. */
  decodeAsync(stream: RecognizerStream): Promise<{ readonly text: string }>
}

interface RecognizerStream {
  acceptWaveform(wave: { samples: Float32Array; sampleRate: number }): void
}

/** Writes while somebody speaks. It works on the thread that calls it, a third of a second of audio at a time. */
export interface OnlineRecognizer {
  createStream(): OnlineStream
  isReady(stream: OnlineStream): boolean
  decode(stream: OnlineStream): void
  getResult(stream: OnlineStream): { readonly text: string }
}

export interface OnlineStream extends RecognizerStream {
  inputFinished(): void
}

/** Voice activity over windows of 512 samples. `start` counts samples since the last reset, in 32 bits: 37 hours. */
export interface Vad {
  acceptWaveform(samples: Float32Array): void
  isEmpty(): boolean
  isDetected(): boolean
  /** With true, the default, the samples would lie in native memory that Node 24 does not take. */
  front(externalBuffer: false): { readonly start: number; readonly samples: Float32Array }
  pop(): void
  flush(): void
  reset(): void
}

export interface Resampler {
  resample(samples: Float32Array): Float32Array
  flush(samples: Float32Array): Float32Array
}

interface Sherpa {
  readonly OfflineRecognizer: { createAsync(config: unknown): Promise<Recognizer> }
  readonly OnlineRecognizer: new (config: unknown) => OnlineRecognizer
  readonly Vad: new (config: unknown, bufferSeconds: number) => Vad
  readonly LinearResampler: new (from: number, to: number) => Resampler
}

export const sampleRate = 16_000
export const vadWindow = 512

// Loaded on the first use and not on import: the native library takes about 100 ms.
let loaded: Sherpa | undefined
function sherpa(): Sherpa {
  loaded ??= createRequire(import.meta.url)('sherpa-onnx-node') as Sherpa
  return loaded
}

/** By families of models, in the names of sherpa-onnx: `moonshine`, `whisper`, `transducer` … */
export interface FamilyConfig {
  readonly [family: string]: unknown
  /** Absolute path. */
  readonly tokens: string
}

/** Rejects for a file that is not ONNX, where the library's other way would end the process. */
export async function newRecognizer(config: FamilyConfig, threads: number): Promise<Recognizer> {
  return sherpa().OfflineRecognizer.createAsync(withUsual(config, threads))
}

/** There is no other way here: what the library can't load ends the process. */
export function newOnlineRecognizer(config: FamilyConfig, threads: number): OnlineRecognizer {
  return new (sherpa().OnlineRecognizer)({ ...withUsual(config, threads), enableEndpoint: false })
}

function withUsual(config: FamilyConfig, threads: number): object {
  return {
    featConfig: { sampleRate, featureDim: 80 },
    modelConfig: { ...config, numThreads: threads, provider: 'cpu', debug: 0 },
  }
}

/** One utterance at a time. */
export function recogniseBy(recognizer: Recognizer): Recognise {
  return async samples => {
    const stream = recognizer.createStream()
    stream.acceptWaveform({ sampleRate, samples })
    return (await recognizer.decodeAsync(stream)).text
  }
}

/** A segment ends when silence has lasted so long. */
export function newVad(model: string, silenceSeconds: number, speechSeconds: number): Vad {
  const sileroVad = {
    model,
    // Silero's usual 0.5 loses a quiet "ask not" whole; noise that 0.2 lets in is turned away by its level and its text.
    threshold: 0.2,
    minSilenceDuration: silenceSeconds,
    minSpeechDuration: speechSeconds,
    windowSize: vadWindow,
    // Utterances are cut by us, at a length that the model takes.
    maxSpeechDuration: 3600,
  }
  return new (sherpa().Vad)({ sileroVad, sampleRate, numThreads: 1, debug: 0 }, 60)
}

/** Kaldi's resampler, with its anti-alias filter; undefined where nothing is to be done. */
export function newResampler(from: number): Resampler | undefined {
  return from === sampleRate ? undefined : new (sherpa().LinearResampler)(from, sampleRate)
}
