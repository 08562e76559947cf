import { badModel } from '../../shared/faults.ts'
import { readTokens } from '../model-check.ts'
import { type OnlineRecognizer, newOnlineRecognizer, sampleRate } from '../sherpa-library.ts'
import { ModelPart } from './model-part.ts'
import type { TransducerFiles } from './parakeet.ts'

/** What the encoder says of its stacks, one number each, and how many states it hands from one piece of audio to the next. */
const versions = {
  zipformer: {
    stacks: [
      'encoder_dims',
      'attention_dims',
      'num_encoder_layers',
      'cnn_module_kernels',
      'left_context_len',
    ],
    states: (layers: readonly number[]) => 7 * layers.length,
  },
  zipformer2: {
    stacks: [
      'encoder_dims',
      'query_head_dims',
      'value_head_dims',
      'num_heads',
      'num_encoder_layers',
      'cnn_module_kernels',
      'left_context_len',
    ],
    states: (layers: readonly number[]) => 6 * layers.reduce((sum, one) => sum + one, 0) + 2,
  },
} as const

export interface StreamingModel {
  readonly recognizer: OnlineRecognizer
  /** Of silence, in samples: behind so much, the last words come out. */
  readonly tail: number
  /** For what it writes. */
  readonly polish: (text: string) => string
}

/** A streaming Zipformer of icefall. Throws `bad_model` for what the library would end the process for. */
export async function openZipformer(files: TransducerFiles, threads: number): Promise<StreamingModel> {
  const encoder = await checkedEncoder(files.encoder)
  const decoder = await ModelPart.read(files.decoder, "a streaming transducer's decoder")
  const vocabulary = decoder.number('vocab_size')
  decoder.number('context_size')
  decoder.takes(1, 1)
  const joiner = await ModelPart.read(files.joiner, "the joiner of this transducer's encoder")
  joiner.takes(2, 1)
  if (joiner.rank(0) !== 2) throw joiner.isNot(`what it takes has ${joiner.rank(0)} dimensions`)
  const pairs = [
    [encoder.output(0, -1), joiner.input(0, -1)],
    [decoder.output(0, -1), joiner.input(1, -1)],
    [vocabulary, joiner.output(0, -1)],
  ]
  if (pairs.some(([one, other]) => one !== undefined && other !== undefined && one !== other))
    throw joiner.isNot('its sizes are others')
  const tokens = await checkedTokens(files.tokens, vocabulary)
  const transducer = { encoder: files.encoder, decoder: files.decoder, joiner: files.joiner }
  return {
    recognizer: newOnlineRecognizer({ transducer, tokens: files.tokens }, threads),
    // What it sees at once, at 10 ms a frame, and 0.3 s, as such models are late with their words.
    tail: Math.ceil((encoder.number('T') / 100 + 0.3) * sampleRate),
    polish: writesCapitalsOnly(tokens) ? text => text.toLowerCase() : text => text,
  }
}

async function checkedEncoder(path: string): Promise<ModelPart> {
  const encoder = await ModelPart.read(path, "a streaming Zipformer's encoder as sherpa-onnx takes it")
  const type = encoder.text('model_type')
  if (type !== 'zipformer' && type !== 'zipformer2')
    throw encoder.isNot(type === '' ? 'its metadata name no model_type' : `its model_type is ${type}`)
  const { stacks, states } = versions[type]
  const layers = encoder.numbers('num_encoder_layers')
  for (const key of stacks)
    if (encoder.numbers(key).length !== layers.length)
      throw encoder.isNot(`${key} is not for all of its stacks`)
  for (const key of ['T', 'decode_chunk_len'])
    if (encoder.number(key) === 0) throw encoder.isNot(`${key} is 0`)
  encoder.takes(1 + states(layers), 1 + states(layers))
  return encoder
}

/** Training leaves some behind those of the model, such as #0. */
const fewMore = 16

async function checkedTokens(path: string, vocabulary: number): Promise<ReadonlyMap<number, string>> {
  const tokens = await readTokens(path)
  for (let at = 0; at < vocabulary; at++)
    if (!tokens.has(at)) throw badModel(`${path} has no token ${at}, and the model ${vocabulary}`)
  if (tokens.size > vocabulary + fewMore)
    throw badModel(`${path} has ${tokens.size} tokens, and the model ${vocabulary}`)
  return tokens
}

/** As those do that were trained with LibriSpeech, whose texts are so. */
function writesCapitalsOnly(tokens: ReadonlyMap<number, string>): boolean {
  const words = [...tokens.values()].filter(token => !/^<.*>$/.test(token))
  return words.some(token => /\p{Lu}/u.test(token)) && !words.some(token => /\p{Ll}/u.test(token))
}
