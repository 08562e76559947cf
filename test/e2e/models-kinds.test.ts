import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { Machine } from '../support/models-machine.ts'
import { writeBert } from '../support/gguf-rerank.ts'
import { keyValue, text, u32, u64 } from '../support/gguf-writer.ts'
import { root } from '../support/our-stack.ts'

const starter = join(root, 'models/starter/starter.gguf')

test('files are told by their content, whatever they are called', async () => {
  await using pc = await Machine.make()
  await put(pc, 'user/ggml-tiny.en.bin', Buffer.concat([Buffer.from('lmgg'), Buffer.alloc(100)]))
  await put(pc, 'user/heard.model', Buffer.concat([Buffer.from('lmgg'), Buffer.alloc(100)]))
  await put(pc, 'user/sd.safetensors', safetensors('model.diffusion_model.input_blocks.0.0.weight'))
  await put(pc, 'user/sd.ckpt', Buffer.from('PK\u0003\u0004 and so on'))
  await put(pc, 'user/painter.gguf', gguf({}, 'model.diffusion_model.input_blocks.0.0.weight'))
  writeBert(pc.at('user/ranker.gguf'), 'rerank')
  writeBert(pc.at('user/vectors.gguf'), 'embedding')
  for (const [file, ...more] of [
    ['ggml-tiny.en.bin', '--language', 'en'],
    ['heard.model'],
    ['sd.safetensors'],
    ['sd.ckpt', '--id', 'old'],
    ['painter.gguf'],
    ['ranker.gguf'],
    ['vectors.gguf'],
  ] as const) {
    const { exitCode, stderr } = await pc.ask('add', `user/${file}`, ...more)
    equal(exitCode, 0, stderr)
  }
  const at = (name: string): string => pc.at(`user/${name}`)
  deepEqual((await pc.own()).models, [
    { id: 'ggml-tiny.en', kind: 'stt', path: at('ggml-tiny.en.bin'), language: 'en' },
    { id: 'heard.model', kind: 'stt', path: at('heard.model'), engine: 'whisper' },
    { id: 'sd', kind: 'image', path: at('sd.safetensors') },
    { id: 'old', kind: 'image', path: at('sd.ckpt') },
    { id: 'painter', kind: 'image', path: at('painter.gguf') },
    { id: 'ranker', kind: 'rerank', path: at('ranker.gguf') },
    { id: 'vectors', kind: 'embedding', path: at('vectors.gguf') },
  ])
})

