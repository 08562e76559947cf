import { z } from 'zod'
import { encodeWav } from '../../../lib/wav.ts'
import { runMain } from '../../../lib/io.ts'
import type { Engine } from '../../core/engine.ts'
import { engineProgram } from '../../core/engine-program.ts'
import { Endpoint, parseSettings } from '../shared/endpoint.ts'
import { badSettings } from '../shared/faults.ts'
import { Decoder, type Recognise } from './decoder.ts'
import { languageSchema } from './language.ts'
import type { Speech } from './listener.ts'
import { checkVad, presentFiles } from './model-check.ts'
import { PlainTranscriber } from './plain-transcriber.ts'
import { runSpeech } from './run-speech.ts'
import { sampleRate } from './sherpa-library.ts'
import { tryAgain } from './try-again.ts'
import { tryVad } from './vad-pool.ts'
import { spokenOrNothing } from './whisper/spoken-text.ts'

/** Sessions wait for speech most of the time. */
const parallel = 32
/** Utterances that may be there at once; a server that does one after the other lets the rest wait. */
const atOnce = 8
/** Of an answer: the longest utterance has some hundred words. */
const maxBytes = 1024 * 1024

const settingsSchema = z.object({ language: languageSchema })
const answerSchema = z.object({ text: z.string() })

/**
 * Speech to text behind an OpenAI-compatible endpoint (`/audio/transcriptions`): OpenAI, Groq, Speaches, LocalAI,
 * whisper-server. Where somebody speaks is found here, and each utterance is sent by itself: what is silent stays here and
 * costs nothing, and neither a live microphone nor a recording of hours needs more than its server takes at once.
 */
export const remote: Engine = {
  // The endpoint may be asleep, and start only when it is asked: nothing is sent here.
  async load({ model, env }) {
    const settings = parseSettings(model.settings)
    const own = settingsSchema.safeParse(model.settings)
    if (!own.success) throw badSettings(z.prettifyError(own.error))
    const { vad } = await presentFiles(model, 'Speech to text elsewhere', ['vad'])
    await checkVad(vad)
    tryVad(vad)
    const endpoint = new Endpoint(settings, env)
    const recognise = by(endpoint, own.data.language)
    const decoder = new Decoder(
      (samples, signal, haste) => tryAgain(() => recognise(samples, signal, haste), haste, signal),
      atOnce,
    )
    const speech: Speech = {
      vad,
      transcriber: (haste, audio) => new PlainTranscriber(decoder, haste, audio, true),
    }
    return {
      parallel,
      facts: { host: endpoint.host, name: settings.model, sampleRate },
      run: job => runSpeech(job, speech, env),
    }
  },
}

function by(endpoint: Endpoint, language: string | undefined): Recognise {
  return async (samples, signal) => {
    const form = new FormData()
    const wav = new Uint8Array(encodeWav(samples, sampleRate))
    form.set('file', new File([wav], 'utterance.wav', { type: 'audio/wav' }))
    form.set('model', endpoint.model)
    form.set('response_format', 'json')
    if (language !== undefined) form.set('language', language)
    const body = await endpoint.postForm('audio/transcriptions', form, signal)
    const parsed = answerSchema.safeParse(await endpoint.json(body, maxBytes, signal))
    if (!parsed.success) throw endpoint.failure({ fault: 'bad_answer', detail: 'no text came' })
    return spokenOrNothing(parsed.data.text)
  }
}

if (import.meta.main) await runMain(engineProgram(remote))
