import { badModel, badSettings } from '../../shared/faults.ts'
import { readTokens } from '../model-check.ts'
import type { FamilyConfig } from '../sherpa-library.ts'
import { ModelPart } from './model-part.ts'

export interface WhisperFiles {
  readonly encoder: string
  readonly decoder: string
  readonly tokens: string
}

/** What sherpa-onnx's export writes into Whisper's encoder, and its library ends the process without. */
const numbers = [
  'n_mels n_text_layer n_text_ctx n_text_state n_vocab sot eot blank_id translate transcribe',
  'is_multilingual no_timestamps no_speech',
].flatMap(line => line.split(' '))

/** Throws `bad_model` for what the library could not take, and `bad_settings` for a language that it does not have. */
export async function whisperConfig(
  files: WhisperFiles,
  language: string | undefined,
): Promise<FamilyConfig> {
  const encoder = await ModelPart.read(files.encoder, "Whisper's encoder as sherpa-onnx exports it")
  for (const key of numbers) encoder.number(key)
  encoder.numbers('sot_sequence')
  encoder.takes(1, 2)
  const decoder = await ModelPart.read(files.decoder, "the decoder of this Whisper's encoder")
  decoder.takes(6, 3)
  // The memory of its own words: layers, 1, words, width.
  for (const [dim, key] of [[0, 'n_text_layer'] as const, [-1, 'n_text_state'] as const]) {
    const size = decoder.input(1, dim)
    if (size !== undefined && size !== encoder.number(key))
      throw decoder.isNot(`its ${key} is ${size}, the encoder's ${encoder.number(key)}`)
  }
  await checkTokens(files.tokens, encoder.number('eot'), encoder.number('n_vocab'))
  return {
    whisper: {
      encoder: files.encoder,
      decoder: files.decoder,
      language: languageOf(encoder, language),
      task: 'transcribe',
    },
    tokens: files.tokens,
  }
}

/** Empty: as it is spoken, and English where it knows no other. */
function languageOf(encoder: ModelPart, language: string | undefined): string {
  if (encoder.number('is_multilingual') === 0) {
    if (language === undefined || language === 'en') return ''
    throw badSettings(`language: this Whisper knows English alone, not ${language}`)
  }
  const codes = encoder.text('all_language_codes').split(',')
  if (codes.length !== encoder.numbers('all_language_tokens').length)
    throw encoder.isNot('its languages and their tokens are not as many')
  if (language !== undefined && !codes.includes(language))
    throw badSettings(`language: this Whisper does not know ${language}`)
  return language ?? ''
}

/** All the words stand before the end of the text; what the export leaves out of them is less than a hundredth. */
async function checkTokens(path: string, end: number, vocabulary: number): Promise<void> {
  const tokens = await readTokens(path)
  const written = [...tokens.values()].every(token => /^[A-Za-z0-9+/]*={0,2}$|^ $/.test(token))
  if (!written || tokens.size < 0.99 * end || tokens.size > vocabulary)
    throw badModel(`${path} is not the list of this Whisper's tokens`)
}