test('what can not be added is told with what it is', async () => {
  await using pc = await Machine.make()
  await copyFile(starter, pc.at('user/talk.gguf'))
  await put(pc, 'user/empty.bin', Buffer.alloc(0))
  await put(pc, 'user/song.bin', Buffer.from('some other file'))
  await put(pc, 'user/mmproj.gguf', gguf({ 'general.architecture': 'clip' }, 'v.patch_embd.weight'))
  await put(pc, 'user/half/encoder.onnx', Buffer.from('x'))
  await put(pc, 'user/talk.safetensors', safetensors('model.embed_tokens.weight'))
  await put(pc, 'user/broken.safetensors', Buffer.concat([u64(4), Buffer.from('{"a"'), Buffer.alloc(100)]))
  for (const [words, told] of [
    [['user/empty.bin'], /empty\.bin can't be added: it is empty/],
    [['user/song.bin'], /can't be added: it is of no kind that is known here[^]*ggml-….bin/],
    [['user/mmproj.gguf'], /it is no model by itself[^]*It lets another model see.*--vision/],
    [['user/half'], /half can't be added/],
    [['user/talk.safetensors'], /only whole checkpoints that paint can be used, and this is none/],
    [['user/broken.safetensors'], /its header is broken/],
    [['user/talk.gguf', '--language', 'Deutsch'], /"Deutsch" is no code of a language/],
    [['user/talk.gguf', '--voice', ''], /--voice is empty/],
    [['user/talk.gguf', '--id', 'x'.repeat(201)], /can't be an id/],
    [['user/half', '--kind', 'stt'], /lacks what sherpa-onnx needs: tokens\.txt/],
    [['user/talk.gguf', '--kind', 'tts'], /is a model of the kind llm, not tts/],
    [
      ['user/talk.gguf', '--voice', 'amy'],
      /--voice is about models of the kind tts, and this is one of the kind llm/,
    ],
    [['user/talk.gguf', '--vision', 'user/talk.gguf'], /is not what lets a model see/],
    [['user/talk.gguf', '--vision', 'user/none.gguf'], /there is no file/],
    [['user/talk.gguf', '--file', 'model=x'], /about programs in Python/],
    [['user/talk.gguf', '--api', 'automatic1111'], /--api is about an endpoint/],
    [['http://127.0.0.1:1/v1', '--name', 'x', '--vision', 'file.gguf'], /--vision yes/],
    [
      ['http://127.0.0.1:1', '--api', 'automatic1111', '--kind', 'llm'],
      /--api is about models of the kind image/,
    ],
  ] as const) {
    const { exitCode, stderr } = await pc.ask('add', ...words)
    equal(exitCode, 2, `${words.join(' ')}: ${stderr}`)
    match(stderr, told)
  }
})

test('a model with eyes is added with both files, and show tells that it sees and by which program', async () => {
  await using pc = await Machine.make()
  await copyFile(starter, pc.at('user/talk.gguf'))
  await put(pc, 'user/mmproj-talk.gguf', gguf({ 'general.type': 'mmproj' }, 'v.patch_embd.weight'))
  const added = await pc.ask('add', 'user/talk.gguf', '--vision', 'user/mmproj-talk.gguf')
  equal(added.exitCode, 0, added.stderr)
  const shown = await pc.ask('show', 'talk')
  match(shown.stdout, /^engine +llama-server$/m)
  match(shown.stdout, /^program +llama-server: /m)
  match(shown.stdout, /^pictures +takes pictures$/m)
  match(shown.stdout, /^file, vision +.*mmproj-talk\.gguf$/m)
  equal((await pc.json('show', 'talk'))['vision'], true)
  const yaml = pc.at('home/models.yaml')
  await writeFile(yaml, `${await readFile(yaml, 'utf8')}    settings: { program: /nowhere/llama-server }\n`)
  const without = await pc.ask('show', 'talk')
  match(
    without.stdout,
    /^program +llama-server: there is no program \/nowhere\/llama-server$/m,
    without.stderr,
  )
})

test('a folder of sherpa-onnx is added whole; what it needs is told, and pull brings it', async () => {
  await using pc = await Machine.make()
  for (const name of ['en_US-amy-low.onnx', 'tokens.txt', 'espeak-ng-data/phontab'])
    await put(pc, `user/vits-piper-en_US-amy-low/${name}`, Buffer.from('x'))
  for (const name of ['tiny.en-encoder.onnx', 'tiny.en-decoder.onnx', 'tiny.en-tokens.txt'])
    await put(pc, `user/whisper/${name}`, Buffer.from('x'))
  const voice = await pc.ask('add', 'user/vits-piper-en_US-amy-low', '--voice', '0', '--id', 'amy')
  deepEqual([voice.exitCode, voice.stderr], [0, ''])
  match((await pc.ask('default', 'amy')).stdout, /amy is now what is used for tts/)
  const ears = await pc.ask('add', 'user/whisper', '--id', 'ears')
  match(ears.stderr, /ears needs silero-vad, which is not here: courante models pull ears/)
  const absent = await pc.ask('load', 'ears')
  match(absent.stderr, /ears is not installed[^]*courante models pull ears/)
  const plan = await pc.ask('pull', 'ears')
  match(plan.stderr, /silero-vad +5\.5 MB/)
  match((await pc.ask('show', 'amy')).stdout, /^family +piper$/m)
  match((await pc.ask('verify', 'amy')).stdout, /amy: not checked/)
  const gone = await pc.ask('rm', 'amy', '--yes')
  match(gone.stdout, /user\/vits-piper-en_US-amy-low stays where it is/)
  match(gone.stdout, /For tts, espeak-ng is used again/)
})

test('endpoints of every kind are added, by the usual names of their models or by --kind', async () => {
  await using pc = await Machine.make()
  const logins: (string | undefined)[] = []
  const names = ['whisper-1', 'tts-1-hd', 'gpt-image-1', 'jina-reranker-v2', 'gpt-4o', 'mystery']
  const web = await pc.web((request, response) => {
    logins.push(request.headers.authorization)
    if (request.url === '/v1/models') response.end(JSON.stringify({ data: names.map(id => ({ id })) }))
    else if (request.url === '/sdapi/v1/sd-models')
      response.end(JSON.stringify([{ title: 'v1-5.ckpt [abc]', model_name: 'v1-5' }]))
    else response.writeHead(404).end()
  })
  for (const words of [
    [`${web}/v1`, '--name', 'whisper-1', '--language', 'de'],
    [`${web}/v1`, '--name', 'tts-1-hd', '--voice', 'alloy'],
    [`${web}/v1`, '--name', 'gpt-image-1'],
    [`${web}/v1`, '--name', 'jina-reranker-v2'],
    [`${web}/v1`, '--name', 'gpt-4o', '--vision', 'yes'],
    [`${web}/v1`, '--name', 'mystery', '--kind', 'tts'],
    [web, '--api', 'automatic1111', '--key-env', 'HOME'],
    [`${web}/`, '--api', 'automatic1111', '--name', 'v1-5', '--id', 'sd15'],
  ]) {
    const { exitCode, stderr } = await pc.ask('add', ...words)
    equal(exitCode, 0, stderr)
  }
  const url = `${web}/v1`
  deepEqual((await pc.own()).models, [
    { id: 'whisper-1', kind: 'stt', url, model: 'whisper-1', language: 'de' },
    { id: 'tts-1-hd', kind: 'tts', url, model: 'tts-1-hd', voice: 'alloy' },
    { id: 'gpt-image-1', kind: 'image', url, model: 'gpt-image-1' },
    { id: 'jina-reranker-v2', kind: 'rerank', url, model: 'jina-reranker-v2' },
    { id: 'gpt-4o', kind: 'llm', url, model: 'gpt-4o', vision: true },
    { id: 'mystery', kind: 'tts', url, model: 'mystery' },
    { id: 'automatic1111', kind: 'image', url: web, key_env: 'HOME', api: 'automatic1111' },
    { id: 'sd15', kind: 'image', url: web, model: 'v1-5', api: 'automatic1111' },
  ])
  equal(logins.at(-2), `Basic ${Buffer.from(pc.at('user')).toString('base64')}`)
  const ls = (await pc.ask('ls')).stdout
  match(ls, /^ +sd15 +image +elsewhere/m)
  match(ls, /^ +whisper-1 +stt +elsewhere .*files missing/m)
  ok(!(await readFile(pc.at('home/models.yaml'), 'utf8')).includes(pc.at('user')))
})

test('a file of whisper.cpp is added by its URL as a GGUF file is', async () => {
  await using pc = await Machine.make()
  const weights = Buffer.concat([Buffer.from('lmgg'), Buffer.alloc(1000)])
  const web = await pc.web((request, response) => {
    response.setHeader('content-length', weights.length)
    response.end(request.method === 'HEAD' ? undefined : weights)
  })
  const added = await pc.ask('add', `${web}/ggml-tiny.bin`, '--language', 'auto', '--yes')
  equal(added.exitCode, 0, added.stderr)
  const [own] = (await pc.own()).models
  ok(own !== undefined && 'path' in own)
  deepEqual([own.id, own.kind, own.language], ['ggml-tiny', 'stt', 'auto'])
  equal(own.path, pc.at('models/ggml-tiny/ggml-tiny.bin'))
  match((await pc.ask('verify', 'ggml-tiny')).stdout, /ggml-tiny: as it came/)
  match((await pc.ask('rm', 'ggml-tiny', '--yes')).stdout, /is removed/)
  const other = await pc.ask('add', `${web}/x.bin`, '--kind', 'llm', '--yes')
  match(other.stderr, /is a model of the kind stt, not llm/)
})

test('a voice of the catalog has a folder of data: listed, verified and removed with it', async () => {
  await using pc = await Machine.make()
  const names = [
    'model.fp16.onnx',
    'voices.bin',
    'tokens.txt',
    'espeak-ng-data/phontab',
    'espeak-ng-data/lang/en',
  ]
  for (const name of names) await put(pc, `models/kitten-nano-en/${name}`, Buffer.alloc(1_000_000, 'x'))
  match((await pc.ask('ls')).stdout, /^ +kitten-nano-en +tts +5 MB +Apache-2\.0 +- +≈ 309 MB$/m)
  match((await pc.ask('verify', 'kitten-nano-en')).stdout, /as it came/)
  await put(pc, 'models/kitten-nano-en/espeak-ng-data/phontab', Buffer.from('other'))
  const changed = await pc.ask('verify', 'kitten-nano-en')
  match(changed.stdout, /the content of .*espeak-ng-data\/phontab is not what came/)
  await put(pc, 'models/kitten-nano-en/notes.txt', Buffer.from('mine'))
  equal((await pc.ask('rm', 'kitten-nano-en', '--yes')).exitCode, 0)
  deepEqual(await readdir(pc.at('models/kitten-nano-en')), ['notes.txt'])
  await put(pc, 'models/kitten-nano-en/tokens.txt', Buffer.from('x'))
  match(
    (await pc.ask('load', 'kitten-nano-en')).stderr,
    /not installed[^]*courante models pull kitten-nano-en/,
  )
})

async function put(pc: Machine, path: string, content: Buffer): Promise<void> {
  await mkdir(dirname(pc.at(path)), { recursive: true })
  await writeFile(pc.at(path), content)
}

/** A header with one tensor of no use. */
function gguf(values: Readonly<Record<string, string>>, tensor: string): Buffer {
  const pairs = Object.entries(values).map(([key, value]) => keyValue(key, value))
  const header = [Buffer.from('GGUF'), u32(3), u64(1), u64(pairs.length), ...pairs]
  const head = Buffer.concat([...header, text(tensor), u32(1), u64(1), u32(0), u64(0)])
  return Buffer.concat([head, Buffer.alloc(64)])
}

/** The same. */
function safetensors(tensor: string): Buffer {
  const header = Buffer.from(
    JSON.stringify({ [tensor]: { dtype: 'F32', shape: [4], data_offsets: [0, 16] } }),
  )
  return Buffer.concat([u64(header.length), header, Buffer.alloc(16)])
}
