import { z } from 'zod'
import { runMain } from '../../../lib/io.ts'
import { type Engine, EngineError, type ImageRequest } from '../../core/engine.ts'
import { engineProgram } from '../../core/engine-program.ts'
import { Endpoint, parseSettings } from '../shared/endpoint.ts'
import { patience, pictureFrom, pictureLimit } from './far-picture.ts'
import { paintAll, type Picture, type Stroke } from './paint-all.ts'

/** Requests of the network that may be open at once. */
const parallel = 8

const answerSchema = z.object({
  data: z
    .array(
      z.object({
        b64_json: z.string().nullish(),
        url: z.string().nullish(),
        revised_prompt: z.string().nullish(),
      }),
    )
    .min(1),
})

/** What this API has no words for; to leave it out would paint something else without a word. */
const foreign = ['negativePrompt', 'steps', 'guidance', 'sampler', 'seed'] as const

/** Pictures of an OpenAI-compatible endpoint (`/v1/images/generations`). */
export const remote: Engine = {
  // As the language models': nothing is sent here.
  async load({ model, env }) {
    const settings = parseSettings({ ...patience, ...model.settings })
    const endpoint = new Endpoint(settings, env)
    return {
      parallel,
      facts: { host: endpoint.host, name: settings.model },
      async run(job) {
        if (job.request.kind === 'paint') refuseForeign(job.request)
        return {
          ...(await paintAll(job, {
            seeds: false,
            brush: (stroke, signal) => paint(endpoint, stroke, signal),
          })),
        }
      },
    }
  },
}

async function paint(endpoint: Endpoint, stroke: Stroke, signal: AbortSignal): Promise<Picture> {
  // One by one: some models make no more at once, and a request that is cancelled costs no more than what was begun.
  const body = { model: endpoint.model, prompt: stroke.prompt, n: 1, ...sizeOf(stroke) }
  const answer = await ask(endpoint, body, signal)
  const parsed = answerSchema.safeParse(answer)
  if (!parsed.success) throw badAnswer(endpoint, 'it sent no list of pictures')
  const [image] = parsed.data.data
  const { b64_json: base64, revised_prompt: revisedPrompt } = image ?? {}
  if (typeof base64 !== 'string')
    throw badAnswer(endpoint, 'it sent no picture but the address of one, which is not fetched')
  return { png: pictureFrom(endpoint, base64), revisedPrompt: revisedPrompt ?? undefined }
}

/** OpenAI's newer models send nothing else, and refuse to be asked for it. */
async function ask(
  endpoint: Endpoint,
  body: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<unknown> {
  const post = async (body: Readonly<Record<string, unknown>>): Promise<unknown> =>
    endpoint.json(await endpoint.post('images/generations', body, signal), pictureLimit, signal)
  try {
    return await post({ ...body, response_format: 'b64_json' })
  } catch (error) {
    if (!(error instanceof EngineError) || error.failure.reason !== 'remote') throw error
    const { status, detail } = error.failure
    if ((status !== 400 && status !== 422) || !/response_format/.test(detail)) throw error
    return post(body)
  }
}

/** One side alone means a square. */
function sizeOf({ width, height }: Stroke): { size?: string } {
  const [wide, high] = [width ?? height, height ?? width]
  return wide === undefined ? {} : { size: `${wide}x${high}` }
}

function refuseForeign(request: ImageRequest): void {
  const given = foreign.filter(name => request[name] !== undefined)
  if (given.length === 0) return
  const what = `${given.join(', ')} (an OpenAI-compatible endpoint takes a prompt, a size and a count)`
  throw new EngineError({ reason: 'unsupported', what })
}

function badAnswer(endpoint: Endpoint, detail: string): EngineError {
  return endpoint.failure({ fault: 'bad_answer', detail })
}

if (import.meta.main) await runMain(engineProgram(remote))
