import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { fakeProgram } from '../support/fake-program.ts'
import { keyValue, text, u32, u64 } from '../support/gguf-writer.ts'
import { Machine } from '../support/models-machine.ts'

const vadBytes = 2_327_524

test('an option that can not fit is refused before anything is downloaded', async () => {
  await using pc = await Machine.make()
  const methods: (string | undefined)[] = []
  const web = await pc.web(({ method }, response) => {
    methods.push(method)
    response.setHeader('content-length', 6).end(method === 'HEAD' ? undefined : '<html>')
  })
  for (const [file, words, told] of [
    ['a.gguf', ['--kind', 'stt'], /a\.gguf is a model of the kind llm, embedding, rerank, image, not stt/],
    ['a.gguf', ['--voice', 'amy'], /--voice is about models of the kind tts/],
    ['a.gguf', ['--kind', 'rerank', '--language', 'de'], /--language is about models of the kind stt/],
    ['a.bin', ['--language', 'Deutsch'], /"Deutsch" is no code of a language[^]*--language de/],
    ['a.bin', ['--voice', 'amy'], /--voice is about models of the kind tts, .* the kind stt/],
    ['a.safetensors', ['--kind', 'llm'], /is a model of the kind image, not llm/],
  ] as const) {
    const { exitCode, stderr } = await pc.ask('add', `${web}/${file}`, ...words, '--yes')
    equal(exitCode, 2, stderr)
    match(stderr, told)
    doesNotMatch(stderr, /models\.yaml/)
  }
  deepEqual([...new Set(methods)], ['HEAD'])
  ok(!existsSync(pc.at('models/lock.json')) && !existsSync(pc.at('home/models.yaml')))
})

test('what only the content could tell is kept for the next attempt, or removed by its id', async () => {
  await using pc = await Machine.make()
  const weights = gguf('model.diffusion_model.input_blocks.0.0.weight')
  let sent = 0
  const web = await pc.web(({ method }, response) => {
    if (method !== 'HEAD') sent++
    response.setHeader('content-length', weights.length).end(method === 'HEAD' ? undefined : weights)
  })
  const file = pc.at('models/paint/paint.gguf')
  const refused = await pc.ask('add', `${web}/paint.gguf`, '--kind', 'llm', '--yes')
  equal(refused.exitCode, 2, refused.stderr)
  match(
    refused.stderr,
    /stays for the next attempt.*models rm paint[^]*is a model of the kind image, not llm/,
  )
  const plan = await pc.ask('rm', 'paint')
  equal(plan.exitCode, 2)
  match(plan.stderr, /The files of paint in .*models\/paint \(.*\) are deleted/)
  ok(existsSync(file))
  const removed = await pc.ask('rm', 'paint', '--yes')
  deepEqual([removed.exitCode, removed.stdout], [0, 'paint is removed.\n'], removed.stderr)
  deepEqual([existsSync(dirname(file)), await lockedIds(pc)], [false, []])

  await pc.ask('add', `${web}/paint.gguf`, '--kind', 'llm', '--yes')
  equal(sent, 2)
  const added = await pc.ask('add', `${web}/paint.gguf`)
  equal(added.exitCode, 0, added.stderr)
  deepEqual([sent, (await pc.own()).models.map(({ kind }) => kind)], [2, ['image']])

  // Its entry taken out by hand, and a link in the place of its folder: what lies behind that is not ours.
  await writeFile(pc.at('home/models.yaml'), 'schema: 1\n')
  await mkdir(pc.at('user/disk'))
  await writeFile(pc.at('user/disk/paint.gguf'), weights)
  await pc.ask('rm', 'paint', '--yes')
  await pc.ask('add', `${web}/paint.gguf`, '--kind', 'llm', '--yes')
  await rm(pc.at('models/paint'), { recursive: true })
  await symlink(pc.at('user/disk'), pc.at('models/paint'))
  match((await pc.ask('rm', 'paint', '--yes')).stdout, /user\/disk stays where it is/)
  deepEqual([existsSync(pc.at('user/disk/paint.gguf')), existsSync(pc.at('models/paint'))], [true, false])
  await pc.ask('add', `${web}/paint.gguf`, '--kind', 'llm', '--yes')
  await rm(pc.at('models/paint'), { recursive: true })
  match((await pc.ask('rm', 'paint')).stdout, /paint was not here any more/)
})

