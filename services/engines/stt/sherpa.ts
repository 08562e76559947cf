import { runMain } from '../../../lib/io.ts'
import type { Engine, EngineModel } from '../../core/engine.ts'
import { engineProgram } from '../../core/engine-program.ts'
import { AudioMemory } from './audio-memory.ts'
import { Decoder } from './decoder.ts'
import type { Speech } from './listener.ts'
import { checkVad, presentFiles } from './model-check.ts'
import { PlainTranscriber } from './plain-transcriber.ts'
import { runSpeech } from './run-speech.ts'
import { openRecognizer } from './sherpa/open-recognizer.ts'
import { parakeetConfig } from './sherpa/parakeet.ts'
import { type SherpaSettings, sherpaSettings } from './sherpa/settings.ts'
import { whisperConfig } from './sherpa/whisper.ts'
import { openZipformer } from './sherpa/zipformer.ts'
import { type FamilyConfig, recogniseBy, sampleRate } from './sherpa-library.ts'
import { StreamingTranscriber } from './streaming-transcriber.ts'
import type { Transcriber } from './transcriber.ts'
import { tryVad } from './vad-pool.ts'
import { spokenText } from './whisper/spoken-text.ts'

/** Sessions wait for speech most of the time. */
const parallel = 32

/** Speech to text: Whisper, Parakeet and streaming Zipformers, as sherpa-onnx takes them. */
export const sherpa: Engine = {
  async load({ model, threads, env }) {
    const settings = sherpaSettings(model.settings)
    const { vad } = await presentFiles(model, 'sherpa-onnx', ['vad'])
    await checkVad(vad)
    tryVad(vad)
    const speech: Speech = { vad, transcriber: await open(model, settings, threads) }
    const { family, language } = settings
    const facts = { family, ...(language === undefined ? {} : { language }), sampleRate }
    return { parallel, facts, run: job => runSpeech(job, speech, env) }
  },
}

async function open(
  model: EngineModel,
  { family, language }: SherpaSettings,
  threads: number,
): Promise<Speech['transcriber']> {
  switch (family) {
    case 'whisper': {
      const files = await presentFiles(model, 'Whisper', ['encoder', 'decoder', 'tokens'])
      return plain(await whisperConfig(files, language), threads, spokenText)
    }
    case 'parakeet': {
      const files = await presentFiles(model, 'Parakeet', ['encoder', 'decoder', 'joiner', 'tokens'])
      return plain(await parakeetConfig(files), threads, text => text)
    }
    case 'zipformer': {
      const files = await presentFiles(model, 'a Zipformer', ['encoder', 'decoder', 'joiner', 'tokens'])
      const opened = await openZipformer(files, threads)
      const streaming = (audio: AudioMemory): Transcriber => new StreamingTranscriber(opened, audio)
      await tryOut(streaming)
      return (_haste, audio) => streaming(audio)
    }
  }
}

async function plain(
  config: FamilyConfig,
  threads: number,
  polish: (text: string) => string,
): Promise<Speech['transcriber']> {
  const recognise = recogniseBy(await openRecognizer(config, threads))
  const decoder = new Decoder(async (...asked) => polish(await recognise(...asked)))
  // The first decoding allocates and is slow; nobody should have to wait for it.
  await decoder.text(new Float32Array(sampleRate), 'live', new AbortController().signal)
  return (haste, audio) => new PlainTranscriber(decoder, haste, audio)
}

/** A second of a hum, which is no speech but is not too faint to be decoded. */
async function tryOut(transcriber: (audio: AudioMemory) => Transcriber): Promise<void> {
  const audio = new AudioMemory(sampleRate)
  audio.push(Float32Array.from({ length: sampleRate }, (_, at) => 0.01 * Math.sin(at / 20)))
  await transcriber(audio).text(0, sampleRate, new AbortController().signal)
}

if (import.meta.main) await runMain(engineProgram(sherpa))
