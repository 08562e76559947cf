import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { after, before, beforeEach, suite, test } from 'node:test'
import type { EngineModel, ImageRequest, Painted } from '../../services/core/engine.ts'
import { engineContract } from '../support/engine-contract.ts'
import { EngineRig } from '../support/engine-rig.ts'
import { FakePictures, fakePng, type PictureAnswer, say } from '../support/fake-pictures.ts'

const program = 'services/engines/image/automatic1111.ts'
const key = 'ada:very+secret/0123'
const basic = `Basic ${Buffer.from(key).toString('base64')}`
const env = { A_KEY: key, http_proxy: undefined, HTTP_PROXY: undefined, no_proxy: undefined }

const paint = (prompt: string, more: Partial<ImageRequest> = {}): ImageRequest => ({
  kind: 'paint',
  prompt,
  count: 1,
  ...more,
})
const modelAt = (url: string, settings: Record<string, unknown> = {}): EngineModel => ({
  id: 'webui',
  engine: 'automatic1111',
  files: {},
  settings: { url, keyEnv: 'A_KEY', ...settings },
})

/** What the WebUI tells while it is at step `at` of 3; 0 jobs: it is at none, and tells of the last. */
const progressAt = (at: number, jobs = 1): unknown => ({
  progress: at / 3,
  eta_relative: 1,
  state: {
    skipped: false,
    interrupted: false,
    stopping_generation: false,
    job: 'scripts_txt2img',
    job_count: jobs,
    job_timestamp: '20261122000000',
    job_no: 0,
    sampling_step: at,
    sampling_steps: 3,
  },
  current_image: null,
  textinfo: null,
})

const fake = await FakePictures.start()
after(() => fake[Symbol.asyncDispose]())

interface Theirs {
  /** Whether it works on a picture of somebody else, and ours waits. */
  busy: boolean
  readonly onInterrupt?: () => void
}

/** As the WebUI: it paints until it was asked for its progress three times, and answers with what it used. */
function webui(theirs: Theirs = { busy: false }): PictureAnswer {
  let [step, waiting, interrupted] = [0, (): void => undefined, (): void => undefined]
  const tasks = new Set<string>()
  return async (response, { path, body }) => {
    if (path === '/internal/progress') {
      const { id_task } = JSON.parse(body) as { id_task: string }
      const here = tasks.has(id_task)
      return say(response, 200, {
        active: here && !theirs.busy,
        queued: here && theirs.busy,
        completed: false,
      })
    }
    if (path === '/sdapi/v1/progress?skip_current_image=true') {
      step = Math.min(3, step + 1)
      say(response, 200, progressAt(step))
      if (step === 3) waiting()
      return
    }
    if (path === '/sdapi/v1/interrupt') {
      interrupted()
      theirs.onInterrupt?.()
      return say(response, 200, {})
    }
    if (path !== '/sdapi/v1/txt2img') return say(response, 404, { detail: 'Not Found' })
    const asked = JSON.parse(body) as Record<string, number> & {
      prompt: string
      sampler_name?: string
      force_task_id: string
    }
    tasks.add(asked.force_task_id)
    await new Promise<void>(resolve => {
      interrupted = resolve
      if (asked.prompt !== 'hold') waiting = resolve
    })
    step = 0
    tasks.delete(asked.force_task_id)
    const { width = 0, height = 0, seed = 0, steps, cfg_scale, sampler_name = 'Euler' } = asked
    const info = JSON.stringify({ seed, all_seeds: [seed], steps, cfg_scale, sampler_name, width, height })
    say(response, 200, { images: [fakePng(width, height, seed).toString('base64')], parameters: asked, info })
  }
}

fake.answer = webui()

suite('Stable Diffusion WebUI', { concurrency: false }, () => {
  engineContract({
    program,
    model: modelAt(fake.url),
    env,
    good: [
      {
        request: paint('a fox', {
          width: 64,
          height: 128,
          steps: 3,
          guidance: 5,
          seed: 9,
          sampler: 'Euler a',
        }),
        check: (body, lines) => {
          const { images, steps, guidance, sampler } = body as unknown as Painted
          deepEqual(images, [{ file: 'image-1.png', seed: 9, width: 64, height: 128 }])
          deepEqual([steps, guidance, sampler], [3, 5, 'Euler a'])
          deepEqual(lines.at(-1), { type: 'step', step: 3, steps: 3, image: 1, images: 1 })
        },
      },
    ],
    bad: [
      { request: { kind: 'complete', prompt: 'x' }, reason: 'unsupported' },
      { request: paint(''), reason: 'bad_request' },
    ],
    unloadable: [{ model: modelAt('nowhere'), reason: 'bad_settings' }],
    long: { request: paint('hold', { width: 64, height: 64 }) },
  })
})