test('an endpoint is refused with its reason alone, and not said to be added', async () => {
  await using pc = await Machine.make()
  const url = 'http://127.0.0.1:1/v1'
  for (const [words, told] of [
    [['--language', 'Deutsch', '--kind', 'stt'], /"Deutsch" is no code of a language/],
    [['--language', 'de'], /--language is about models of the kind stt, and this is one of the kind llm/],
    [['--name', ''], /--name is empty/],
  ] as const) {
    const { exitCode, stderr } = await pc.ask('add', url, '--name', 'x', ...words)
    equal(exitCode, 2, stderr)
    match(stderr, told)
    doesNotMatch(stderr, /all the same|models\.yaml/)
  }
})

test('a folder whose family nobody can tell says so when it is added or asked for, and nowhere else', async () => {
  await using pc = await Machine.make()
  for (const name of ['encoder.onnx', 'decoder.onnx', 'joiner.onnx', 'tokens.txt'])
    await put(pc, `user/some-transducer/${name}`, 1)
  await put(pc, 'models/silero-vad/silero_vad_v5.onnx', vadBytes)
  const added = await pc.ask('add', 'user/some-transducer', '--id', 'ears')
  equal(added.exitCode, 0)
  match(added.stderr, /^note: nobody can tell what kind of model ears is: add settings: \{ family: /)
  equal((await pc.ask('ls')).stderr, '')
  match((await pc.ask('show', 'ears')).stdout, /^family +not told by its files; add settings/m)
  for (const command of ['default', 'load', 'pin']) {
    const { exitCode, stderr } = await pc.ask(command, 'ears')
    equal(exitCode, 1)
    match(
      stderr,
      /nobody can tell what kind of model ears is\.[^]*Add settings: .* to its entry in .*models\.yaml/,
    )
  }
  const yaml = pc.at('home/models.yaml')
  await writeFile(yaml, `${await readFile(yaml, 'utf8')}    settings: { family: zipformer }\n`)
  equal((await pc.ask('default', 'ears')).exitCode, 0)
})

test('a painter needs a program of stable-diffusion.cpp, and not whatever is called sd', async () => {
  await using pc = await Machine.make()
  const bin = await fakeProgram(pc.at('tools'), 'sd', 'echo "sd: find and replace --help --preview"')
  Object.defineProperty(pc, 'env', { value: { ...pc.env, PATH: bin } })
  await put(pc, 'user/old.ckpt', 'PK\u0003\u0004 and so on')
  const added = await pc.ask('add', 'user/old.ckpt')
  match(added.stderr, /old needs the program sd-server, which is not on PATH/)
  await fakeProgram(pc.at('tools'), 'sd', 'echo "--diffusion-model --cfg-scale"; exit 1')
  match((await pc.ask('show', 'old')).stdout, /^program +sd-server: .*tools\/bin\/sd$/m)
  const yaml = pc.at('home/models.yaml')
  const entry = await readFile(yaml, 'utf8')
  for (const program of [pc.at('user/old.ckpt'), 'sd', '/nowhere/sd']) {
    await writeFile(yaml, `${entry}    settings: { program: ${program} }\n`)
    match((await pc.ask('show', 'old')).stdout, /^program +sd-server: there is no program .*(old\.ckpt|sd)$/m)
  }
})

test('rm tells who needs what would go, be it one or several', async () => {
  await using pc = await Machine.make()
  await put(pc, 'models/silero-vad/silero_vad_v5.onnx', vadBytes)
  for (const [id, told] of [
    ['a', /^a needs it, and can't be loaded without it/m],
    ['b', /^a, b need it, and can't be loaded without it/m],
  ] as const) {
    await put(pc, `user/${id}.bin`, 'lmgg and so on')
    equal((await pc.ask('add', `user/${id}.bin`)).exitCode, 0)
    match((await pc.ask('rm', 'silero-vad')).stderr, told)
  }
})

/** A file of that content, or of that many bytes. */
async function put(pc: Machine, path: string, content: string | number): Promise<void> {
  await mkdir(dirname(pc.at(path)), { recursive: true })
  await writeFile(pc.at(path), typeof content === 'string' ? content : '')
  if (typeof content === 'number') await truncate(pc.at(path), content)
}

async function lockedIds(pc: Machine): Promise<string[]> {
  const lock = JSON.parse(await readFile(pc.at('models/lock.json'), 'utf8')) as { models: object }
  return Object.keys(lock.models)
}

function gguf(tensor: string): Buffer {
  const pair = keyValue('general.architecture', 'sd')
  const head = Buffer.concat([Buffer.from('GGUF'), u32(3), u64(1), u64(1), pair, text(tensor)])
  return Buffer.concat([head, u32(1), u64(1), u32(0), u64(0), Buffer.alloc(64)])
}
