import { z } from 'zod'
import { runMain } from '../../../lib/io.ts'
import { isFile } from '../../../lib/is-file.ts'
import { type Engine, EngineError, type EngineModel } from '../../core/engine.ts'
import { engineProgram } from '../../core/engine-program.ts'
import { badModel, badSettings } from '../shared/faults.ts'
import { type EspeakFiles, EspeakModule } from './espeak-module.ts'
import { withoutMarkup } from './sentences.ts'
import { speak, type Speaking } from './speak.ts'
import { Voices } from './voices.ts'

/** They take turns, sentence by sentence. */
const parallel = 4
const usualVoice = 'en-US'

const settingsSchema = z.object({ voice: z.string().default(usualVoice) })

/** Text to speech: eSpeak NG as WebAssembly, on this thread. */
export const espeak: Engine = {
  async load({ model, env }) {
    const settings = settingsSchema.safeParse(model.settings)
    if (!settings.success) throw badSettings(z.prettifyError(settings.error))
    const module = await load(await checkedFiles(model))
    const voices = new Voices(module.voices, module.variants)
    const usual = voices.find(settings.data.voice)
    if (usual === undefined) throw badSettings(`there is no voice ${settings.data.voice}`)
    // The first time reads the voice's dictionary.
    module.synthesize('Hello.', usual, 1, () => undefined)
    return {
      parallel,
      facts: {
        voice: usual.name,
        voices: voices.names,
        variants: module.variants,
        sampleRate: module.sampleRate,
      },
      async run(job) {
        const { request } = job
        if (request.kind !== 'speak') throw new EngineError({ reason: 'unsupported', what: request.kind })
        const voice = request.voice === undefined ? usual : voices.find(request.voice)
        if (voice === undefined)
          throw new EngineError({ reason: 'unsupported', what: `voice ${request.voice}` })
        const synthesize: Speaking['synthesize'] = async (text, take) => {
          try {
            module.synthesize(withoutMarkup(text), voice, request.speed ?? 1, samples =>
              take(samples, module.sampleRate),
            )
          } catch (error) {
            await module.renew()
            throw error
          }
        }
        const speaking = { voice: voice.name, sampleRate: module.sampleRate, synthesize }
        return { ...(await speak(request, speaking, job, env)) }
      },
    }
  },
}

async function load(files: EspeakFiles): Promise<EspeakModule> {
  try {
    return await EspeakModule.load(files)
  } catch (error) {
    throw badModel(error instanceof Error ? error.message : String(error))
  }
}

async function checkedFiles({ files }: EngineModel): Promise<EspeakFiles> {
  const { module, data } = files
  if (module === undefined || data === undefined) {
    throw badModel(`eSpeak needs module and data; given are: ${Object.keys(files).join(', ')}`)
  }
  const missing: string[] = []
  for (const path of [module, data]) if (!(await isFile(path))) missing.push(path)
  if (missing.length > 0) throw new EngineError({ reason: 'missing_files', files: missing })
  return { module, data }
}

if (import.meta.main) await runMain(engineProgram(espeak))
