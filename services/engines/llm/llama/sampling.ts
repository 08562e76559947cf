import { randomInt } from 'node:crypto'
import type { LLamaContextualRepeatPenalty } from 'node-llama-cpp'
import type { GgufHeader } from '../../../../models/gguf.ts'
import type { ChatRequest, CompleteRequest } from '../../../core/engine.ts'
import type { LlamaSettings } from './settings.ts'

export interface SamplingDefaults {
  readonly temperature: number
  readonly topP: number
  readonly topK: number
  readonly minP: number
  readonly repeatPenalty: number
}

/** llama.cpp takes this seed for the wish for a random one. */
const noSeed = 0xffff_ffff
/** Below it, a model loses the thread at the usual temperature. */
const smallModel = 100e6

export function samplingDefaults(settings: LlamaSettings, header: GgufHeader): SamplingDefaults {
  return {
    temperature: settings.temperature ?? (header.parameters < smallModel ? 0.3 : 0.7),
    topP: settings.topP ?? 0.95,
    topK: settings.topK ?? 40,
    minP: settings.minP ?? 0.05,
    repeatPenalty: settings.repeatPenalty ?? 1,
  }
}

export interface Sampling {
  readonly temperature: number
  readonly topP: number
  readonly topK: number
  readonly minP: number
  readonly seed: number
  readonly repeatPenalty: false | LLamaContextualRepeatPenalty
}

export function samplingOf(request: ChatRequest | CompleteRequest, defaults: SamplingDefaults): Sampling {
  const { presencePenalty = 0, frequencyPenalty = 0 } = request
  const penalty = request.repeatPenalty ?? defaults.repeatPenalty
  const penalised = penalty !== 1 || presencePenalty !== 0 || frequencyPenalty !== 0
  return {
    temperature: request.temperature ?? defaults.temperature,
    topP: request.topP ?? defaults.topP,
    topK: request.topK ?? defaults.topK,
    minP: request.minP ?? defaults.minP,
    // The library's own are the seconds of the clock: two requests at once would get the same text.
    seed: request.seed === undefined ? randomInt(noSeed) : Math.min(request.seed, noSeed - 1),
    repeatPenalty: penalised ? { penalty, presencePenalty, frequencyPenalty, penalizeNewLine: true } : false,
  }
}
