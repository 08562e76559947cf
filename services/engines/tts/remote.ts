import { z } from 'zod'
import { runMain } from '../../../lib/io.ts'
import { type Engine, EngineError } from '../../core/engine.ts'
import { engineProgram } from '../../core/engine-program.ts'
import { Endpoint, parseSettings } from '../shared/endpoint.ts'
import { badSettings } from '../shared/faults.ts'
import { speak, type Speaking } from './speak.ts'
import { soundOf } from './wav-sound.ts'

/** Requests of the network that may be open at once. */
const parallel = 16
/** What most of these servers give; told of a text in which nobody says anything. */
const usualRate = 24_000

const settingsSchema = z.object({ voice: z.string().min(1).optional() })

/**
 * Voices behind an OpenAI-compatible endpoint (`/audio/speech`): OpenAI, Groq, Kokoro-FastAPI, Orpheus-FastAPI, LocalAI.
 * It is asked for each sentence by itself, which no server cuts off (one takes 200 characters, as many as a sentence has
 * here at most), gives the first sound early from those that answer whole, and needs no more memory for a book. Asked for
 * is WAV: all of them make it, and its head says the sample rate, which raw samples do not.
 */
export const remote: Engine = {
  // The endpoint may be asleep, and start only when it is asked: nothing is sent here.
  async load({ model, env }) {
    const settings = parseSettings(model.settings)
    const voices = settingsSchema.safeParse(model.settings)
    if (!voices.success) throw badSettings(z.prettifyError(voices.error))
    const { voice: usual } = voices.data
    const endpoint = new Endpoint(settings, env)
    return {
      parallel,
      facts: { host: endpoint.host, name: settings.model, ...(usual === undefined ? {} : { voice: usual }) },
      async run(job) {
        const { request } = job
        if (request.kind !== 'speak') throw new EngineError({ reason: 'unsupported', what: request.kind })
        const voice = request.voice ?? usual
        const asked = {
          model: settings.model,
          ...(voice === undefined ? {} : { voice }),
          ...(request.speed === undefined ? {} : { speed: request.speed }),
          response_format: 'wav',
        }
        let rate: number | undefined
        const synthesize: Speaking['synthesize'] = async (text, take, signal) => {
          const { type, body } = await endpoint.answer('audio/speech', { ...asked, input: text }, signal)
          try {
            for await (const { samples, sampleRate } of soundOf(body, type)) {
              rate ??= sampleRate
              if (sampleRate !== rate)
                throw new RangeError(`a sample rate of ${rate}, and then of ${sampleRate}`)
              take(samples, sampleRate)
            }
          } catch (error) {
            signal.throwIfAborted()
            throw endpoint.cut(error)
          }
        }
        const speaking = { voice: voice ?? 'default', sampleRate: usualRate, synthesize }
        return { ...(await speak(request, speaking, job, env)) }
      },
    }
  },
}

if (import.meta.main) await runMain(engineProgram(remote))
