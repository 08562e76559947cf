import { writeSync } from 'node:fs'
import { runMain } from '../../../lib/io.ts'
import type { Engine } from '../../core/engine.ts'
import { engineProgram } from '../../core/engine-program.ts'
import { Decoder } from './decoder.ts'
import type { Speech } from './listener.ts'
import { PlainTranscriber } from './plain-transcriber.ts'
import { runSpeech } from './run-speech.ts'
import { sampleRate } from './sherpa-library.ts'
import { tryVad } from './vad-pool.ts'
import { checkedModel } from './whisper/check.ts'
import { startWhisperServer } from './whisper/server.ts'
import { whisperSettings } from './whisper/settings.ts'

/** Sessions wait for speech most of the time. */
const parallel = 32

/** Speech to text: whisper.cpp's server as a child, with Silero's voice activity. */
export const whisper: Engine = {
  async load({ model, threads, gpu, env }) {
    const { files, languages } = await checkedModel(model)
    const settings = whisperSettings(model.settings, languages, env)
    tryVad(files.vad)
    const server = await startWhisperServer({ ...settings, model: files.model, threads, gpu, env })
    // Core sees the end of this process, puts its jobs back and starts another.
    void server.died.then(words => {
      writeSync(2, `${words}\n`)
      process.exit(1)
    })
    const decoder = new Decoder((samples, signal) => server.recognise(samples, signal))
    const speech: Speech = {
      vad: files.vad,
      // A text that is dropped costs its encoding all the same, 30 s of audio long, and the next one waits for it.
      transcriber: (haste, audio) => new PlainTranscriber(decoder, haste, audio, true),
    }
    return {
      parallel,
      facts: { language: settings.language === 'auto' ? 'as it is spoken' : settings.language, sampleRate },
      childMemory: () => server.memory,
      ...(gpu ? { gpuMemory: async () => Promise.resolve({ gpu: server.cardMemory }) } : {}),
      run: job => runSpeech(job, speech, env),
    }
  },
}

if (import.meta.main) await runMain(engineProgram(whisper))
