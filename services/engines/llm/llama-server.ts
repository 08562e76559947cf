import { writeSync } from 'node:fs'
import { runMain } from '../../../lib/io.ts'
import { type Engine, EngineError, type EngineSetup } from '../../core/engine.ts'
import { engineProgram } from '../../core/engine-program.ts'
import { serve } from './remote/serve.ts'
import { inEngineWords } from './llama-server/failures.ts'
import { lookAtFiles } from './llama-server/files.ts'
import { startServer } from './llama-server/start.ts'
import { parseSettings } from './llama/settings.ts'

/**
 * Language models that take pictures, by llama.cpp's own server: node-llama-cpp has no way for them
 * (docs/decisions/011-vision.md). Whatever else such a model is asked goes there, too, so that it is in memory once.
 */
export const llamaServer: Engine = {
  async load(setup: EngineSetup) {
    const settings = parseSettings(setup.model.settings)
    const files = lookAtFiles(setup.model, settings)
    const { server, endpoint, context } = await startServer(setup, settings, files)
    // Core sees its end as this process's, starts another one and puts the jobs back.
    void server.died.then(words => {
      writeSync(process.stderr.fd, `${words}\n`)
      process.exit(1)
    })
    const { header, vision } = files
    return {
      parallel: settings.sequences,
      facts: {
        architecture: header.architecture,
        quantisation: header.quantisation,
        parameters: header.parameters,
        context,
        sequences: settings.sequences,
        ...(vision === undefined ? {} : { pictures: 'PNG, JPEG, GIF, and WebP where ffmpeg is' }),
      },
      childMemory: () => server.memory,
      async run(job) {
        const { kind } = job.request
        if (kind !== 'chat' && kind !== 'complete')
          throw new EngineError({ reason: 'unsupported', what: kind })
        return await inEngineWords({ server, endpoint }, job, () =>
          serve(endpoint, { sees: vision !== undefined }, job),
        )
      },
    }
  },
}

if (import.meta.main) await runMain(engineProgram(llamaServer))
