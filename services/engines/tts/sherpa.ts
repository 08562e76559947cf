import { z } from 'zod'
import { runMain } from '../../../lib/io.ts'
import { type Engine, EngineError } from '../../core/engine.ts'
import { engineProgram } from '../../core/engine-program.ts'
import { badModel, badSettings } from '../shared/faults.ts'
import { pcm16 } from './pcm.ts'
import { withoutMarkup } from './sentences.ts'
import { families, SherpaTts } from './sherpa-tts.ts'
import { speak, type Speaking } from './speak.ts'
import { Turns } from './turns.ts'
import { checkedVoiceFiles, type VoiceModel } from './voice-files.ts'

/** They take turns, sentence by sentence. */
const parallel = 4

/**
 * Characters that are spoken at once, which the library makes whole and can't be stopped in. Piper is some ten times as fast as
 * it speaks; Kokoro on one core is about as fast as that, and has its first sound after as long as the sentence lasts.
 */
const longest = { piper: 200, kokoro: 80, kitten: 80 } as const

const settingsSchema = z.object({ family: z.enum(families).optional(), voice: z.string().optional() })

/** Text to speech: Piper, Kokoro and Kitten, by sherpa-onnx. */
export const sherpa: Engine = {
  async load({ model, threads, env }) {
    const settings = settingsSchema.safeParse(model.settings)
    if (!settings.success) throw badSettings(z.prettifyError(settings.error))
    const voiceModel = await checkedVoiceFiles(model, settings.data.family)
    const usual = settings.data.voice === undefined ? 0 : numberOf(settings.data.voice, voiceModel)
    if (usual === undefined) throw badSettings(`there is no voice ${settings.data.voice}`)
    const native = await load(voiceModel, threads)
    const voice = new Voice(native, voiceModel)
    // The first time reads eSpeak's dictionary, and shows what only a use does.
    let samples = 0
    await voice.speak('Hello.', usual, 1, some => void (samples += some.length), new AbortController().signal)
    if (samples === 0) throw badModel(`${voiceModel.files.model} says nothing with ${voiceModel.files.data}`)
    const { sampleRate } = native
    return {
      parallel,
      facts: { voice: voiceModel.voices[usual] ?? '', voices: voiceModel.voices, sampleRate },
      async run(job) {
        const { request } = job
        if (request.kind !== 'speak') throw new EngineError({ reason: 'unsupported', what: request.kind })
        const at = request.voice === undefined ? usual : numberOf(request.voice, voiceModel)
        if (at === undefined) throw new EngineError({ reason: 'unsupported', what: `voice ${request.voice}` })
        const synthesize: Speaking['synthesize'] = (text, take, signal) =>
          voice.speak(text, at, request.speed ?? 1, samples => take(samples, sampleRate), signal)
        const speaking = {
          voice: voiceModel.voices[at] ?? '',
          sampleRate,
          longest: longest[voiceModel.family],
          synthesize,
        }
        return { ...(await speak(request, speaking, job, env)) }
      },
    }
  },
}

/** By its name, in any case, or by its number. */
function numberOf(wanted: string, { voices }: VoiceModel): number | undefined {
  const named = voices.findIndex(name => name.toLowerCase() === wanted.toLowerCase())
  if (named !== -1) return named
  return /^\d{1,6}$/.test(wanted) && Number(wanted) < voices.length ? Number(wanted) : undefined
}

async function load({ family, files }: VoiceModel, threads: number): Promise<SherpaTts> {
  try {
    return await SherpaTts.load(family, files, threads)
  } catch (error) {
    throw badModel(error instanceof Error ? error.message : String(error))
  }
}

/** The native model, which is used by one sentence at a time: it takes all of its threads for it. */
class Voice {
  readonly #native: SherpaTts
  readonly #model: VoiceModel
  readonly #turns = new Turns()

  constructor(native: SherpaTts, model: VoiceModel) {
    this.#native = native
    this.#model = model
  }

  /**
   * The library can't be stopped within a sentence. Where the signal comes, this rejects at once, and the next sentence, of
   * whomever, waits for the library's end.
   */
  async speak(
    text: string,
    at: number,
    speed: number,
    take: (samples: Int16Array) => void,
    signal: AbortSignal,
  ): Promise<void> {
    if (!speakable.test(text)) return
    const made = this.#turns.take(signal, () =>
      this.#native.generate({
        text: withoutMarkup(text),
        enableExternalBuffer: false,
        generationConfig: { sid: at, speed, silenceScale: 1, ...this.#language(at) },
      }),
    )
    const samples = await made
    if (samples !== undefined) take(pcm16(samples))
  }

  #language(at: number): { extra?: Record<string, string> } {
    if (this.#model.family !== 'kokoro' || this.#model.version < 2) return {}
    const letter = this.#model.voices[at]?.[0] ?? ''
    return { extra: { lang: kokoroLanguages[letter] ?? 'en-us' } }
  }
}

/** Without any of these the model would be given nothing but its marks of beginning and end. */
const speakable = /[\p{L}\p{N}\p{S}]/u
/** The first letter of a voice's name; eSpeak's languages (Kokoro-82M, VOICES.md). Its Chinese and Japanese need more than eSpeak. */
const kokoroLanguages: Readonly<Record<string, string>> = {
  a: 'en-us',
  b: 'en-gb',
  e: 'es',
  f: 'fr-fr',
  h: 'hi',
  i: 'it',
  p: 'pt-br',
}

if (import.meta.main) await runMain(engineProgram(sherpa))