suite('what goes to the WebUI, and comes back', { concurrency: false }, () => {
  let rig: EngineRig
  before(async () => {
    rig = await EngineRig.start({ program, model: modelAt(fake.url), env })
  })
  after(() => rig[Symbol.asyncDispose]())
  beforeEach(() => {
    fake.answer = webui()
    fake.asked.length = 0
  })
  const painted = () => fake.asked.filter(({ path }) => path === '/sdapi/v1/txt2img')
  const small = { width: 64, height: 64 }

  test('each byte of a request', async () => {
    await rig.result(
      paint('a "fox"', {
        ...small,
        negativePrompt: 'rain',
        steps: 3,
        guidance: 5.5,
        seed: 4294967295,
        count: 2,
      }),
    )
    const body = (seed: number): string =>
      `{"prompt":"a \\"fox\\"","negative_prompt":"rain","steps":3,"cfg_scale":5.5,"width":64,"height":64,"seed":${seed},"batch_size":1,"force_task_id":ID}`
    deepEqual(
      painted().map(({ method, body }) => ({ method, body: body.replace(/"task\([0-9a-f-]{36}\)"/, 'ID') })),
      // The one after the greatest is 0.
      [4294967295, 0].map(seed => ({ method: 'POST', body: body(seed) })),
    )
    ok(fake.asked.every(({ headers }) => headers.authorization === basic))
  })

  test('a checkpoint by name, which stays loaded', async () => {
    await using named = await EngineRig.start({
      program,
      model: modelAt(fake.url, { model: 'sdxl.safetensors' }),
      env,
    })
    await named.result(paint('x', { ...small, seed: 1 }))
    match(
      painted()[0]?.body ?? '',
      /,"override_settings":\{"sd_model_checkpoint":"sdxl.safetensors"\},"override_settings_restore_afterwards":false\}$/,
    )
  })

  test('what it does not say of the picture is as it was asked', async () => {
    fake.answer = (response, { path }) =>
      path.endsWith('txt2img')
        ? say(response, 200, { images: [fakePng(64, 64, 1).toString('base64')], info: '' })
        : say(response, 404, { detail: 'Not Found' })
    const { body, lines } = await rig.result(paint('x', { ...small, seed: 3 }))
    const { images, steps, guidance, sampler } = body as unknown as Painted
    deepEqual([images[0]?.seed, steps, guidance, sampler], [3, 20, 7, undefined])
    deepEqual(lines, [])
  })

  test('steps of the job before are not told', async () => {
    const told = Promise.withResolvers<void>()
    fake.answer = async (response, { path }) => {
      if (path.endsWith('txt2img')) {
        await told.promise
        return say(response, 200, { images: [fakePng(64, 64, 1).toString('base64')] })
      }
      say(response, 200, progressAt(3, 0))
      told.resolve()
    }
    const { lines } = await rig.result(paint('x', small))
    deepEqual(lines, [])
  })

  test('one that is cancelled is interrupted there', async () => {
    const interrupted = Promise.withResolvers<void>()
    fake.answer = webui({ busy: false, onInterrupt: () => interrupted.resolve() })
    const job = await rig.start(paint('hold', small))
    await job.firstLine
    job.cancel()
    const end = await job.end
    ok(end.type === 'failed' && end.failure.reason === 'cancelled', JSON.stringify(end))
    await interrupted.promise
    const [interrupt] = fake.asked.filter(({ path }) => path === '/sdapi/v1/interrupt')
    deepEqual([interrupt?.method, interrupt?.body], ['POST', '{}'])
    equal(interrupt?.headers.authorization, basic)
  })

  test("one that is cancelled in the queue ends when its turn comes, and nobody else's picture does", async () => {
    const interrupted = Promise.withResolvers<void>()
    const theirs = { busy: true, onInterrupt: () => interrupted.resolve() }
    const answer = webui(theirs)
    const looks = (): number => fake.asked.filter(({ path }) => path === '/internal/progress').length
    let after = Infinity
    const lookedAfter = Promise.withResolvers<void>()
    const looked = Promise.withResolvers<void>()
    fake.answer = async (response, asked) => {
      await answer(response, asked)
      if (painted().length > 0 && asked.path === '/internal/progress') looked.resolve()
      if (looks() > after) lookedAfter.resolve()
    }
    const job = await rig.start(paint('hold', small))
    await looked.promise
    job.cancel()
    const end = await job.end
    ok(end.type === 'failed' && end.failure.reason === 'cancelled', JSON.stringify(end))
    // It is still in the queue.
    after = looks() + 1
    await lookedAfter.promise
    ok(!fake.asked.some(({ path }) => path === '/sdapi/v1/interrupt'))
    theirs.busy = false
    await interrupted.promise
    deepEqual(job.lines, [])
  })

  test('where nobody can tell whose picture it is at, none is interrupted', async () => {
    const told = Promise.withResolvers<void>()
    const answer = webui()
    let asked = 0
    fake.answer = (response, request) => {
      if (request.path !== '/internal/progress') return answer(response, request)
      say(response, 404, { detail: 'Not Found' })
      if (++asked === 4) told.resolve()
    }
    const job = await rig.start(paint('hold', small))
    await job.firstLine
    job.cancel()
    equal((await job.end).type, 'failed')
    await rig.result(paint('x', small))
    await told.promise
    ok(!fake.asked.some(({ path }) => path === '/sdapi/v1/interrupt'))
  })

  test('refusals, with its words and without the key', async () => {
    for (const [status, fault] of [
      [401, 'unauthorized'],
      [404, 'refused'],
      [422, 'refused'],
      [500, 'refused'],
    ] as const) {
      fake.answer = response => say(response, status, { error: 'RuntimeError', detail: `${key} ${basic}` })
      const failed = await rig.failure(paint('x'))
      ok(failed.reason === 'remote', JSON.stringify(failed))
      deepEqual([failed.fault, failed.status], [fault, status])
      ok(!/secret|YWRh/.test(JSON.stringify(failed)), JSON.stringify(failed))
    }
  })
})
