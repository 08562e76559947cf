import { Agent, type Dispatcher, request } from 'undici'
import { z } from 'zod'
import { jsonOrUndefined } from '../../../../lib/parse-json.ts'
import { EngineError } from '../../../core/engine.ts'
import type { Stroke } from '../paint-all.ts'

const capabilitiesSchema = z.object({ samplers: z.array(z.string()) })
export type Capabilities = z.infer<typeof capabilitiesSchema>

const jobSchema = z.object({
  id: z.string(),
  status: z.enum(['queued', 'generating', 'completed', 'failed', 'cancelled']),
  result: z.object({ images: z.array(z.object({ b64_json: z.string() })) }).nullish(),
  error: z.object({ message: z.string() }).nullish(),
})
export type SdJob = z.infer<typeof jobSchema>

const refusalSchema = z.object({ error: z.string() })

/** A stroke of which nothing is left open but the sampler. */
export type WholeStroke = Stroke & {
  readonly [Key in 'width' | 'height' | 'steps' | 'guidance']: number
}

interface Answer {
  readonly status: number
  readonly value: unknown
}

/** stable-diffusion.cpp's own API (`/sdcpp/v1`), whose jobs tell their state: examples/server/api.md there. */
export class DiffusionApi {
  readonly #url: string
  readonly #dispatcher: Dispatcher

  constructor(url: string, dispatcher: Dispatcher = new Agent()) {
    this.#url = url
    this.#dispatcher = dispatcher
  }

  /** Undefined where it has no such API. */
  async capabilities(signal: AbortSignal): Promise<Capabilities | undefined> {
    const { status, value } = await this.#ask('GET', 'capabilities', { signal })
    return status === 200 ? capabilitiesSchema.safeParse(value).data : undefined
  }

  /** Throws `bad_request` for what it declines. */
  async submit(stroke: WholeStroke): Promise<SdJob> {
    const { prompt, negativePrompt = '', width, height, seed = 0, steps, guidance, sampler } = stroke
    const body = {
      prompt,
      negative_prompt: negativePrompt,
      width,
      height,
      seed,
      batch_count: 1,
      sample_params: {
        sample_steps: steps,
        guidance: { txt_cfg: guidance },
        ...(sampler === undefined ? {} : { sample_method: sampler }),
      },
      output_format: 'png',
    }
    const answer = await this.#ask('POST', 'img_gen', { body })
    const refusal = refusalSchema.safeParse(answer.value)
    if (answer.status === 400 && refusal.success)
      throw new EngineError({ reason: 'bad_request', detail: refusal.data.error })
    return jobOf(answer, 202)
  }

  async job(id: string): Promise<SdJob> {
    return jobOf(await this.#ask('GET', `jobs/${id}`), 200)
  }

  async #ask(
    method: 'GET' | 'POST',
    path: string,
    { body, signal }: { body?: unknown; signal?: AbortSignal } = {},
  ): Promise<Answer> {
    const answer = await request(`${this.#url}/sdcpp/v1/${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
      dispatcher: this.#dispatcher,
    })
    return { status: answer.statusCode, value: jsonOrUndefined(await answer.body.text()) }
  }
}

function jobOf({ status, value }: Answer, expected: number): SdJob {
  const job = jobSchema.safeParse(value)
  if (status === expected && job.success) return job.data
  throw new Error(`sd-server answered ${status}: ${(JSON.stringify(value) ?? '').slice(0, 300)}`)
}
