import { z } from 'zod'
import { runMain } from '../../../lib/io.ts'
import { type Engine, EngineError } from '../../core/engine.ts'
import { engineProgram } from '../../core/engine-program.ts'
import { Endpoint, parseSettings } from '../shared/endpoint.ts'
import { serve } from './remote/serve.ts'

/** Requests of the network that may be open at once. */
const parallel = 64

/** No endpoint tells whether its model takes pictures: models.yaml does. */
const visionSchema = z.object({ vision: z.boolean().default(false) })

/** Language models behind an OpenAI-compatible endpoint: Ollama, LM Studio, llama-server, vLLM, a cloud. */
export const remote: Engine = {
  // The endpoint may be asleep, and start only when it is asked: nothing is sent here.
  async load({ model, env }) {
    const settings = parseSettings(model.settings)
    const parsed = visionSchema.safeParse(model.settings)
    if (!parsed.success)
      throw new EngineError({ reason: 'bad_settings', detail: z.prettifyError(parsed.error) })
    const endpoint = new Endpoint(settings, env)
    return {
      parallel,
      facts: { host: endpoint.host, name: settings.model },
      run: job => serve(endpoint, { sees: parsed.data.vision }, job),
    }
  },
}

if (import.meta.main) await runMain(engineProgram(remote))
