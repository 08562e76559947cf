import { equal, match, notEqual, ok } from 'node:assert/strict'
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { programPath } from '../../models/programs.ts'
import type { ChatRequest, EngineModel, Generated } from '../../services/core/engine.ts'
import { engineContract } from '../support/engine-contract.ts'
import { EngineRig } from '../support/engine-rig.ts'
import { fakeProgram } from '../support/fake-program.ts'
import { writeVision } from '../support/gguf-vision.ts'
import { tinyPlan, writeGguf } from '../support/gguf-writer.ts'
import { root } from '../support/our-stack.ts'
import { png } from '../support/png.ts'
import { tempDir } from '../support/temp.ts'

const program = 'services/engines/llm/llama-server.ts'
const real = programPath('llama-server', { env: process.env })

const dir = await tempDir()
after(() => dir[Symbol.asyncDispose]())
const at = (name: string): string => join(dir.path, name)
writeGguf(at('tiny.gguf'), tinyPlan)
writeVision(at('eyes.gguf'), tinyPlan.width)
writeFileSync(at('red.png'), png(30, 20, [255, 0, 0]))
writeFileSync(at('blue.png'), png(30, 20, [0, 0, 255]))
writeFileSync(at('cut.png'), png(30, 20, [255, 0, 0]).subarray(0, 40))
writeFileSync(at('empty.png'), '')
writeFileSync(at('text.png'), 'A picture says more than these words.')
writeFileSync(at('huge.png'), png(1, 1, [0, 0, 0]))
truncateSync(at('huge.png'), 20_000_001)
const bin = await fakeProgram(
  dir.path,
  'llama-server',
  `exec '${process.execPath}' '${join(root, 'test/support/programs/llama-server.ts')}' "$@"`,
)
const stub = join(bin, 'llama-server')

const modelOf = (server: string, files: Record<string, string> = {}): EngineModel => ({
  id: 'seer',
  engine: 'llama-server',
  files: { model: at('tiny.gguf'), vision: at('eyes.gguf'), ...files },
  settings: { program: server, contextSize: 1024, sequences: 2 },
})
const chat = (content: string, images: string[] = [], more: Partial<ChatRequest> = {}): ChatRequest => ({
  kind: 'chat',
  messages: [{ role: 'user', content, images }],
  toolChoice: 'auto',
  ...more,
})
const badPictures = ['cut.png', 'empty.png', 'text.png', 'huge.png'].map(name => ({
  request: chat('What is it?', [name]),
  attachments: [at(name)],
  reason: 'bad_image' as const,
}))
const words = { type: 'grammar' as const, grammar: 'root ::= [a-z]{12}' }

