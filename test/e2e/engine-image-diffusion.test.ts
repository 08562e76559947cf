import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { chmod, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { findOnPath } from '../../lib/find-on-path.ts'
import type { EngineModel, ImageRequest, Painted } from '../../services/core/engine.ts'
import { keepPicture } from '../../services/engines/image/paint-all.ts'
import { weightsOf } from '../../services/engines/image/diffusion/weights.ts'
import { readPng } from '../../services/engines/image/png.ts'
import { engineContract } from '../support/engine-contract.ts'
import { EngineRig } from '../support/engine-rig.ts'
import { fakePng } from '../support/fake-pictures.ts'
import { tinyPlan, writeGguf } from '../support/gguf-writer.ts'
import { root } from '../support/our-stack.ts'
import { safetensors } from '../support/safetensors.ts'
import { tempDir } from '../support/temp.ts'

const program = 'services/engines/image/diffusion.ts'
const stub = join(root, 'test/support/programs/stable-diffusion.ts')
const dir = await tempDir()
after(() => dir[Symbol.asyncDispose]())
const at = (name: string): string => join(dir.path, name)

await writeFile(at('tiny.safetensors'), safetensors())
await writeFile(at('broken.safetensors'), safetensors())
await writeFile(at('cut.safetensors'), safetensors().subarray(0, -1))
await writeFile(at('talks.safetensors'), safetensors('model.embed_tokens.weight'))
await writeFile(at('whisper.bin'), 'lmgg and so on, which is no picture of anything')
await writeFile(at('empty.gguf'), '')
await writeFile(at('old.ckpt'), Buffer.from('PK\x03\x04and so on'))
writeGguf(at('talks.gguf'), tinyPlan)
await mkdir(at('bin'))
await program_('bin/sd-server', 'server')
await program_('sd-cli', 'command')
await mkdir(at('other'))
// Another program has the name of the old command.
await writeFile(at('other/sd'), '#!/bin/sh\necho "sd: intuitive find and replace, --flags --preview"\n')
await chmod(at('other/sd'), 0o755)

async function program_(name: string, kind: string): Promise<void> {
  await writeFile(at(name), `#!/bin/sh\nexec ${process.execPath} ${stub} ${kind} "$@"\n`)
  await chmod(at(name), 0o755)
}

const paint = (prompt: string, more: Partial<ImageRequest> = {}): ImageRequest => ({
  kind: 'paint',
  prompt,
  count: 1,
  ...more,
})
const modelOf = (files: Record<string, string>, settings: Record<string, unknown> = {}): EngineModel => ({
  id: 'sd',
  engine: 'diffusion',
  files: Object.fromEntries(Object.entries(files).map(([role, name]) => [role, at(name)])),
  settings,
})
const model = modelOf({ model: 'tiny.safetensors' })
const env = { PATH: at('bin') }
const small = { width: 64, height: 128, steps: 3, guidance: 1.5, seed: 7 }

for (const [kind, settings] of [
  ['server', {}],
  ['command', { program: at('sd-cli') }],
] as const)
  suite(`stable-diffusion.cpp's ${kind}`, { concurrency: false }, () => {
    engineContract({
      program,
      model: { ...model, settings },
      env,
      good: [
        {
          request: paint('a fox', { ...small, negativePrompt: 'rain', sampler: 'euler_a', count: 2 }),
          check: (body, lines) => {
            const { images, elapsedMs, ...rest } = body as unknown as Painted
            ok(elapsedMs >= 0)
            deepEqual(images, [
              { file: 'image-1.png', seed: 7, width: 64, height: 128 },
              { file: 'image-2.png', seed: 8, width: 64, height: 128 },
            ])
            deepEqual(rest, {
              prompt: 'a fox',
              negativePrompt: 'rain',
              steps: 3,
              guidance: 1.5,
              sampler: 'euler_a',
            })
            deepEqual(
              lines,
              [1, 2].flatMap(image =>
                [1, 2, 3].map(step => ({ type: 'step', step, steps: 3, image, images: 2 })),
              ),
            )
          },
        },
      ],
      bad: [
        {
          request: { kind: 'speak', text: 'x', format: 'wav', stream: false, speed: 1 },
          reason: 'unsupported',
        },
        { request: paint('x', { sampler: 'magic' }), reason: 'unsupported' },
        { request: paint(' \n'), reason: 'bad_request' },
        { request: paint('a\0b'), reason: 'bad_request' },
        { request: paint('fail', small), reason: 'internal' },
        { request: paint('memory', small), reason: 'out_of_memory' },
        { request: paint('jpeg', small), reason: 'internal' },
        { request: paint('cut', small), reason: 'internal' },
      ],
      unloadable: [
        { model: modelOf({ model: 'nowhere.gguf' }, settings), reason: 'missing_files' },
        { model: modelOf({ model: 'talks.gguf' }, settings), reason: 'bad_model' },
        { model: { ...model, settings: { ...settings, sampler: 'magic' } }, reason: 'bad_settings' },
      ],
      long: { request: paint('hold', small) },
    })

    test('the picture is as big as asked, and tells what it was made of', async () => {
      await using rig = await EngineRig.start({ program, model: { ...model, settings }, env })
      const { out } = await rig.result(paint('füchse 🦊', { ...small, negativePrompt: 'rain' }))
      deepEqual(await readdir(out), ['image-1.png'])
      const file = await readFile(join(out, 'image-1.png'))
      deepEqual(readPng(file), { width: 64, height: 128, texts: ['parameters'] })
      const words = 'füchse 🦊\nNegative prompt: rain\nSteps: 3, CFG scale: 1.5, Seed: 7, Size: 64x128'
      ok(file.includes(words))
    })

    test('a prompt opens no file: the tag of a LoRA is text', async () => {
      await using rig = await EngineRig.start({ program, model: { ...model, settings }, env })
      const { body } = await rig.result(paint('a fox <lora:/etc/hostname:1>', small))
      equal((body as unknown as Painted).prompt, 'a fox <lora:/etc/hostname:1>')
    })

    test('a program that finds no graphics card is not taken for one on the card', async () => {
      const start = (card?: string) =>
        EngineRig.start({
          program,
          model: { ...model, settings },
          env: { ...env, STUB_CARD: card },
          gpu: true,
        })
      await using without = await start()
      equal(without.loadFailure?.reason, 'no_gpu', JSON.stringify(without.events))
      await using on = await start('CUDA0')
      await on.result(paint('x', small))
    })

    test('a network alone takes its parts along; the model beside it reads the prompt', async () => {
      const files = { diffusion: 'tiny.safetensors', vae: 'tiny.safetensors', model: 'talks.gguf' }
      await using rig = await EngineRig.start({ program, model: modelOf(files, settings), env })
      await rig.result(paint('x', small))
    })

    test('what a request leaves open, the model says, and else stable-diffusion.cpp', async () => {
      const own = { ...settings, steps: 2, guidance: 1, width: 64, height: 64, sampler: 'lcm' }
      await using rig = await EngineRig.start({ program, model: { ...model, settings: own }, env })
      const { body } = await rig.result(paint('x'))
      const { images, steps, guidance, sampler } = body as unknown as Painted
      deepEqual([images[0]?.width, images[0]?.height, steps, guidance, sampler], [64, 64, 2, 1, 'lcm'])
      ok((images[0]?.seed ?? -1) >= 0)
      await using plain = await EngineRig.start({ program, model: { ...model, settings }, env })
      const usual = (await plain.result(paint('x'))).body as unknown as Painted
      deepEqual([usual.images[0]?.width, usual.steps, usual.guidance, usual.sampler], [512, 20, 7, undefined])
    })
  })

suite('stable-diffusion.cpp on this machine', { concurrency: false }, () => {
  test('a server that ends in the middle takes the engine along, for core to start anew', async () => {
    await using rig = await EngineRig.start({ program, model, env })
    const { end } = await rig.start(paint('die', small))
    await rig.exited
    const last = rig.events.at(-1)
    ok(last?.type === 'exited' && !last.asked, JSON.stringify(last))
    ok((await end).type !== 'done')
  })

  test('more steps than the server makes are refused, and the command makes them', async () => {
    await using server = await EngineRig.start({ program, model, env })
    const refused = await server.failure(paint('x', { ...small, steps: 101 }))
    ok(refused.reason === 'unsupported' && /100 steps/.test(refused.what), JSON.stringify(refused))
    const settings = { program: at('sd-cli'), steps: 101 }
    await using command = await EngineRig.start({ program, model: { ...model, settings }, env })
    const { body, lines } = await command.result(paint('x', { width: 64, height: 64 }))
    deepEqual([(body as unknown as Painted).steps, lines.length], [101, 101])
  })

  const unfit: readonly (readonly [Record<string, string>, RegExp])[] = [
    [{}, /needs a model/],
    [{ vae: 'tiny.safetensors' }, /needs a model/],
    [{ model: 'tiny.safetensors', tokens: 'tiny.safetensors' }, /no use for a file of the role tokens/],
    [{ model: 'empty.gguf' }, /empty\.gguf is empty/],
    [{ model: 'whisper.bin' }, /no GGUF, safetensors or ckpt/],
    [{ model: 'talks.gguf' }, /is a language model \(llama\)/],
    [{ model: 'talks.safetensors' }, /is a language model/],
    [{ model: 'cut.safetensors' }, /is cut off: it has \d+ of \d+ bytes/],
    [{ model: 'old.ckpt' }, /is a ckpt file that is cut off/],
    [{ diffusion: 'tiny.safetensors', model: 'old.ckpt' }, /no GGUF, safetensors or ckpt/],
  ]
  for (const [files, why] of unfit)
    test(`files that can't be are refused before native code sees them: ${JSON.stringify(files)}`, async () => {
      const refused = await weightsOf(modelOf(files)).catch((error: unknown) => error)
      const { failure } = refused as { failure: { reason: string; detail: string } }
      equal(failure.reason, 'bad_model')
      match(failure.detail, why)
    })

  for (const settings of [
    { steps: 0 },
    { steps: 101 },
    { program: 'sd-server' },
    { program: at('other/sd') },
  ])
    test(`settings that can't be are refused: ${JSON.stringify(Object.keys(settings))}`, async () => {
      await using rig = await EngineRig.start({ program, model: { ...model, settings }, env })
      equal(rig.loadFailure?.reason, 'bad_settings', JSON.stringify(rig.events))
    })

  test('a request is cancelled while the server comes back from the cancellation before', async () => {
    await writeFile(at('waiting.safetensors'), safetensors())
    await writeFile(at('waiting.safetensors.go'), '')
    await using rig = await EngineRig.start({
      program,
      model: modelOf({ model: 'waiting.safetensors' }),
      env,
    })
    const first = await rig.start(paint('hold', small))
    await first.firstLine
    await rm(at('waiting.safetensors.go'))
    first.cancel()
    equal((await first.end).type, 'failed')
    const second = await rig.start(paint('x', small))
    second.cancel()
    const end = await second.end
    ok(end.type === 'failed' && end.failure.reason === 'cancelled', JSON.stringify(end))
    await writeFile(at('waiting.safetensors.go'), '')
    await rig.result(paint('x', small))
  })

  test('one that can not load the model says why', async () => {
    await using rig = await EngineRig.start({ program, model: modelOf({ model: 'broken.safetensors' }), env })
    const failure = rig.loadFailure
    ok(failure?.reason === 'bad_model', JSON.stringify(rig.events))
    match(failure.detail, /new_sd_ctx_t failed/)
  })

  test('no program of it, but another of that name, is told as missing', async () => {
    await using rig = await EngineRig.start({ program, model, env: { PATH: at('other') } })
    const failure = rig.loadFailure
    ok(failure?.reason === 'missing_program', JSON.stringify(rig.events))
    deepEqual([failure.program, failure.how], ['sd-server', 'install'])
  })

  test('a full disk is said', async () => {
    const link = at('full.png')
    await symlink('/dev/full', link)
    const stroke = {
      prompt: 'x',
      negativePrompt: undefined,
      width: 64,
      height: 64,
      steps: 1,
      guidance: 1,
      sampler: undefined,
      seed: 1,
    }
    const failed = await keepPicture(link, { png: fakePng(64, 64, 1) }, stroke).catch(
      (error: unknown) => error,
    )
    deepEqual((failed as { failure?: unknown }).failure, { reason: 'no_space' })
  })

  const real = findOnPath('sd-server', process.env['PATH'])
  const skip = real === undefined ? 'no sd-server is on PATH' : false
  test('the real server takes these flags, and says that a model is none', { skip }, async () => {
    const own = modelOf({ model: 'tiny.safetensors' }, { program: real })
    await using rig = await EngineRig.start({ program, model: own })
    const failure = rig.loadFailure
    ok(failure?.reason === 'bad_model', JSON.stringify(rig.events))
    match(failure.detail, /new_sd_ctx_t failed/)
    equal(/unknown argument/.test(failure.detail), false)
  })
})
