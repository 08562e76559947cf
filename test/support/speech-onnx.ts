// Longer than others: three models, each whole here, as what one is made of makes sense together only.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EngineModel } from '../../services/core/engine.ts'
import { onnxModel, type OnnxNode, type OnnxTensor, type OnnxValue } from './onnx-writer.ts'
import { moonshineFiles } from './speech-models.ts'

/**
 * Models in the formats of sherpa-onnx that the real library loads and works with, without weights: what is loud makes them
 * say these words, one after the other, and begin again with each utterance.
 */
export const spoken = ['and', 'so', 'my', 'fellow', 'americans', 'ask', 'not', 'what', 'your', 'country']

export interface SyntheticModel extends EngineModel {
  readonly files: Readonly<Record<string, string>>
}

/** A word for each third of a second, as it is heard. In capitals, as the real ones write. */
export async function writeZipformer(
  folder: string,
  version: keyof typeof zipformers = 'zipformer2',
): Promise<SyntheticModel> {
  const { states, metadata } = zipformers[version]
  const encoder = onnxModel({
    inputs: [
      value('x', 'N', metadata.T, 80),
      ...states.map(([type, dims], at) => ({ name: `s${at}`, type, dims })),
    ],
    outputs: [
      value('encoder_out', 'N', 1, 1),
      ...states.map(([type, dims], at) => ({ name: `new_s${at}`, type, dims })),
    ],
    nodes: [
      { op: 'ReduceMean', inputs: ['x'], outputs: ['mean'], attributes: { axes: { ints: [1, 2] } } },
      node('Add', ['mean', 'floor'], 'encoder_out'),
      ...states.map((_, at) => node('Identity', [`s${at}`], `new_s${at}`)),
    ],
    initializers: [floats('floor', [1], [logFloor])],
    metadata: { model_type: version, ...metadata },
  })
  const tokens = ['<blk>', ...spoken.map(word => `▁${word.toUpperCase()}`)]
  const size = tokens.length
  const decoder = onnxModel({
    inputs: [{ name: 'y', type: 'int64', dims: ['N', 2] }],
    outputs: [value('decoder_out', 'N', size)],
    nodes: [
      { op: 'Gather', inputs: ['y', 'one'], outputs: ['last'], attributes: { axis: { int: 1 } } },
      node('Gather', ['table', 'last'], 'decoder_out'),
    ],
    initializers: [
      { name: 'one', type: 'int64', dims: [], values: [1] },
      // The blank is the first, so behind the last word comes the first again.
      floats(
        'table',
        [size, size],
        rows(size, last => 1 + (last % (size - 1))),
      ),
    ],
    metadata: { vocab_size: size, context_size: 2 },
  })
  const joiner = onnxModel({
    inputs: [value('encoder_out', 'N', 1), value('decoder_out', 'N', size)],
    outputs: [value('logit', 'N', size)],
    nodes: [node('Mul', ['encoder_out', 'decoder_out'], 'next'), node('Add', ['next', 'blank'], 'logit')],
    initializers: [floats('blank', [size], oneHot(size, 0, loud))],
  })
  const files = await written(folder, { encoder, decoder, joiner, tokens: tokenList(tokens) })
  return { id: 'zipformer', engine: 'sherpa', files, settings: { family: 'zipformer' } }
}

type State = readonly [type: OnnxValue['type'], dims: readonly (number | string)[]]

/** Of one stack with one layer: what is handed from one piece of audio to the next, and what the library asks for. */
const zipformers = {
  zipformer: {
    states: [
      ['int64', [1, 'N']],
      ['float', [1, 'N', 4]],
      ['float', [1, 2, 'N', 2]],
      ['float', [1, 2, 'N', 1]],
      ['float', [1, 2, 'N', 1]],
      ['float', [1, 'N', 4, 2]],
      ['float', [1, 'N', 4, 2]],
    ] as readonly State[],
    metadata: {
      encoder_dims: '4',
      attention_dims: '2',
      num_encoder_layers: '1',
      cnn_module_kernels: '3',
      left_context_len: '2',
      T: 39,
      decode_chunk_len: 32,
    },
  },
  zipformer2: {
    states: [
      ['float', [2, 'N', 2]],
      ['float', [1, 'N', 2, 3]],
      ['float', [2, 'N', 2]],
      ['float', [2, 'N', 2]],
      ['float', ['N', 4, 1]],
      ['float', ['N', 4, 1]],
      ['float', ['N', 128, 3, 19]],
      ['int64', ['N']],
    ] as readonly State[],
    metadata: {
      encoder_dims: '4',
      query_head_dims: '2',
      value_head_dims: '2',
      num_heads: '1',
      num_encoder_layers: '1',
      cnn_module_kernels: '3',
      left_context_len: '2',
      T: 45,
      decode_chunk_len: 32,
    },
  },
}

