import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { runMain } from '../../../lib/io.ts'
import { jsonOrUndefined } from '../../../lib/parse-json.ts'
import { type Engine, EngineError } from '../../core/engine.ts'
import { engineProgram } from '../../core/engine-program.ts'
import { Endpoint, parseSettings } from '../shared/endpoint.ts'
import { lookMs, WebuiTask } from './automatic1111/task.ts'
import { patience, pictureFrom, pictureLimit } from './far-picture.ts'
import { type OnStep, paintAll, type Picture, type Stroke } from './paint-all.ts'

/** The WebUI's own defaults, but for the steps, of which its API would take 50. */
const usual = { width: 512, height: 512, steps: 20, guidance: 7 } as const
const progressPath = 'sdapi/v1/progress?skip_current_image=true'
/** In place of a checkpoint's name: none is asked for. */
const whatIsLoaded = 'the checkpoint that is loaded there'

const answerSchema = z.object({ images: z.array(z.string()).min(1), info: z.string().catch('') })
const infoSchema = z.object({
  seed: z.number().optional().catch(undefined),
  steps: z.number().optional().catch(undefined),
  cfg_scale: z.number().optional().catch(undefined),
  sampler_name: z.string().optional().catch(undefined),
})
const progressSchema = z.object({
  state: z.object({ job_count: z.number(), sampling_step: z.number(), sampling_steps: z.number() }),
})

/** Pictures of Stable Diffusion WebUI (AUTOMATIC1111), Forge, and what else has their API (`/sdapi/v1`). */
export const automatic1111: Engine = {
  // It may be started later: nothing is sent here.
  async load({ model, env }) {
    const { model: name = whatIsLoaded, ...rest } = model.settings
    const settings = parseSettings({ ...patience, ...rest, model: name })
    const endpoint = new Endpoint(settings, env, 'Basic')
    return {
      // It has one queue for all.
      parallel: 1,
      facts: { host: endpoint.host, name: settings.model },
      async run(job) {
        const brush = (stroke: Stroke, signal: AbortSignal, onStep: OnStep): Promise<Picture> =>
          paint(endpoint, stroke, signal, onStep)
        return { ...(await paintAll(job, { usual, seeds: true, brush })) }
      },
    }
  },
}

async function paint(
  endpoint: Endpoint,
  stroke: Stroke,
  signal: AbortSignal,
  onStep: OnStep,
): Promise<Picture> {
  const over = new AbortController()
  const task = new WebuiTask(endpoint)
  const watching = watch(endpoint, task, over.signal, onStep)
  try {
    const stream = await endpoint.post('sdapi/v1/txt2img', bodyOf(endpoint, task, stroke), signal)
    const answer = answerSchema.safeParse(await endpoint.json(stream, pictureLimit, signal))
    const image = answer.data?.images[0]
    if (image === undefined)
      throw endpoint.failure({ fault: 'bad_answer', detail: 'it sent no list of pictures' })
    const info = infoSchema.safeParse(jsonOrUndefined(answer.data?.info ?? '')).data
    return {
      png: pictureFrom(endpoint, image.replace(/^data:image\/png;base64,/, '')),
      seed: info?.seed ?? stroke.seed,
      steps: info?.steps ?? stroke.steps,
      guidance: info?.cfg_scale ?? stroke.guidance,
      sampler: info?.sampler_name ?? stroke.sampler,
    }
  } catch (error) {
    // It would go on, and others wait for it. To close the connection means nothing to it.
    if (signal.aborted) void task.withdraw()
    throw error
  } finally {
    over.abort()
    await watching
  }
}

function bodyOf(endpoint: Endpoint, { id }: WebuiTask, stroke: Stroke): Readonly<Record<string, unknown>> {
  const { prompt, negativePrompt, steps, guidance, width, height, seed, sampler } = stroke
  return {
    prompt,
    negative_prompt: negativePrompt ?? '',
    steps,
    cfg_scale: guidance,
    width,
    height,
    seed,
    batch_size: 1,
    force_task_id: id,
    ...(sampler === undefined ? {} : { sampler_name: sampler }),
    ...(endpoint.model === whatIsLoaded
      ? {}
      : {
          override_settings: { sd_model_checkpoint: endpoint.model },
          // It would load the one before again, each time.
          override_settings_restore_afterwards: false,
        }),
  }
}

/** Tells steps until the signal. Some servers have no progress to tell, which is no reason to fail. */
async function watch(
  endpoint: Endpoint,
  task: WebuiTask,
  signal: AbortSignal,
  onStep: OnStep,
): Promise<void> {
  try {
    for (; ; await delay(lookMs, undefined, { signal })) {
      const place = await task.state(signal)
      // Steps are of what it has in work, whoever's that is.
      if (place === 'queued' || place === 'absent') continue
      const answer = await endpoint.json(await endpoint.get(progressPath, signal), pictureLimit, signal)
      const { state } = progressSchema.parse(answer)
      signal.throwIfAborted()
      // Between two jobs it still tells the steps of the last.
      if (state.job_count !== 0 && state.sampling_steps > 0) onStep(state.sampling_step, state.sampling_steps)
    }
  } catch (error) {
    if (!signal.aborted && !(error instanceof EngineError) && !(error instanceof z.ZodError)) throw error
  }
}

if (import.meta.main) await runMain(engineProgram(automatic1111))
