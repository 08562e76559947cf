import { runMain } from '../../../lib/io.ts'
import type { Engine, EngineModel } from '../../core/engine.ts'
import { engineProgram } from '../../core/engine-program.ts'
import { badModel } from '../shared/faults.ts'
import { readOnnxSignature } from '../shared/onnx-signature.ts'
import { Decoder } from './decoder.ts'
import type { Speech } from './listener.ts'
import { checkVad, namesOf, presentFiles, readTokens } from './model-check.ts'
import { runSpeech } from './run-speech.ts'
import { openRecognizer } from './sherpa/open-recognizer.ts'
import { recogniseBy, sampleRate } from './sherpa-library.ts'
import { tryVad } from './vad-pool.ts'
import { VotingTranscriber } from './voting-transcriber.ts'

/** Sessions wait for speech most of the time. */
const parallel = 32

/** Speech to text: Moonshine with Silero's voice activity. */
export const moonshine: Engine = {
  async load({ model, threads, env }) {
    const files = await checkedFiles(model)
    const { encoder, decoder: mergedDecoder, tokens } = files
    const recognizer = await openRecognizer({ moonshine: { encoder, mergedDecoder }, tokens }, threads)
    const decoder = new Decoder(recogniseBy(recognizer))
    tryVad(files.vad)
    // The first decoding allocates and is slow; nobody should have to wait for it.
    await decoder.text(new Float32Array(sampleRate), 'live', new AbortController().signal)
    const speech: Speech = {
      vad: files.vad,
      transcriber: (haste, audio) => new VotingTranscriber(decoder, haste, audio),
    }
    return { parallel, facts: { language: 'English', sampleRate }, run: job => runSpeech(job, speech, env) }
  },
}

async function checkedFiles(model: EngineModel) {
  const files = await presentFiles(model, 'Moonshine', ['encoder', 'decoder', 'tokens', 'vad'])
  await checkVad(files.vad)
  const encoder = await readOnnxSignature(files.encoder)
  if (!namesOf(encoder.inputs).startsWith('input_values'))
    throw badModel(`${files.encoder} is not Moonshine's encoder`)
  const decoder = await readOnnxSignature(files.decoder)
  const takes = new Set(decoder.inputs.map(port => port.name))
  if (!takes.has('input_ids') || !takes.has('encoder_hidden_states'))
    throw badModel(`${files.decoder} is not Moonshine's merged decoder`)
  const tokens = await readTokens(files.tokens)
  const vocabulary = decoder.outputs[0]?.dims.at(-1)
  if (vocabulary !== undefined && tokens.size < vocabulary)
    throw badModel(`${files.tokens} has ${tokens.size} tokens, and the model writes ${vocabulary}`)
  return files
}

if (import.meta.main) await runMain(engineProgram(moonshine))