/** A word for each third of a second. */
export async function writeParakeet(folder: string): Promise<SyntheticModel> {
  const blank = spoken.length
  const size = blank + 1
  const durations = 33
  const encoder = onnxModel({
    inputs: [value('audio_signal', 'N', 80, 'T'), { name: 'length', type: 'int64', dims: ['N'] }],
    outputs: [value('outputs', 'N', 1, 'T'), { name: 'encoded_lengths', type: 'int64', dims: ['N'] }],
    nodes: [
      { op: 'ReduceMean', inputs: ['audio_signal'], outputs: ['mean'], attributes: { axes: { ints: [1] } } },
      node('Add', ['mean', 'floor'], 'outputs'),
      node('Identity', ['length'], 'encoded_lengths'),
    ],
    initializers: [floats('floor', [1], [logFloor])],
    metadata: {
      vocab_size: blank,
      subsampling_factor: 1,
      normalize_type: 'NA',
      pred_rnn_layers: 1,
      pred_hidden: 2,
      feat_dim: 80,
      url: 'tdt',
    },
  })
  const state = (name: string): OnnxValue => value(name, 1, 'N', 2)
  const decoder = onnxModel({
    inputs: [
      { name: 'targets', type: 'int32', dims: ['N', 1] },
      { name: 'target_length', type: 'int32', dims: ['N'] },
      state('states.1'),
      state('states.2'),
    ],
    outputs: [
      value('outputs', 'N', 1, size + durations),
      { name: 'prednet_lengths', type: 'int32', dims: ['N'] },
      state('next.1'),
      state('next.2'),
    ],
    nodes: [
      node('Gather', ['table', 'targets'], 'outputs'),
      node('Identity', ['target_length'], 'prednet_lengths'),
      node('Identity', ['states.1'], 'next.1'),
      node('Identity', ['states.2'], 'next.2'),
    ],
    initializers: [
      floats(
        'table',
        [size, size + durations],
        Array.from({ length: size }, (_, last) => {
          // At the start the last is the blank.
          const next = last === blank ? 0 : (last + 1) % blank
          return [...oneHot(size, next, 1), ...oneHot(durations, durations - 1, 1)]
        }).flat(),
      ),
    ],
  })
  const joiner = onnxModel({
    inputs: [value('encoder_outputs', 'N', 1, 1), value('decoder_outputs', 'N', 1, size + durations)],
    outputs: [value('outputs', 'N', 1, size + durations)],
    nodes: [
      node('Mul', ['encoder_outputs', 'decoder_outputs'], 'next'),
      node('Add', ['next', 'blank'], 'outputs'),
    ],
    initializers: [
      floats('blank', [size + durations], [...oneHot(size, blank, loud), ...oneHot(durations, 31, 0.5)]),
    ],
  })
  const tokens = [...spoken.map(word => `▁${word}`), '<blk>']
  const files = await written(folder, { encoder, decoder, joiner, tokens: tokenList(tokens) })
  return { id: 'parakeet', engine: 'sherpa', files, settings: { family: 'parakeet' } }
}

