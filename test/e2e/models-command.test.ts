import assert from 'node:assert/strict'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { courante } from '../support/courante.ts'
import { Machine } from '../support/models-machine.ts'
import { root } from '../support/our-stack.ts'
import { Terminal } from '../support/terminal.ts'

const starter = join(root, 'models/starter/starter.gguf')

test('ls names what is here and counts what could be; --all tells it; into a pipe, the bare command is ls', async () => {
  await using pc = await Machine.make()
  const [bare, ls, all] = [
    await courante(['models', '--home', pc.at('home')], pc.env),
    await pc.ask('ls'),
    await pc.ask('ls', '--all'),
  ]
  assert.equal(bare.exitCode, 0, bare.all)
  assert.equal(bare.stdout, ls.stdout.trimEnd())
  assert.match(ls.stdout, /^\*\s+starter\s+llm\s+3 MB\s+MIT\s+-\s+≈ \d+ MB$/m)
  assert.match(ls.stdout, /^\d\d more can be pulled: courante models ls --all/m)
  assert.doesNotMatch(ls.stdout, /qwen3/)
  assert.match(all.stdout, /^ {2}qwen3-0\.6b\s+llm\s+639 MB\s+Apache-2\.0/m)
  assert.match(all.stdout, /^ {2}whisper-small\s+stt\s+488 MB\s+MIT/m)
  const json = await pc.json('ls', '--all')
  const models = json['models'] as { id: string; installed: boolean; default: boolean }[]
  assert.equal(models.length, 34)
  assert.deepEqual(
    models.filter(model => model.default && model.installed).map(({ id }) => id),
    ['starter'],
  )
})

