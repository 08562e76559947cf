import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, beforeEach, suite, test } from 'node:test'
import type { EngineModel, ImageRequest, Painted } from '../../services/core/engine.ts'
import { readPng } from '../../services/engines/image/png.ts'
import { engineContract } from '../support/engine-contract.ts'
import { EngineRig } from '../support/engine-rig.ts'
import { FakePictures, fakeJpeg, fakePng, type PictureAnswer, say } from '../support/fake-pictures.ts'

const program = 'services/engines/image/remote.ts'
const key = 'sk-very+secret/0123456789'
const env = { A_KEY: key, http_proxy: undefined, HTTP_PROXY: undefined, no_proxy: undefined }

const paint = (prompt: string, more: Partial<ImageRequest> = {}): ImageRequest => ({
  kind: 'paint',
  prompt,
  count: 1,
  ...more,
})
const modelAt = (url: string, settings: Record<string, unknown> = {}): EngineModel => ({
  id: 'far',
  engine: 'remote',
  files: {},
  settings: { url, model: 'gpt-image-1', keyEnv: 'A_KEY', ...settings },
})

const picture = fakePng(64, 32, 5)
const sends = (image: Record<string, unknown>): PictureAnswer => {
  return response => say(response, 200, { created: 1, data: [image] })
}
const b64 = { b64_json: picture.toString('base64') }
const usual: PictureAnswer = (response, asked) => {
  return asked.body.includes('"prompt":"hold"') ? undefined : sends(b64)(response, asked)
}

const fake = await FakePictures.start()
fake.answer = usual
after(() => fake[Symbol.asyncDispose]())

suite('pictures of an OpenAI-compatible endpoint', { concurrency: false }, () => {
  engineContract({
    program,
    model: modelAt(`${fake.url}/v1`),
    env,
    good: [
      {
        request: paint('a fox'),
        check: body => {
          const { images, prompt } = body as unknown as Painted
          deepEqual(images, [{ file: 'image-1.png', width: 64, height: 32 }])
          equal(prompt, 'a fox')
        },
      },
    ],
    bad: [
      { request: { kind: 'complete', prompt: 'x' }, reason: 'unsupported' },
      { request: paint('x', { steps: 4 }), reason: 'unsupported' },
      { request: paint(''), reason: 'bad_request' },
    ],
    unloadable: [
      { model: modelAt('ftp://x/v1'), reason: 'bad_settings' },
      { model: modelAt('http://user:secret@x/v1'), reason: 'bad_settings' },
    ],
  })
})

