import { writeSync } from 'node:fs'
import { runMain } from '../../../lib/io.ts'
import { type Engine, EngineError, type EngineJob, type EngineSetup } from '../../core/engine.ts'
import { engineProgram } from '../../core/engine-program.ts'
import { chat } from './llama/chat.ts'
import { complete } from './llama/complete.ts'
import type { Say } from './llama/generation.ts'
import { Embedder } from './llama/embedder.ts'
import { Grammars } from './llama/grammars.ts'
import { openModel } from './llama/open-model.ts'
import { Ranker } from './llama/ranker.ts'
import { samplingDefaults } from './llama/sampling.ts'
import { SequencePool } from './llama/sequence-pool.ts'
import { parseSettings } from './llama/settings.ts'
import { refusePictures } from './pictures.ts'

/** Language models in GGUF files, by llama.cpp. */
export const llama: Engine = {
  async load(setup: EngineSetup) {
    const settings = parseSettings(setup.model.settings)
    const { runtime, model, header, context, bytesOnCard, batching, wrapper, log } = await openModel(
      setup,
      settings,
    )
    const sequences = context === undefined ? undefined : new SequencePool(context, batching, end)
    const grammars = new Grammars(runtime)
    const native = { threads: setup.threads, log }
    const embedder = new Embedder(model, header, native)
    const ranker = new Ranker(model, header, native)
    const defaults = samplingDefaults(settings, header)
    const generator =
      sequences === undefined ? undefined : { model, sequences, grammars, wrapper, defaults, setup }
    return {
      parallel: settings.sequences,
      facts: {
        architecture: header.architecture,
        quantisation: header.quantisation,
        parameters: header.parameters,
        context: context?.contextSize ?? embedder.contextSize,
        sequences: settings.sequences,
        ...(generator === undefined ? {} : { template: wrapper.wrapperName }),
        gpu: runtime.gpu === false ? 'none' : runtime.gpu,
        ...(bytesOnCard === undefined
          ? {}
          : { layersOnCard: `${model.gpuLayers} of ${model.fileInsights.totalLayers}` }),
      },
      ...(bytesOnCard === undefined ? {} : { gpuMemory: async () => ({ gpu: await bytesOnCard() }) }),
      async run(job: EngineJob) {
        const { request, signal } = job
        const say: Say = line => job.say(line)
        if (request.kind === 'embed') return { ...(await embedder.embed(request.input, signal)) }
        if (request.kind === 'rerank') return { ...(await ranker.rank(request, signal)) }
        if (request.kind !== 'chat' && request.kind !== 'complete')
          throw new EngineError({ reason: 'unsupported', what: request.kind })
        if (generator === undefined) throw new EngineError({ reason: 'unsupported', what: request.kind })
        if (request.kind === 'chat') refusePictures(request.messages)
        const result =
          request.kind === 'chat'
            ? await chat(generator, request, signal, say)
            : await complete(generator, request, signal, say)
        return { ...result }
      },
    }
  },
}

/**
 * Native code can't be interrupted, and some grammars of a few words keep it busy for hours. An orderly exit would wait for
 * it, too.
 */
function end(detail: string): void {
  writeSync(process.stderr.fd, `${detail}\n`)
  process.kill(process.pid, 'SIGKILL')
}

if (import.meta.main) await runMain(engineProgram(llama))
