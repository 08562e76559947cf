import assert from 'node:assert/strict'
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ProblemError } from '../lib/problem.ts'
import { tempDir } from '../test/support/temp.ts'
import { dropModel, editModelsFile, forget, pin, putModel, setDefault, unpin } from './edit-models-file.ts'
import { parseModelsFile } from './models-file.ts'

const faultsOf = (text: string): string[] => {
  const read = parseModelsFile(text)
  return read.ok ? [] : read.faults.map(({ line, column, fault }) => `${line}:${column}: ${fault}`)
}

test('a file as docs/models.md has it', () => {
  const read = parseModelsFile(`schema: 1
models:
  - { id: mine, kind: llm, path: ~/x.gguf, title: Mine, licence: MIT, context_size: 2048, sequences: 2, idle: 10m }
  - { id: gpt, kind: llm, url: 'https://api.example.com/v1', model: gpt-x, key_env: OPENAI_API_KEY, vision: true }
  - { id: eyes, kind: llm, path: ~/v.gguf, vision: ~/mmproj.gguf }
  - { id: ears, kind: stt, path: ~/ggml-small.bin, language: de }
  - { id: amy, kind: tts, path: ~/voices/amy, settings: { family: piper }, memory: 300MB }
  - { id: paint, kind: image, files: { diffusion: ~/z.gguf, vae: ~/ae.safetensors, llm: ~/q.gguf } }
  - { id: webui, kind: image, url: 'http://localhost:7860', api: automatic1111 }
  - { id: vosk, kind: stt, path: ~/vosk_engine.py, files: { model: ~/vosk-model }, settings: { rate: 8000 } }
defaults: { llm: mine, embedding: 'ollama/nomic-embed-text:latest', image: webui }
pins: [moonshine-tiny]
memory: 6GB
gpu_memory: 8GB
idle: 0
`)
  assert.ok(read.ok)
  assert.equal(read.data.memory, 6e9)
  assert.equal(read.data.idle, 0)
  assert.equal(read.data.models[0]?.idle, 600_000)
  assert.deepEqual(read.data.pins, ['moonshine-tiny'])
})

test('each fault is told with its line and column', () => {
  const own = (entry: string): string => `schema: 1\nmodels:\n  - ${entry}\n`
  const cases: [text: string, fault: RegExp][] = [
    ['schema: 2\n', /^1:9: schema: /],
    ['models: []\n', /^1:1: schema: /],
    ['schema: 1\nfoo: 1\n', /^2:1: there is no key "foo" here$/],
    [
      'schema: 1\nmodels:\n  - { id: a, kind: llm, path: /x, size: 3 }\n',
      /^3:35: there is no key "size" here$/,
    ],
    ['schema: 1\nmodels: [\n', /^\d+:\d+: /],
    [own('{ id: a b, kind: llm, path: /x }'), /^3:11: models\.0\.id: /],
    [
      own('{ id: a, kind: vad, path: /x }'),
      /^3:20: models\.0\.kind: expected one of llm, embedding, rerank, stt/,
    ],
    [own('{ id: a, kind: stt }'), /^3:5: models\.0\.path: missing/],
    [
      own('{ id: a, kind: tts, engine: whisper, path: /x }'),
      /^3:33: models\.0\.engine: there is no "whisper" for the kind tts; expected espeak, sherpa, python$/,
    ],
    [own('{ id: a, kind: stt, engine: python, files: { model: /x } }'), /models\.0\.path: missing/],
    [
      own('{ id: a, kind: stt, path: /x, files: { model: x } }'),
      /models\.0\.files\.model: expected an absolute path/,
    ],
    [
      own('{ id: a, kind: stt, path: /x, voice: amy }'),
      /^3:42: models\.0\.voice: only models of the kind tts have it/,
    ],
    [own('{ id: a, kind: stt, path: /x, language: English }'), /models\.0\.language: expected a code/],
    [own('{ id: a, kind: llm, path: /x, memory: big }'), /models\.0\.memory: expected 6GB/],
    [
      own('{ id: a, kind: tts, url: https://x/v1 }'),
      /^3:5: models\.0\.model: missing; expected its name there/,
    ],
    [
      own('{ id: a, kind: tts, url: https://x/v1, model: m, vision: true }'),
      /vision: only models of the kind llm/,
    ],
    [own('{ id: a, kind: llm, url: https://x, api: automatic1111 }'), /api: only models of the kind image/],
    [own('{ id: a, kind: image, url: https://x, api: comfy }'), /api: expected automatic1111/],
    ['schema: 1\ngpu_memory: lots\n', /^2:13: gpu_memory: expected 6GB/],
    [own('{ id: a, kind: llm, path: x.gguf }'), /^3:31: models\.0\.path: expected an absolute path/],
    [own('{ id: a, kind: llm }'), /^3:5: models\.0\.path: /],
    [own('{ id: a, kind: llm, url: ftp://x/v1, model: m }'), /^3:30: models\.0\.url: expected an http/],
    [own('{ id: a, kind: llm, url: https://x/v1, model: m, key_env: sk-123 }'), /key_env: .*never the key/],
    [own('{ id: a, kind: llm, path: /x, idle: soon }'), /^3:41: models\.0\.idle: expected 30s, 10m/],
    [own('{ id: a, kind: llm, path: /x }\n  - { id: a, kind: llm, path: /y }'), /^4:11: .*stands here twice/],
    ['schema: 1\nmemory: lots\n', /^2:9: memory: expected 6GB/],
    ['schema: 1\nmemory: 0\n', /^2:9: memory: expected more than 0/],
    ['schema: 1\ndefaults: { chat: x }\n', /^2:13: there is no key "chat" here$/],
    ['schema: 1\npins: [../../x]\n', /^2:8: pins\.0: /],
  ]
  for (const [text, fault] of cases) assert.match(faultsOf(text)[0] ?? 'none', fault, text)
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x]',
    ...'bcdefgh'.split('').map((k, i) => `${k}: &${k} [${`*${'abcdefg'[i]},`.repeat(9)}]`),
  ]
  assert.equal(faultsOf(`schema: 1\n${bomb.join('\n')}\n`).length > 0, true)
})