suite("the engine of llama.cpp's server", () => {
  engineContract({
    program,
    model: modelOf(stub),
    against: 'a stub of llama-server',
    // Somebody's own server is set up with these, and the engine's must not be.
    env: { LLAMA_ARG_CTX_SIZE: '7', LLAMA_API_KEY: 'somebody-else', http_proxy: 'http://127.0.0.1:1' },
    good: [
      { request: chat('Hello'), check: body => equal(body['text'], 'Hello') },
      {
        request: chat('What is it?', ['red.png']),
        attachments: [at('red.png')],
        check: ({ text }) =>
          equal(text, `[image/png of ${png(30, 20, [255, 0, 0]).length} bytes] What is it?`),
      },
      {
        request: { kind: 'complete', prompt: 'Once' },
        check: body => equal(body['text'], 'Once'),
      },
    ],
    bad: [
      ...badPictures,
      { request: chat('What is it?', ['gone.png']), reason: 'bad_image' },
      { request: chat('x'.repeat(2000)), reason: 'context_too_long' },
      { request: { kind: 'embed', input: ['a'] }, reason: 'unsupported' },
      { request: { kind: 'transcribe', file: 'a.wav' }, reason: 'unsupported' },
    ],
    unloadable: [
      { model: modelOf(stub, { vision: at('tiny.gguf') }), reason: 'bad_model' },
      { model: modelOf(stub, { model: at('eyes.gguf') }), reason: 'bad_model' },
      { model: modelOf(stub, { vision: at('nothing.gguf') }), reason: 'missing_files' },
      { model: modelOf('/nowhere/llama-server'), reason: 'missing_program' },
    ],
    long: { request: chat('endless') },
  })

  test('takes no pictures where nothing sees', async () => {
    const { vision: _, ...files } = modelOf(stub).files
    await using rig = await EngineRig.start({ program, model: { ...modelOf(stub), files } })
    const failure = await rig.failure(chat('What is it?', ['red.png']), [at('red.png')])
    ok(failure.reason === 'unsupported' && failure.what === 'look at pictures', JSON.stringify(failure))
  })

  test('says no_gpu where it may use a card and finds none, and takes all to one that it finds', async () => {
    const load = (card?: string) =>
      EngineRig.start({
        program,
        model: modelOf(stub),
        gpu: true,
        env: card === undefined ? {} : { STUB_CARD: card },
      })
    await using without = await load()
    equal(without.loadFailure?.reason, 'no_gpu', JSON.stringify(without.events))
    await using at = await load('CUDA0: a card (24000 MiB, 23000 MiB free)')
    equal((await at.result(chat('Hello'))).body['text'], 'Hello')
  })

  test('of several pictures, the one that is damaged is named', async () => {
    await using rig = await EngineRig.start({ program, model: modelOf(stub) })
    const names = ['red.png', 'cut.png', 'blue.png']
    const failure = await rig.failure(chat('Which?', names), names.map(at))
    ok(failure.reason === 'bad_image' && failure.file === 'cut.png', JSON.stringify(failure))
  })

  test('its refusals are told by its own sentences, not by what it says again of the request', async () => {
    await using rig = await EngineRig.start({ program, model: modelOf(stub) })
    for (const [words, reason] of [
      ['Failed to initialize samplers: failed to parse grammar', 'bad_grammar'],
      ['JSON schema conversion failed: a failed to parse grammar', 'bad_schema'],
      ['no role "user" in: failed to load image, (9 tokens) context size (8 tokens), grammar', 'bad_request'],
    ] as const)
      equal((await rig.failure(chat(`refuse: ${words}`))).reason, reason, words)
  })

  test('a server of another version fails the load with a reason', async () => {
    await using rig = await EngineRig.start({
      program,
      model: modelOf(stub),
      env: { STUB_VERSION: 'other' },
    })
    equal(rig.loadFailure?.reason, 'bad_settings', JSON.stringify(rig.events))
  })

  test('ends when its server does, so that core tries the job again', async () => {
    await using rig = await EngineRig.start({ program, model: modelOf(stub) })
    const job = await rig.start(chat('die'))
    const end = await job.end
    equal(end.type, 'crashed', JSON.stringify(end))
    await rig.exited
    const last = rig.events.at(-1)
    ok(last?.type === 'exited' && !last.asked)
    match(last.detail, /llama-server: SIGKILL/)
  })
})