suite('what goes to the endpoint, and comes back', { concurrency: false }, () => {
  let rig: EngineRig
  before(async () => {
    rig = await EngineRig.start({ program, model: modelAt(`${fake.url}/v1`), env })
  })
  after(() => rig[Symbol.asyncDispose]())
  beforeEach(() => {
    fake.answer = usual
    fake.asked.length = 0
  })
  const failure = async (request = paint('x'), of = rig) => {
    const failed = await of.failure(request)
    ok(!JSON.stringify(failed).includes('secret'), JSON.stringify(failed))
    ok(failed.reason === 'remote', JSON.stringify(failed))
    return failed
  }

  test('each byte of a request', async () => {
    await rig.result(paint('a "fox"', { width: 1024, height: 1536, count: 2 }))
    const body =
      '{"model":"gpt-image-1","prompt":"a \\"fox\\"","n":1,"size":"1024x1536","response_format":"b64_json"}'
    deepEqual(
      fake.asked.map(({ method, path, body }) => ({ method, path, body })),
      [1, 2].map(() => ({ method: 'POST', path: '/v1/images/generations', body })),
    )
    equal(fake.asked[0]?.headers.authorization, `Bearer ${key}`)
    equal(fake.asked[0]?.headers['content-type'], 'application/json')
  })

  test('one side alone is a square; without any, the endpoint chooses', async () => {
    await rig.result(paint('x', { height: 512 }))
    await rig.result(paint('x'))
    deepEqual(
      fake.asked.map(({ body }) => (JSON.parse(body) as { size?: string }).size),
      ['512x512', undefined],
    )
  })

  test('a model that refuses response_format is asked again without', async () => {
    fake.answer = (response, asked) =>
      asked.body.includes('response_format')
        ? say(response, 400, { error: { message: "Unknown parameter: 'response_format'." } })
        : usual(response, asked)
    await rig.result(paint('x'))
    deepEqual(
      fake.asked.map(({ body }) => body.includes('response_format')),
      [true, false],
    )
  })

  test('the prompt that was made of ours is kept, and the picture tells ours', async () => {
    fake.answer = sends({ ...b64, revised_prompt: 'a red fox in snow' })
    const { body, out } = await rig.result(paint('a fox'))
    equal((body as unknown as Painted).revisedPrompt, 'a red fox in snow')
    const file = await readFile(join(out, 'image-1.png'))
    deepEqual(readPng(file).texts, ['parameters'])
    ok(file.includes('a fox\nSize: 64x32'))
  })

  test('what it has no words for is refused, and not left out', async () => {
    const failed = await rig.failure(paint('x', { negativePrompt: 'rain', seed: 1 }))
    ok(failed.reason === 'unsupported')
    match(failed.what, /^negativePrompt, seed/)
    equal(fake.asked.length, 0)
  })

  const broken: readonly (readonly [string, PictureAnswer, RegExp])[] = [
    ['a JPEG', sends({ b64_json: fakeJpeg.toString('base64') }), /JPEG picture, where a PNG/],
    ['a cut PNG', sends({ b64_json: picture.subarray(0, -5).toString('base64') }), /cut off/],
    [
      'a damaged PNG',
      sends({ b64_json: Buffer.from(picture).fill(1, 45, 47).toString('base64') }),
      /damaged PNG/,
    ],
    ['no bytes', sends({ b64_json: '' }), /nothing/],
    ['an address', sends({ url: 'http://elsewhere.example/x.png' }), /address of one, which is not fetched/],
    ['no list', response => say(response, 200, { data: [] }), /no list of pictures/],
    ['no JSON', response => say(response, 200, '<html>'), /no JSON/],
  ]
  for (const [name, answer, words] of broken)
    test(`${name} in place of a picture is a bad answer`, async () => {
      fake.answer = answer
      const { fault, detail } = await failure()
      equal(fault, 'bad_answer')
      match(detail, words)
    })

  test('refusals, with the words of the endpoint and without the key', async () => {
    for (const [status, fault] of [
      [400, 'refused'],
      [401, 'unauthorized'],
      [429, 'refused'],
      [500, 'refused'],
      [504, 'timeout'],
    ] as const) {
      fake.answer = response => say(response, status, { error: { message: `no, ${key}` } })
      const failed = await failure()
      deepEqual([failed.fault, failed.status, failed.detail], [fault, status, 'no, <key>'])
    }
  })

  test('silence is a timeout, and nobody there is unreachable', async () => {
    await using hasty = await EngineRig.start({
      program,
      model: modelAt(`${fake.url}/v1`, { silenceMs: 100 }),
      env,
    })
    equal((await failure(paint('hold'), hasty)).fault, 'timeout')
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    server.close()
    await once(server, 'close')
    await using nobody = await EngineRig.start({
      program,
      model: modelAt(`http://127.0.0.1:${port}/v1`),
      env,
    })
    const failed = await nobody.failure(paint('x'))
    ok(failed.reason === 'remote' && failed.fault === 'unreachable', JSON.stringify(failed))
  })

  test('a request that is cancelled is closed there, too', async () => {
    const closed = Promise.withResolvers<void>()
    const came = Promise.withResolvers<void>()
    fake.answer = response => {
      response.once('close', () => closed.resolve())
      came.resolve()
    }
    const job = await rig.start(paint('x'))
    await came.promise
    job.cancel()
    const end = await job.end
    ok(end.type === 'failed' && end.failure.reason === 'cancelled', JSON.stringify(end))
    await closed.promise
  })
})