/** Three words, of which the first is that of the language: English, where none is asked for. */
export async function writeWhisper(folder: string): Promise<SyntheticModel> {
  const words = [' And', ' so', ' my', ' Und']
  const [eot, sot, en, de, transcribe, translate, bare] = [4, 5, 6, 7, 8, 9, 10] as const
  const size = 12
  const cross = (name: string): OnnxValue => value(name, 1, 1, 'T', 2)
  const own = (name: string): OnnxValue => value(name, 1, 1, 100, 2)
  const encoder = onnxModel({
    inputs: [value('mel', 1, 80, 'T')],
    outputs: [cross('n_layer_cross_k'), cross('n_layer_cross_v')],
    nodes: [
      { op: 'ReduceMean', inputs: ['mel'], outputs: ['mean'], attributes: { axes: { ints: [1] } } },
      node('Unsqueeze', ['mean', 'axis'], 'wide'),
      node('Mul', ['wide', 'two'], 'n_layer_cross_k'),
      node('Identity', ['n_layer_cross_k'], 'n_layer_cross_v'),
    ],
    initializers: [
      { name: 'axis', type: 'int64', dims: [1], values: [3] },
      floats('two', [1, 1, 1, 2], [1, 1]),
    ],
    metadata: {
      n_mels: 80,
      n_text_layer: 1,
      n_text_ctx: 100,
      n_text_state: 2,
      n_vocab: size,
      sot,
      eot,
      blank_id: 1,
      translate,
      transcribe,
      is_multilingual: 1,
      no_timestamps: bare,
      no_speech: 11,
      sot_sequence: [sot, en, transcribe].join(','),
      all_language_tokens: [en, de].join(','),
      all_language_codes: 'en,de',
    },
  })
  const next: Readonly<Record<number, number>> = { [sot]: en, 0: 1, 1: 2, 2: eot, 3: 1 }
  const decoder = onnxModel({
    inputs: [
      { name: 'tokens', type: 'int64', dims: [1, 'n'] },
      own('in_n_layer_self_k_cache'),
      own('in_n_layer_self_v_cache'),
      cross('n_layer_cross_k'),
      cross('n_layer_cross_v'),
      { name: 'offset', type: 'int64', dims: [1] },
    ],
    outputs: [
      value('logits', 1, 'n', size),
      own('out_n_layer_self_k_cache'),
      own('out_n_layer_self_v_cache'),
    ],
    nodes: [
      node('Gather', ['table', 'tokens'], 'own'),
      node('Gather', ['languages', 'tokens'], 'asked'),
      { op: 'ReduceMax', inputs: ['asked'], outputs: ['language'], attributes: { axes: { ints: [1] } } },
      node('Add', ['own', 'language'], 'logits'),
      node('Identity', ['in_n_layer_self_k_cache'], 'out_n_layer_self_k_cache'),
      node('Identity', ['in_n_layer_self_v_cache'], 'out_n_layer_self_v_cache'),
    ],
    initializers: [
      floats(
        'table',
        [size, size],
        rows(size, last => next[last] ?? 11),
      ),
      floats(
        'languages',
        [size, size],
        Array.from({ length: size }, (_, token) =>
          token === en ? oneHot(size, 0, 5) : token === de ? oneHot(size, 3, 5) : oneHot(size, 0, 0),
        ).flat(),
      ),
    ],
  })
  const tokens = tokenList(words.map(word => Buffer.from(word).toString('base64')))
  const files = await written(folder, { encoder, decoder, tokens })
  return { id: 'whisper', engine: 'sherpa', files, settings: { family: 'whisper' } }
}

/** Makes the mean of the logarithms of silence about 0. */
const logFloor = 16
/** What is more has a word. */
const loud = 6

async function written(
  folder: string,
  parts: Readonly<Record<string, Buffer | string>>,
): Promise<Readonly<Record<string, string>>> {
  const files: Record<string, string> = { vad: moonshineFiles.vad }
  for (const [role, bytes] of Object.entries(parts)) {
    const path = join(folder, role === 'tokens' ? 'tokens.txt' : `${role}.onnx`)
    await writeFile(path, bytes)
    files[role] = path
  }
  return files
}

function node(op: string, inputs: readonly string[], output: string): OnnxNode {
  return { op, inputs, outputs: [output] }
}

function value(name: string, ...dims: (number | string)[]): OnnxValue {
  return { name, type: 'float', dims }
}

function floats(name: string, dims: readonly number[], values: readonly number[]): OnnxTensor {
  return { name, type: 'float', dims, values }
}

/** A square whose row of each token points at what comes next. */
function rows(size: number, next: (last: number) => number): number[] {
  return Array.from({ length: size }, (_, last) => oneHot(size, next(last), 1)).flat()
}

function oneHot(size: number, at: number, value: number): number[] {
  return Array.from({ length: size }, (_, i) => (i === at ? value : 0))
}

function tokenList(tokens: readonly string[]): string {
  return tokens.map((token, at) => `${token} ${at}\n`).join('')
}