test('a word that is no subcommand, no model, too many: exit 2, and how it is written', async () => {
  await using pc = await Machine.make()
  for (const [words, told] of [
    [['list'], /there is no "models list"[^]*models ls/],
    [['show'], /say which model/],
    [['show', 'a', 'b'], /"b" is one word too many/],
    [['show', 'qwen'], /there is no model "qwen"[^]*Perhaps one of these: qwen3-0\.6b/],
    [['pull', 'ollama/x:y'], /there is no model/],
    [
      ['add', 'x.gguf', '--kind', 'vad'],
      /--kind takes llm, embedding, rerank, stt, tts, image, and not "vad"/,
    ],
    [['add', 'http://x', '--api', 'comfy'], /--api takes automatic1111, and not "comfy"/],
    [['add', 'x.gguf', '--id', '../x'], /can't be an id/],
  ] as const) {
    const { exitCode, stderr } = await pc.ask(...words)
    assert.equal(exitCode, 2, words.join(' '))
    assert.match(stderr, told)
  }
})

test('ps and the states of ls are what core says; of a core that is dead, nothing', async () => {
  await using pc = await Machine.make()
  assert.equal((await pc.ask('ps')).exitCode, 4)
  await pc.coreSays({
    budget: { memory: 8e9, gpu: 2e10 },
    used: { memory: 3e8 },
    at: Date.now() - 3600_000,
    models: [
      {
        id: 'starter',
        kind: 'llm',
        engine: 'llama',
        state: 'ready',
        pid: 12,
        estimated: 17e7,
        measured: 15e7,
        inFlight: 1,
        parallel: 4,
        waiting: 2,
        idleMs: 0,
        offCard: { since: Date.now() - 125_000, why: 'It was full.' },
        facts: { contextSize: 1024 },
      },
      {
        id: 'moonshine-tiny',
        kind: 'stt',
        state: 'loading',
        progress: 0.4,
        inFlight: 0,
        idleMs: 5000,
        gpu: { 'GPU 0': 1e9 },
      },
      { state: 'of another version' },
    ],
    queues: { llm: { working: 1, waiting: 2 }, stt: { working: 0, waiting: 0 } },
  })
  const { exitCode, stdout } = await pc.ask('ps')
  assert.equal(exitCode, 0)
  assert.match(stdout, /^starter\s+llm\s+ready\s+150 MB\s+170 MB\s+-\s+-\s+1 of 4\s+2\s+12$/m)
  assert.match(stdout, /^moonshine-tiny\s+stt\s+loading 40 %\s+-\s+-\s+1\.0 GB\s+1 h 0 min\s+0\s+0\s+-$/m)
  assert.match(stdout, /^memory: 300 MB of 8\.0 GB reserved\ngraphics card: 0 kB of 20\.0 GB reserved$/m)
  assert.match(
    stdout,
    /^starter is on the processor \(for 2 min\) and not on the graphics card: It was full\.\nllm: 1 at work, 2 waiting$/m,
  )
  assert.match((await pc.ask('ls')).stdout, /^\*\s+starter\s.*ready\s+150 MB$/m)
  assert.match((await pc.ask('show', 'starter')).stdout, /^contextSize\s+1024$/m)

  await pc.coreSays({ started: 'before', models: [{ id: 'starter', state: 'ready' }] })
  assert.equal((await pc.ask('ps')).exitCode, 4)
  assert.doesNotMatch((await pc.ask('ls')).stdout, /ready/)
  await writeFile(pc.at('home/run/core.json'), '{"pid": ')
  assert.equal((await pc.ask('ps')).exitCode, 4)
})

test('load and unload are asked of core, whose failures come in its own words', async () => {
  await using pc = await Machine.make()
  const nobody = await pc.ask('load', 'starter')
  assert.equal(nobody.exitCode, 4)
  assert.match(nobody.stderr, /core is not running[^]*courante up --home/)
  await pc.coreSays({ models: [{ id: 'starter', state: 'ready', measured: 15e7 }] })
  const asked: string[] = []
  await pc.serve(async job => {
    asked.push(`${job.request.kind} ${job.request.model}`)
    if (job.request.model !== 'starter')
      return {
        type: 'failed',
        error: { code: 'unknown_model', message: 'Never heard.', todo: 'Ask another.' },
      }
    await job.setStatus({ state: 'running', stage: 'loading', progress: 0.5 })
    return { type: 'done', body: { ms: 12 } }
  })
  const loaded = await pc.ask('load', 'starter')
  assert.deepEqual([loaded.exitCode, loaded.stderr], [0, ''])
  assert.match(loaded.stdout, /^starter is loaded, 150 MB \(\d+\.\d s\)\.\n$/)
  assert.equal((await pc.json('unload', 'starter'))['ok'], true)
  const failed = await pc.ask('unload', 'whatever')
  assert.deepEqual([failed.exitCode, failed.stderr], [1, 'courante: Never heard.\n  → Ask another.\n'])
  assert.deepEqual(asked, ['load starter', 'unload starter', 'unload whatever'])

  // What can't be loaded is not even asked for.
  for (const [id, told] of [
    ['qwen3-0.6b', /not installed[^]*courante models pull qwen3-0\.6b/],
    ['z-image-vae', /works inside of other models/],
    ['silero-vad', /works inside of other models/],
  ] as const) {
    const { exitCode, stderr } = await pc.ask('load', id)
    assert.notEqual(exitCode, 0)
    assert.match(stderr, told)
  }
  assert.equal(asked.length, 3)
})

test('on a terminal, loading shows how far it is, and Ctrl-C stops it', async () => {
  await using pc = await Machine.make()
  await pc.coreSays({ models: [] })
  const stopped = Promise.withResolvers<unknown>()
  await pc.serve(async job => {
    await job.setStatus({ state: 'running', stage: 'loading', progress: 0.42 })
    job.signal.addEventListener('abort', () => stopped.resolve(job.signal.reason))
    await stopped.promise
    return { type: 'failed', error: { code: 'cancelled', message: 'It was cancelled.' } }
  })
  await using terminal = await Terminal.open({ columns: 100, rows: 20, cwd: root, env: pc.env })
  await terminal.type(`./courante models load starter --home ${pc.at('home')}; echo "code $?"`)
  await terminal.shows(/starter: loading 42 %/)
  await terminal.press('C-c')
  await terminal.shows(/code 130/)
  assert.equal(await stopped.promise, 'cancelled')
})

test('default, pin and unpin write models.yaml, which ls then shows', async () => {
  await using pc = await Machine.make()
  await copyFile(starter, pc.at('user/Own Model.gguf'))
  assert.equal((await pc.ask('add', pc.at('user/Own Model.gguf'))).exitCode, 0)
  const chosen = await pc.ask('default', 'own-model')
  assert.match(chosen.stdout, /^own-model is now what is used for llm\.\n$/)
  assert.deepEqual(await pc.json('default'), { llm: 'own-model', stt: 'moonshine-tiny', tts: 'espeak-ng' })
  assert.deepEqual(await pc.json('pin', 'own-model'), { model: 'own-model', pinned: true })
  assert.match((await pc.ask('ls')).stdout, /^\*\s+own-model\s+llm\s.*pinned/m)
  await pc.ask('unpin', 'own-model')
  assert.deepEqual((await pc.own()).pins, [])
  assert.equal((await pc.ask('default', 'qwen3-0.6b')).exitCode, 1, 'it is not installed')
  assert.deepEqual((await pc.own()).defaults, { llm: 'own-model' })

  await writeFile(pc.at('home/models.yaml'), 'schema: 1\npinned: [x]\n')
  const broken = await pc.ask('pin', 'starter')
  assert.equal(broken.exitCode, 2)
  assert.match(broken.stderr, /^courante: .*models\.yaml:2:1: there is no key "pinned" here$/m)
  assert.match((await pc.ask('ls')).stderr, /^note: .*models\.yaml:2:1: /)
  // Seen before anything is asked of the network: nothing listens there.
  assert.match((await pc.ask('add', 'http://127.0.0.1:1/x.gguf')).stderr, /models\.yaml:2:1: /)
})

test('on a terminal there is a menu: search, choose, do, go back, leave', async () => {
  await using pc = await Machine.make()
  await copyFile(starter, pc.at('user/own.gguf'))
  await pc.ask('add', pc.at('user/own.gguf'))
  await using terminal = await Terminal.open({ columns: 100, rows: 30, cwd: root, env: pc.env })
  await terminal.type(`./courante models --home ${pc.at('home')}; echo "code $?"`)
  await terminal.shows(/Which model\?[^]*\* {2}starter\s+llm/)
  await terminal.shows(/qwen3-0\.6b\s+llm\s+639 MB\s+not installed/)
  await terminal.press('o', 'w', 'n')
  await terminal.shows(/Which model\?.*own\n[^]*own\s+llm\s+3 MB/)
  await terminal.press('Enter')
  await terminal.shows(/own:[^]*use it where nobody names a model[^]*pin it[^]*remove it[^]*back/)
  await terminal.press('Enter')
  await terminal.shows(/own is now what is used for llm[^]*Which model\?[^]*\* {2}own/)
  await terminal.press('Escape')
  await terminal.shows(/code 0/)
  assert.equal((await pc.own()).defaults.llm, 'own')
})
