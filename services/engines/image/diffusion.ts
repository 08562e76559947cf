import { z } from 'zod'
import { runMain } from '../../../lib/io.ts'
import { type Engine, EngineError } from '../../core/engine.ts'
import { engineProgram } from '../../core/engine-program.ts'
import { DiffusionCommand } from './diffusion/command.ts'
import { findProgram, hasCard } from './diffusion/program.ts'
import { DiffusionServer } from './diffusion/server.ts'
import { weightsOf } from './diffusion/weights.ts'
import { paintAll } from './paint-all.ts'

const settingsSchema = z.object({
  /** sd-server, sd-cli or sd, by its absolute path. */
  program: z.string().optional(),
  width: z.number().int().min(64).max(4096).multipleOf(8).optional(),
  height: z.number().int().min(64).max(4096).multipleOf(8).optional(),
  steps: z.number().int().min(1).max(150).optional(),
  guidance: z.number().min(0).max(30).optional(),
  sampler: z.string().optional(),
})

/** It makes as many of more, and does not say so. */
const serverSteps = 100

/** Pictures: stable-diffusion.cpp, which is installed on this machine. */
export const diffusion: Engine = {
  async load(setup) {
    const parsed = settingsSchema.safeParse(setup.model.settings)
    if (!parsed.success) throw badSettings(z.prettifyError(parsed.error))
    const { program: named, ...usual } = parsed.data
    const weights = await weightsOf(setup.model)
    const program = await findProgram(named, setup.env)
    const maxSteps = program.kind === 'server' ? serverSteps : Infinity
    if ((usual.steps ?? 0) > maxSteps) throw badSettings(`steps: ${program.path} makes at most ${maxSteps}`)
    if (setup.gpu && !(await hasCard(program, setup.env)))
      throw new EngineError({
        reason: 'no_gpu',
        detail: `${program.path} finds no graphics card that it was built for`,
      })
    const painter =
      program.kind === 'server'
        ? await DiffusionServer.start(program, weights, setup)
        : new DiffusionCommand(program, weights, setup)
    const { samplers } = painter
    const known = (name: string | undefined): boolean =>
      name === undefined || samplers?.includes(name) !== false
    if (!known(usual.sampler)) throw badSettings(`sampler: there is no ${usual.sampler}`)
    return {
      parallel: 1,
      facts: { program: program.path, ...(samplers === undefined ? {} : { samplers }) },
      childMemory: () => painter.memory,
      async run(job) {
        const { request } = job
        if (request.kind === 'paint' && (request.steps ?? 0) > maxSteps)
          throw new EngineError({ reason: 'unsupported', what: `more than ${maxSteps} steps` })
        // It would be taken for none.
        if (request.kind === 'paint' && !known(request.sampler))
          throw new EngineError({ reason: 'unsupported', what: `sampler ${request.sampler}` })
        return { ...(await paintAll(job, { usual, seeds: true, brush: painter.paint(job.out) })) }
      },
    }
  },
}

function badSettings(detail: string): EngineError {
  return new EngineError({ reason: 'bad_settings', detail })
}

if (import.meta.main) await runMain(engineProgram(diffusion))