test('edits keep comments, order and what else stands there', async () => {
  await using home = await tempDir()
  const path = join(home.path, 'models.yaml')
  await writeFile(
    path,
    `# mine, all mine
schema: 1
models: # added by hand
  # the big one
  - { id: big, kind: llm, path: /big.gguf } # slow
pins:
  - big
memory: 6GB # of 16
`,
  )
  await editModelsFile(
    home.path,
    putModel({ id: 'new', kind: 'llm', path: '/new.gguf' }),
    setDefault('llm', 'new'),
    pin('new'),
    pin('new'),
  )
  const text = await readFile(path, 'utf8')
  for (const comment of ['# mine, all mine', '# added by hand', '# the big one', '# slow', '# of 16']) {
    assert.ok(text.includes(comment), text)
  }
  const read = parseModelsFile(text)
  assert.ok(read.ok)
  assert.deepEqual(read.data.pins, ['big', 'new'])
  assert.deepEqual(read.data.defaults, { llm: 'new' })
  assert.deepEqual(
    read.data.models.map(({ id }) => id),
    ['big', 'new'],
  )

  await editModelsFile(home.path, dropModel('new'))
  const after = parseModelsFile(await readFile(path, 'utf8'))
  assert.ok(after.ok)
  assert.deepEqual([after.data.pins, after.data.defaults, after.data.models.length], [['big'], {}, 1])
  await editModelsFile(home.path, unpin('big'), forget('big'))
  assert.doesNotMatch(await readFile(path, 'utf8'), /pins|defaults/)
})

test('the first edit makes the file, open to its owner only, whole and with nothing beside it', async () => {
  await using home = await tempDir()
  const inside = join(home.path, 'var')
  await editModelsFile(inside, pin('starter'))
  assert.match(
    await readFile(join(inside, 'models.yaml'), 'utf8'),
    /^# .*docs\/models\.md.*\nschema: 1\npins:\n {2}- starter\n$/,
  )
  assert.equal((await stat(join(inside, 'models.yaml'))).mode & 0o777, 0o600)
  assert.deepEqual(await readdir(inside), ['models.yaml'])
})

test('a link stays a link, and the rights of the file stay as they were', async () => {
  await using home = await tempDir()
  const target = join(home.path, 'dotfiles.yaml')
  await writeFile(target, 'schema: 1\n')
  await chmod(target, 0o644)
  const inside = join(home.path, 'var')
  await mkdir(inside)
  await symlink(target, join(inside, 'models.yaml'))
  await editModelsFile(inside, pin('starter'))
  assert.match(await readFile(target, 'utf8'), /starter/)
  assert.equal((await stat(target)).mode & 0o777, 0o644)
})

test('nothing is written over a file with a fault', async () => {
  await using home = await tempDir()
  const path = join(home.path, 'models.yaml')
  await writeFile(path, 'schema: 1\npinz: []\n')
  await assert.rejects(editModelsFile(home.path, pin('starter')), (error: unknown) => {
    assert.ok(error instanceof ProblemError)
    assert.equal(error.problem.code, 'bad_models_file')
    assert.match(error.problem.what, /models\.yaml:2:1: .*pinz/)
    return true
  })
  assert.equal(await readFile(path, 'utf8'), 'schema: 1\npinz: []\n')
})
