import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import {
  appendFile,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rm,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { tempDir } from '../test/support/temp.ts'
import { Inventory } from './inventory.ts'

const starter = join(import.meta.dirname, 'starter/starter.gguf')

/** A machine of the test's own: a home of the run, a home of the user, a folder of models. */
async function machine() {
  const folder = await tempDir()
  const at = (path: string): string => join(folder.path, path)
  let now = 0
  const env = { HOME: at('user'), OLLAMA_MODELS: at('user/.ollama/models') }
  const inventory = new Inventory({ home: at('home'), modelsDir: at('models'), env }, () => now)
  await mkdir(at('home'))
  return {
    at,
    inventory,
    look: () => inventory.look(),
    later: (ms: number) => (now += ms),
    put: async (path: string, content: string | { copy: string }) => {
      await mkdir(dirname(at(path)), { recursive: true })
      if (typeof content === 'string') await writeFile(at(path), content)
      else await copyFile(content.copy, at(path))
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

test('a fresh machine has the starter, and knows what else it could have', async () => {
  await using pc = await machine()
  const { models, defaults, faults, idleMs, budget } = pc.look()
  const demo = models.get('starter')
  assert.ok(demo !== undefined)
  assert.deepEqual(
    [demo.kind, demo.engine, demo.origin, demo.installed, demo.settings, demo.bytes],
    ['llm', 'llama', 'shipped', true, { contextSize: 1024 }, 3_312_288],
  )
  assert.deepEqual(demo.files, { model: starter })
  assert.ok((demo.memory ?? 0) > demo.bytes)
  const stt = models.get('moonshine-tiny')
  assert.equal(stt?.installed, false)
  assert.equal(stt?.memory, undefined)
  assert.deepEqual(stt?.missing.map(path => path.slice(pc.at('models').length + 1)).sort(), [
    'moonshine-tiny/decoder_model_merged.onnx',
    'moonshine-tiny/encoder_model.onnx',
    'moonshine-tiny/tokens.txt',
    'silero-vad/silero_vad_v5.onnx',
  ])
  assert.deepEqual(Object.keys(stt?.files ?? {}).sort(), ['decoder', 'encoder', 'tokens', 'vad'])
  assert.deepEqual(defaults, { llm: 'starter', stt: 'moonshine-tiny', tts: 'espeak-ng' })
  assert.deepEqual([faults, idleMs, budget], [[], 600_000, undefined])
  assert.deepEqual([models.get('whisper-small')?.engine, models.get('silero-vad')?.engine], ['whisper', ''])
})

test('a model is installed when all its files, and those that it needs, are there whole', async () => {
  await using pc = await machine()
  const sizes = {
    'moonshine-tiny/encoder_model.onnx': 7_937_661,
    'moonshine-tiny/decoder_model_merged.onnx': 20_243_286,
    'moonshine-tiny/tokens.txt': 510_394,
  }
  for (const [path, bytes] of Object.entries(sizes)) {
    await pc.put(`models/${path}`, '')
    await truncate(pc.at(`models/${path}`), bytes)
  }
  assert.deepEqual(pc.look().models.get('moonshine-tiny')?.missing, [
    pc.at('models/silero-vad/silero_vad_v5.onnx'),
  ])
  await pc.put('models/silero-vad/silero_vad_v5.onnx', '')
  await truncate(pc.at('models/silero-vad/silero_vad_v5.onnx'), 2_327_524)
  const whole = pc.look().models.get('moonshine-tiny')
  assert.equal(whole?.installed, true)
  assert.equal(whole?.bytes, 28_691_341)
  // Its process was seen to take 257 MB.
  assert.ok(Math.abs((whole?.memory ?? 0) - 480e6) < 20e6, String(whole?.memory))
  await truncate(pc.at('models/moonshine-tiny/tokens.txt'), 5)
  assert.deepEqual(pc.look().models.get('moonshine-tiny')?.missing, [
    pc.at('models/moonshine-tiny/tokens.txt'),
  ])
})

test("the user's own models, choices and limits count from the next look on", async () => {
  await using pc = await machine()
  await pc.put('user/mine.gguf', { copy: starter })
  assert.equal(pc.look().models.has('mine'), false)
  await pc.put(
    'home/models.yaml',
    `schema: 1
models:
  - { id: mine, kind: llm, path: ~/mine.gguf, context_size: 512, sequences: 1, idle: 1h }
  - { id: gone, kind: llm, path: /nowhere/gone.gguf }
  - { id: there, kind: llm, url: 'http://localhost:9/v1', model: big, key_env: SOME_KEY }
defaults: { llm: mine }
pins: [mine]
memory: 512MB
idle: 30s
`,
  )
  const { models, defaults, budget, idleMs, faults } = pc.look()
  const mine = models.get('mine')
  assert.deepEqual(
    [mine?.installed, mine?.pinned, mine?.idleMs, mine?.settings, mine?.files['model']],
    [true, true, 3_600_000, { contextSize: 512, sequences: 1 }, pc.at('user/mine.gguf')],
  )
  assert.ok((mine?.memory ?? 0) < (models.get('starter')?.memory ?? 0), 'less context takes less memory')
  assert.deepEqual(
    [models.get('gone')?.installed, models.get('gone')?.missing],
    [false, ['/nowhere/gone.gguf']],
  )
  assert.deepEqual(models.get('there')?.settings, {
    url: 'http://localhost:9/v1',
    model: 'big',
    keyEnv: 'SOME_KEY',
  })
  assert.deepEqual(
    [defaults.llm, defaults.stt, budget, idleMs, faults],
    ['mine', 'moonshine-tiny', 512e6, 30_000, []],
  )
})

test("the stack's language model is the default; models.yaml goes before it, and one that is gone is told", async () => {
  await using pc = await machine()
  const at = { home: pc.at('home'), modelsDir: pc.at('models'), env: { HOME: pc.at('user') } }
  const look = (llm: string) => new Inventory({ ...at, llm }).look()
  assert.equal(look('qwen3-4b').defaults.llm, 'qwen3-4b')
  assert.deepEqual(look('qwen3-4b').faults, [], 'although its file is not here yet')
  for (const wrong of ['gone', 'espeak-ng']) {
    assert.equal(look(wrong).defaults.llm, wrong)
    assert.match(look(wrong).faults.join(), new RegExp(`language_model is "${wrong}", and there is no such`))
  }
  await pc.put('home/models.yaml', 'schema: 1\ndefaults: { llm: starter }\n')
  assert.deepEqual([look('gone').defaults.llm, look('gone').faults], ['starter', []])
})

test('of a file that has a fault at the first look, the good entries count', async () => {
  await using pc = await machine()
  const entry = (id: string, kind: string): string =>
    `  - { id: ${id}, kind: ${kind}, url: 'http://127.0.0.1:1/v1', model: x }\n`
  await pc.put(
    'home/models.yaml',
    `schema: 1\ndefaults: { llm: far }\nidle: never ever\nmodels:\n${entry('far', 'llm')}${entry('near', 'lllm')}`,
  )
  const { models, defaults, faults } = pc.look()
  assert.equal(models.get('far')?.installed, true)
  assert.equal(models.has('near'), false)
  assert.equal(defaults.llm, 'far')
  assert.match(faults.join('\n'), /models\.yaml:3:7: idle/)
  await pc.put('home/models.yaml', `schema: 1\nmodels:\n${entry('far', 'llm')}\t- {`)
  assert.ok(pc.look().faults.length > 0)
})

test('a file with a fault leaves the last good one in force, until it is mended', async () => {
  await using pc = await machine()
  await pc.put('home/models.yaml', 'schema: 1\npins: [starter]\n')
  assert.equal(pc.look().models.get('starter')?.pinned, true)
  await pc.put('home/models.yaml', 'schema: 1\npins: starter and more\n')
  const broken = pc.look()
  assert.match(broken.faults.join('\n'), /models\.yaml:2:7: pins: /)
  assert.equal(broken.models.get('starter')?.pinned, true)
  await pc.put('home/models.yaml', 'schema: 1\n')
  const mended = pc.look()
  assert.deepEqual([mended.faults, mended.models.get('starter')?.pinned], [[], false])
  await rm(pc.at('home/models.yaml'))
  assert.deepEqual(pc.look().faults, [])
})

test('names that mean nothing are told, and stay as they are', async () => {
  await using pc = await machine()
  await pc.put(
    'home/models.yaml',
    `schema: 1
models: [{ id: starter, kind: llm, path: /x.gguf }]
defaults: { llm: nobody, tts: starter }
pins: [nothing]
`,
  )
  const { faults, defaults, models } = pc.look()
  assert.equal(faults.length, 4, faults.join('\n'))
  assert.equal(defaults.llm, 'nobody', 'another model would answer in its place, and nobody would know')
  assert.equal(models.get('starter')?.origin, 'shipped')
})

test('models of Ollama, LM Studio and Hugging Face are found where they lie', async () => {
  await using pc = await machine()
  const digest = `sha256:${'ab'.repeat(32)}`
  const manifest = (hash: string, extra: object[] = []): string =>
    JSON.stringify({
      layers: [
        { mediaType: 'application/vnd.ollama.image.license', digest: `sha256:${'cd'.repeat(32)}`, size: 1 },
        { mediaType: 'application/vnd.ollama.image.model', digest: hash, size: 1 },
        ...extra,
      ],
    })
  const registry = 'user/.ollama/models/manifests/registry.ollama.ai'
  await pc.put(`user/.ollama/models/blobs/${digest.replace(':', '-')}`, { copy: starter })
  await pc.put(`${registry}/library/small/1b`, manifest(digest))
  await pc.put(`${registry}/somebody/own/latest`, manifest(digest))
  await pc.put('user/.ollama/models/manifests/hf.co/org/repo/Q4', manifest(digest))
  // What must not be followed, or can't be read.
  await pc.put('user/secret.gguf', { copy: starter })
  await pc.put(`${registry}/library/escape/latest`, manifest('sha256:../../../secret.gguf'))
  await pc.put(`${registry}/library/gone/latest`, manifest(`sha256:${'00'.repeat(32)}`))
  await pc.put(`${registry}/library/broken/latest`, '{"layers": [')
  await pc.put(
    `${registry}/library/tuned/latest`,
    manifest(digest, [{ mediaType: 'application/vnd.ollama.image.adapter', digest, size: 1 }]),
  )
  await mkdir(pc.at(`${registry}/library/folder/latest`), { recursive: true })

  const studio = 'user/.lmstudio/models/publisher/repo'
  await pc.put(`${studio}/Small Model-Q8.gguf`, { copy: starter })
  await pc.put(`${studio}/mmproj-eyes.gguf`, { copy: starter })
  await pc.put(`${studio}/text.gguf`, 'this is no model')
  await pc.put(`${studio}/part-00001-of-00002.gguf`, { copy: starter })
  await pc.put(`${studio}/whole-00001-of-00002.gguf`, { copy: starter })
  await pc.put(`${studio}/whole-00002-of-00002.gguf`, { copy: starter })

  const hub = 'user/.cache/huggingface/hub/models--org--some-repo'
  await pc.put(`${hub}/blobs/abc`, { copy: starter })
  await pc.put(`${hub}/refs/main`, 'rev2\n')
  for (const [revision, to] of [
    ['rev1', '../../blobs/old'],
    ['rev2', '../../blobs/abc'],
  ] as const) {
    await mkdir(pc.at(`${hub}/snapshots/${revision}/sub`), { recursive: true })
    await symlink(to, pc.at(`${hub}/snapshots/${revision}/x.gguf`))
  }
  await symlink('../../../blobs/abc', pc.at(`${hub}/snapshots/rev2/sub/y.gguf`))
  await symlink('loop.gguf', pc.at(`${hub}/snapshots/rev2/loop.gguf`))

  const { models } = pc.look()
  const found = [...models.values()].filter(({ origin }) => !['shipped', 'catalog'].includes(origin))
  assert.deepEqual(found.map(({ id }) => id).sort(), [
    'hf/org/some-repo/sub/y.gguf',
    'hf/org/some-repo/x.gguf',
    'lmstudio/publisher/repo/Small-Model-Q8',
    'lmstudio/publisher/repo/whole-00001-of-00002',
    'ollama/hf.co/org/repo:Q4',
    'ollama/small:1b',
    'ollama/somebody/own:latest',
  ])
  for (const model of found)
    assert.ok(model.installed && model.engine === 'llama' && model.kind === 'llm', model.id)
  assert.equal(models.get('lmstudio/publisher/repo/whole-00001-of-00002')?.bytes, 2 * 3_312_288)
  assert.equal(models.get('hf/org/some-repo/x.gguf')?.files['model'], pc.at(`${hub}/snapshots/rev2/x.gguf`))
})

test('folders of other programs are looked through every ten seconds, and a file that is gone at once', async () => {
  await using pc = await machine()
  const file = 'user/.lmstudio/models/a/b/c.gguf'
  pc.look()
  await pc.put(file, { copy: starter })
  assert.equal(pc.look().models.has('lmstudio/a/b/c'), false)
  pc.later(10_000)
  assert.equal(pc.look().models.has('lmstudio/a/b/c'), true)
  await rm(pc.at(file))
  assert.equal(pc.look().models.has('lmstudio/a/b/c'), false)
})

test('what was read of a file is remembered for the next process, where the run has its folder', async () => {
  await using pc = await machine()
  await pc.put('user/mine.gguf', { copy: starter })
  await pc.put('home/models.yaml', 'schema: 1\nmodels: [{ id: mine, kind: llm, path: ~/mine.gguf }]\n')
  pc.look()
  const cache = pc.at('home/run/gguf-headers.json')
  assert.equal(existsSync(cache), false)
  await mkdir(pc.at('home/run'))
  const next = () =>
    new Inventory({ home: pc.at('home'), modelsDir: pc.at('models'), env: { HOME: pc.at('user') } })
  const memory = next().look().models.get('mine')?.memory
  const kept = await readFile(cache, 'utf8')
  assert.deepEqual(await readdir(pc.at('home/run')), ['gguf-headers.json'])
  // Another number in it, and it is this one that counts: the file itself is not read again.
  await writeFile(cache, kept.replaceAll(/"blockCount":\d+/g, '"blockCount":1'))
  assert.ok((next().look().models.get('mine')?.memory ?? 0) < (memory ?? 0))
  for (const broken of ['{', '{"schema":2,"headers":{}}', kept.replaceAll('"blockCount"', '"count"')]) {
    await writeFile(cache, broken)
    assert.equal(next().look().models.get('mine')?.memory, memory)
  }
})

test('a folder with far too much in it is looked at in part, and quickly', async () => {
  await using pc = await machine()
  const folder = 'user/.lmstudio/models/a/b'
  await mkdir(pc.at(folder), { recursive: true })
  for (let i = 0; i < 700; i++) await symlink(starter, pc.at(`${folder}/m${i}.gguf`))
  const found = [...pc.look().models.values()].filter(({ origin }) => origin === 'lmstudio')
  assert.equal(found.length, 500)
})

test('a folder is there as soon as something is in it, and what grows in it counts ten seconds later', async () => {
  await using pc = await machine()
  await mkdir(pc.at('user/vosk/am'), { recursive: true })
  await pc.put('user/vosk.py', 'x')
  const entry = '{ id: vosk, kind: stt, path: ~/vosk.py, files: { model: ~/vosk } }'
  await pc.put('home/models.yaml', `schema: 1\nmodels: [${entry}]\n`)
  const vosk = () => pc.look().models.get('vosk')
  assert.deepEqual(vosk()?.missing, [pc.at('user/vosk')])
  await pc.put('user/vosk/am/final.mdl', 'ten bytes.')
  assert.deepEqual([vosk()?.installed, vosk()?.bytes], [true, 11])
  const before = vosk()?.memory
  await truncate(pc.at('user/vosk/am/final.mdl'), 1_000_000)
  pc.later(10_000)
  assert.equal(vosk()?.bytes, 1_000_001)
  assert.ok((vosk()?.memory ?? 0) > (before ?? 0))
})

test('a file is read anew when it has changed', async () => {
  await using pc = await machine()
  await pc.put('user/mine.gguf', { copy: starter })
  await pc.put('home/models.yaml', 'schema: 1\nmodels: [{ id: mine, kind: llm, path: ~/mine.gguf }]\n')
  const before = pc.look().models.get('mine')
  await appendFile(pc.at('user/mine.gguf'), Buffer.alloc(50_000_000))
  const after = pc.look().models.get('mine')
  assert.equal((after?.bytes ?? 0) - (before?.bytes ?? 0), 50_000_000)
  assert.ok((after?.memory ?? 0) > (before?.memory ?? 0))
})