suite("llama.cpp's server itself", { skip: real === undefined && 'llama-server is not built here' }, () => {
  const model = modelOf(real ?? '')
  let rig: EngineRig
  before(async () => {
    rig = await EngineRig.start({ program, model })
  })
  after(() => rig[Symbol.asyncDispose]())
  const ask = async (request: ChatRequest, attachments: string[] = []): Promise<Generated> =>
    (await rig.result(request, attachments)).body as unknown as Generated
  const yes = { type: 'grammar' as const, grammar: 'root ::= "yes"' }
  const endless = { type: 'grammar' as const, grammar: `root ::= ${'part '.repeat(10)}\npart ::= [a-z]{90}` }

  engineContract({
    program,
    model,
    against: 'llama-server itself',
    good: [
      {
        request: chat('What is it?', ['red.png'], { format: yes }),
        attachments: [at('red.png')],
        check: (body, lines) => {
          equal(body['text'], 'yes')
          equal((lines as { text: string }[]).map(({ text }) => text).join(''), 'yes')
        },
      },
      {
        request: { kind: 'complete', prompt: '', format: yes },
        check: body => equal(body['text'], 'yes'),
      },
    ],
    bad: [
      ...badPictures,
      { request: { kind: 'embed', input: ['a'] }, reason: 'unsupported' },
      { request: { kind: 'complete', prompt: 'word '.repeat(1000) }, reason: 'context_too_long' },
    ],
    unloadable: [
      { model: modelOf(real ?? '', { vision: at('tiny.gguf') }), reason: 'bad_model' },
      { model: modelOf(real ?? '', { vision: at('nothing.gguf') }), reason: 'missing_files' },
    ],
    long: { request: chat('Tell', [], { format: endless }) },
  })

  test('sees: another picture is another answer', async () => {
    const still = { temperature: 0, format: words }
    const blind = await ask(chat('What is it?', [], still))
    const red = await ask(chat('What is it?', ['red.png'], still), [at('red.png')])
    const blue = await ask(chat('What is it?', ['blue.png'], still), [at('blue.png')])
    match(red.text, /^[a-z]{12}$/)
    equal(new Set([blind.text, red.text, blue.text]).size, 3)
    ok(red.usage.promptTokens >= blind.usage.promptTokens + 4, JSON.stringify([red, blind]))
    const both = ['red.png', 'blue.png']
    notEqual((await ask(chat('Which?', both, still), both.map(at))).text, '')
  })

  test('says what is wrong with what it is given', async () => {
    for (const { request, attachments, reason } of badPictures) {
      const failure = await rig.failure(request, attachments)
      ok(failure.reason === reason && failure.file === basename(attachments[0]!), JSON.stringify(failure))
    }
    const several = ['red.png', 'cut.png', 'blue.png']
    const damaged = await rig.failure(chat('Which?', several), several.map(at))
    ok(damaged.reason === 'bad_image' && damaged.file === 'cut.png', JSON.stringify(damaged))
    const reasonOf = async (request: ChatRequest): Promise<string> => (await rig.failure(request)).reason
    equal(await reasonOf(chat('x'.repeat(5000))), 'context_too_long')
    equal(
      await reasonOf(chat('Hi', [], { format: { type: 'grammar', grammar: 'root ::= none' } })),
      'bad_grammar',
    )
    const schema = { type: 'nonsense' }
    equal(await reasonOf(chat('Hi', [], { format: { type: 'schema', schema } })), 'bad_schema')
  })

  test('answers several at once, and tells its memory with that of its server', async () => {
    const texts = await Promise.all(
      ['a', 'b', 'c', 'd'].map(word => ask(chat(word, [], { format: words, temperature: 0 }))),
    )
    ok(texts.every(({ text }) => /^[a-z]{12}$/.test(text)))
    const { pid } = rig.events.find(event => event.type === 'spawned')!
    const children = readdirSync(`/proc/${pid}/task`).flatMap(task =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
    )
    equal(children.length, 1)
    // On a socket in a folder of its user, and on no port.
    const argv = readFileSync(`/proc/${children[0]}/cmdline`, 'utf8').split('\0')
    const socket = argv[argv.indexOf('--host') + 1] ?? ''
    ok(statSync(socket).isSocket())
    equal(statSync(dirname(socket)).mode & 0o777, 0o700)
  })

  test('a part that sees and was made for another model is bad_model', async () => {
    writeVision(at('others.gguf'), 96)
    await using wrong = await EngineRig.start({
      program,
      model: { ...model, files: { ...model.files, vision: at('others.gguf') } },
    })
    equal(wrong.loadFailure?.reason, 'bad_model', JSON.stringify(wrong.events))
  })
})
