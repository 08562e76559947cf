import { badModel } from '../../shared/faults.ts'
import { readTokens } from '../model-check.ts'
import type { FamilyConfig } from '../sherpa-library.ts'
import { ModelPart } from './model-part.ts'

export interface TransducerFiles {
  readonly encoder: string
  readonly decoder: string
  readonly joiner: string
  readonly tokens: string
}

/** Parakeet and the other transducers of NeMo. Throws `bad_model` for what the library would end the process for. */
export async function parakeetConfig(files: TransducerFiles): Promise<FamilyConfig> {
  const encoder = await ModelPart.read(files.encoder, "a NeMo transducer's encoder as sherpa-onnx exports it")
  // Without the blank, which has the number behind them.
  const vocabulary = encoder.number('vocab_size')
  for (const key of ['subsampling_factor', 'pred_rnn_layers', 'pred_hidden']) encoder.number(key)
  encoder.takes(2, 2)
  const decoder = await ModelPart.read(files.decoder, "the decoder of this transducer's encoder")
  decoder.takes(4, 4)
  const hidden = decoder.input(2, -1)
  if (hidden !== undefined && hidden !== encoder.number('pred_hidden'))
    throw decoder.isNot(`its width is ${hidden}, the encoder's ${encoder.number('pred_hidden')}`)
  const joiner = await ModelPart.read(files.joiner, "the joiner of this transducer's encoder")
  joiner.takes(2, 1)
  if (joiner.rank(1) !== 3) throw joiner.isNot(`what it takes has ${joiner.rank(1)} dimensions`)
  // One that also writes how long a token lasts has more outputs, and says so in its address.
  const writes = joiner.output(0, -1)
  const lasting = encoder.text('url').includes('tdt')
  const fits = lasting ? writes === undefined || writes > vocabulary + 1 : writes === vocabulary + 1
  if (!fits)
    throw joiner.isNot(`it writes ${writes ?? 'an unknown number of'} tokens, the encoder has ${vocabulary}`)
  await checkTokens(files.tokens, vocabulary)
  const transducer = { encoder: files.encoder, decoder: files.decoder, joiner: files.joiner }
  return { transducer, modelType: 'nemo_transducer', tokens: files.tokens }
}

async function checkTokens(path: string, vocabulary: number): Promise<void> {
  const tokens = await readTokens(path)
  if (tokens.size !== vocabulary + 1 || tokens.get(vocabulary) !== '<blk>')
    throw badModel(`${path} should have ${vocabulary} tokens, and <blk> behind them`)
}
