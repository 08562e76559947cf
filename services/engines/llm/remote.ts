import { runMain } from '../../../lib/io.ts'
import { type Engine, EngineError, type EngineJob } from '../../core/engine.ts'
import { engineProgram } from '../../core/engine-program.ts'
import { chat, complete } from './remote/generate.ts'
import { embed } from './remote/embed.ts'
import { Endpoint, parseSettings } from '../shared/endpoint.ts'

/** Requests of the network that may be open at once. */
const parallel = 64

/** Language models behind an OpenAI-compatible endpoint: Ollama, LM Studio, llama-server, vLLM, a cloud. */
export const remote: Engine = {
  // The endpoint may be asleep, and start only when it is asked: nothing is sent here.
  async load({ model, env }) {
    const settings = parseSettings(model.settings)
    const endpoint = new Endpoint(settings, env)
    return {
      parallel,
      facts: { host: endpoint.host, name: settings.model },
      async run(job: EngineJob) {
        const { request, signal } = job
        const say = (line: unknown): void => job.say(line)
        switch (request.kind) {
          case 'chat':
            return { ...(await chat(endpoint, request, signal, say)) }
          case 'complete':
            return { ...(await complete(endpoint, request, signal, say)) }
          case 'embed':
            return { ...(await embed(endpoint, request, signal)) }
          default:
            throw new EngineError({ reason: 'unsupported', what: request.kind })
        }
      },
    }
  },
}

if (import.meta.main) await runMain(engineProgram(remote))
