import { execa } from 'execa'
import assert from 'node:assert/strict'
import { chmod, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { readPng } from '../../services/engines/image/png.ts'
import type { Outcome } from '../../services/portal/worker.ts'
import { type Answering, answeringCore } from '../support/answering-core.ts'
import { coreHome } from '../support/core.ts'
import { fakePng } from '../support/fake-pictures.ts'
import { root } from '../support/our-stack.ts'
import { safetensors } from '../support/safetensors.ts'
import { Spawned } from '../support/spawned.ts'
import { tempDir } from '../support/temp.ts'
import { Terminal } from '../support/terminal.ts'

const program = 'scripts/paint.ts'

test('a picture through core and its engine: prompt, seed and size, and again the same', async () => {
  await using at = await coreHome()
  await using work = await tempDir()
  const server = await stableDiffusion(at.path)
  const model = join(at.path, 'tiny.safetensors')
  await writeFile(model, safetensors())
  await writeFile(
    join(at.home, 'models.yaml'),
    `schema: 1\nmodels:\n  - { id: tiny, kind: image, path: ${model}, engine: diffusion, settings: { program: ${server}, steps: 2 } }\n`,
  )
  await using core = at.core()
  await core.saw(/core ready/)
  const paint = (...args: string[]) => new Spawned(program, args, at.env, work.path)
  const args = ['a', 'fox', '--model', 'tiny', '--seed', '7', '--width', '64', '--height', '72']
  await using first = paint(...args)
  assert.equal(await first.ended(), 0, first.stderr)
  assert.equal(first.stdout, 'paint-7.png\n')
  const file = await readFile(join(work.path, 'paint-7.png'))
  assert.deepEqual(readPng(file), { width: 64, height: 72, texts: ['parameters'] })
  await using again = paint(...args)
  assert.equal(await again.ended(), 0, again.stderr)
  assert.equal(again.stdout, 'paint-7-2.png\n')
  assert.deepEqual(await readFile(join(work.path, 'paint-7-2.png')), file)
  assert.deepEqual((await readdir(work.path)).toSorted(), ['paint-7-2.png', 'paint-7.png'])
  // What the engine declines.
  await using magic = paint('x', '--model', 'tiny', '--sampler', 'magic')
  assert.equal(await magic.ended(), 1)
  assert.match(magic.stderr, /can't do this: sampler magic/)
})

test('without a model that paints, one is told how to get one', async () => {
  await using at = await coreHome()
  await using core = at.core()
  await core.saw(/core ready/)
  await using run = new Spawned(program, ['x'], at.env)
  assert.equal(await run.ended(), 1)
  assert.match(run.stderr, /none comes with Courante[^]*models ls --all[^]*docs\/engines\.md[^]*paint again/)
})

test('names: written over as asked, numbered where there are several, never an old file without --out', async () => {
  await using core = await paintingCore()
  await using work = await tempDir()
  const paint = (...args: string[]) => new Spawned(program, args, core.env, work.path)
  await writeFile(join(work.path, 'fox.png'), 'old')
  await using one = paint('x', '--out', 'fox.png')
  assert.equal(await one.ended(), 0, one.stderr)
  assert.equal(one.stdout, 'fox.png\n')
  assert.ok(readPng(await readFile(join(work.path, 'fox.png'))))
  await mkdir(join(work.path, 'sub'))
  await using three = paint('x', '--out', 'sub/fox.png', '--count', '3')
  assert.equal(await three.ended(), 0, three.stderr)
  assert.equal(three.stdout, 'sub/fox-1.png\nsub/fox-2.png\nsub/fox-3.png\n')
  await writeFile(join(work.path, 'paint-1.png'), 'mine')
  await using two = paint('x', '--count', '2', '--json')
  assert.equal(await two.ended(), 0, two.stderr)
  const told = JSON.parse(two.stdout) as { ok: boolean; files: string[]; images: { seed: number }[] }
  assert.deepEqual([told.ok, told.files], [true, ['paint-1-2.png', 'paint-2.png']])
  assert.deepEqual(
    told.images.map(({ seed }) => seed),
    [1, 2],
  )
  assert.equal(await readFile(join(work.path, 'paint-1.png'), 'utf8'), 'mine')
  assert.deepEqual(
    (await readdir(work.path)).filter(name => name.startsWith('.')),
    [],
  )
  assert.deepEqual(await core.left(), [])
})

test('each name may be a link: one that leads nowhere yet, or to a device', async () => {
  await using core = await paintingCore()
  await using work = await tempDir()
  await symlink('made.png', join(work.path, 'fox-1.png'))
  await symlink('/dev/null', join(work.path, 'fox-2.png'))
  await using run = new Spawned(program, ['x', '--out', 'fox.png', '--count', '2'], core.env, work.path)
  assert.equal(await run.ended(), 0, run.stderr)
  assert.equal(run.stdout, 'fox-1.png\nfox-2.png\n')
  assert.deepEqual(await readFile(join(work.path, 'made.png')), fakePng(64, 64, 1))
  assert.deepEqual((await readdir(work.path)).toSorted(), ['fox-1.png', 'fox-2.png', 'made.png'])
  assert.equal(await readlink(join(work.path, 'fox-2.png')), '/dev/null')
})

test('--out - is the file alone on stdout', async () => {
  await using core = await paintingCore()
  const { stdout } = await execa(process.execPath, [program, '--out', '-'], {
    cwd: root,
    env: core.env,
    encoding: 'buffer',
    input: 'a fox\n',
  })
  assert.deepEqual(Buffer.from(stdout), fakePng(64, 64, 1))
})

test('a request says what the options say, and nothing else', async () => {
  let asked: unknown
  await using core = await paintingCore(job => void (asked = job.request))
  await using work = await tempDir()
  const args =
    '--model m --width 512 --height 768 --steps 4 --guidance 1.5 --sampler lcm --seed 9 --count 2 --negative rain'
  await using run = new Spawned(program, ['a', 'fox', ...args.split(' ')], core.env, work.path)
  assert.equal(await run.ended(), 0, run.stderr)
  assert.deepEqual(asked, {
    kind: 'paint',
    prompt: 'a fox',
    count: 2,
    model: 'm',
    sampler: 'lcm',
    negativePrompt: 'rain',
    width: 512,
    height: 768,
    steps: 4,
    guidance: 1.5,
    seed: 9,
  })
})

test('on a terminal its steps are seen; Ctrl-C ends the work, with nothing left', async () => {
  const reason = Promise.withResolvers<unknown>()
  await using core = await paintingCore(async job => {
    await job.emit({ type: 'step', step: 4, steps: 20, image: 2, images: 3 })
    await new Promise<void>(resolve => job.signal.addEventListener('abort', () => resolve()))
    reason.resolve(job.signal.reason)
  })
  await using work = await tempDir()
  const env = { ...core.env, HOME: work.path }
  await using terminal = await Terminal.open({ columns: 80, rows: 10, cwd: work.path, env })
  await terminal.type(`${process.execPath} ${join(root, program)} a fox --count 3; echo ended $?`)
  await terminal.shows(/painting: picture 2 of 3, step 4 of 20 …/)
  await terminal.press('C-c')
  await terminal.shows(/ended 130/)
  assert.equal(await reason.promise, 'cancelled')
  assert.deepEqual(await core.left(), [])
  assert.deepEqual(
    (await readdir(work.path)).filter(name => /courante|png/.test(name)),
    [],
  )
})

test('what can not be painted or written is told before anything is asked of core', async () => {
  await using at = await coreHome()
  for (const [args, code, words] of [
    [['x', '--width', '500'], 2, /--width takes a multiple of 8, and not 500[^]*--width 504/],
    [['x', '--height', '5000'], 2, /--height takes a whole number from 64 to 4096/],
    [['x', '--steps', '0'], 2, /--steps takes a whole number from 1 to 150/],
    [['x', '--count', '17'], 2, /from 1 to 16/],
    [['x', '--out', 'fox.jpg'], 2, /PNG file with another name/],
    [['x', '--out', '-', '--json'], 2, /both want stdout/],
    [['x', '--out', '-', '--count', '2'], 2, /room for one picture/],
    [['x', '--out', at.path], 1, /it is a folder/],
    [['x', '--out', join(at.path, 'no/x.png')], 1, /no such folder/],
    [['x'.repeat(20_001)], 1, /longer than 20,000 characters/],
    [[], 2, /nothing to paint/],
    [['x', '--out', '-'], 4, /core is not running, and nothing else can paint/],
  ] as const) {
    await using run = new Spawned(program, [...args], at.env)
    run.child.stdin?.end(' \n')
    assert.equal(await run.ended(), code, run.stderr)
    assert.match(run.stderr, words)
  }
})

/** Its pictures are of one colour; their seeds begin with 1. */
function paintingCore(before: (...args: Parameters<Answering>) => void | Promise<void> = () => undefined) {
  return answeringCore('image', async job => {
    await before(job)
    const count = Number(job.request['count'] ?? 1)
    const images = Array.from({ length: count }, (_, at) => ({
      file: `image-${at + 1}.png`,
      seed: at + 1,
      width: 64,
      height: 64,
    }))
    for (const { file, seed } of images)
      await writeFile(join(await job.outFolder(), file), fakePng(64, 64, seed))
    const body = { model: 'test', images, prompt: String(job.request['prompt']), elapsedMs: 1 }
    return { type: 'done', body } satisfies Outcome
  })
}

async function stableDiffusion(folder: string): Promise<string> {
  const path = join(folder, 'sd-server')
  const stub = join(root, 'test/support/programs/stable-diffusion.ts')
  await writeFile(path, `#!/bin/sh\nexec ${process.execPath} ${stub} server "$@"\n`)
  await chmod(path, 0o755)
  return path
}
