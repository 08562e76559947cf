import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { parseWav } from '../../lib/wav.ts'
import type { EngineRequest } from '../../services/core/engine.ts'
import { paintedSchema } from '../../services/portal/image-request.ts'
import { embeddedSchema, generatedSchema, rankedSchema } from '../../services/portal/llm-request.ts'
import { speechLineSchema, spokenSchema } from '../../services/portal/tts-request.ts'
import { EngineRig } from '../support/engine-rig.ts'
import { root } from '../support/our-stack.ts'
import { havePython, onlyPython, pythonEngine } from '../support/python-engine.ts'
import { tempDir } from '../support/temp.ts'

const skipFfmpeg = spawnSync('ffmpeg', ['-version']).status === 0 ? false : 'there is no ffmpeg on the PATH'

const source = `
import array, struct, zlib
from courante_engine import Engine, Picture, BadRequest, Unsupported, run, sentences

def png(width, height):
    def chunk(name, data):
        return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))
    rows = b''.join(b'\\0' + bytes(3 * width) for _ in range(height))
    head = struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    return b'\\x89PNG\\r\\n\\x1a\\n' + chunk(b'IHDR', head) + chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b'')

class All(Engine):
    sample_rate = 8000
    voices = ['anna', 'otto']
    can = ['tools', 'pictures']

    def chat(self, request, job):
        job.think('let me see')
        job.prompt_tokens = 5
        last = request['messages'][-1]
        if last.get('images'):
            with job.open(last['images'][0]) as file:
                return file.read().decode()
        if request.get('tools'):
            job.call_tool(request['tools'][0]['name'], {'where': 'here'})
            return ''
        return 'all at once'

    def embed(self, request, job):
        job.prompt_tokens = 2
        return [[3 * len(text), 4 * len(text)] for text in request['input']]

    def rerank(self, request, job):
        return [document.count(request['query']) / 10 for document in request['documents']]

    def speak(self, request, job):
        for text in sentences(request['text']):
            yield text
            yield array.array('h', [1000] * 12000).tobytes()

    def paint(self, request, job):
        for n in range(request['count']):
            for step in range(2):
                job.step(step + 1, 2, n + 1, request['count'])
            yield Picture(png(request.get('width', 64), 72), request.get('seed', 0) + n)
        job.result['steps'] = 2

run(All())
`

suite('each kind of engine in Python', { skip: havePython() }, async () => {
  const dir = await tempDir()
  after(() => dir[Symbol.asyncDispose]())
  const { program, model } = await pythonEngine(dir.path, source)
  const inRoot = join('../'.repeat(root.split('/').length - 1), program)
  const rig = await EngineRig.start({ program: inRoot, model })
  after(() => rig[Symbol.asyncDispose]())
  const chat = (more: object = {}, message: object = {}): EngineRequest => ({
    kind: 'chat',
    messages: [{ role: 'user', content: 'x', ...message }],
    toolChoice: 'auto',
    ...more,
  })
  const speak = (more: object = {}): EngineRequest => ({
    kind: 'speak',
    text: 'One. Two, and three!',
    format: 'wav',
    stream: false,
    ...more,
  })

  test('a language model says what it thinks, calls tools and sees pictures', async () => {
    deepEqual(rig.loaded.facts, { voices: ['anna', 'otto'] })
    const { body, lines } = await rig.result(chat())
    const said = generatedSchema.parse({ model: 'mine', ...body })
    deepEqual([said.text, said.thought, said.usage.promptTokens], ['all at once', 'let me see', 5])
    deepEqual(lines[0], { type: 'thought', text: 'let me see' })
    const called = await rig.result(chat({ tools: [{ name: 'look' }] }))
    const { finish, toolCalls } = generatedSchema.parse({ model: 'mine', ...called.body })
    equal(finish, 'tool_calls')
    deepEqual(
      toolCalls?.map(({ name, arguments: given }) => [name, given]),
      [['look', { where: 'here' }]],
    )
    const picture = join(dir.path, 'a.png')
    await writeFile(picture, 'a picture')
    const seen = await rig.result(chat({}, { images: ['a.png'] }), [picture])
    equal(seen.body['text'], 'a picture')
  })

  test('a file that came along is opened through no link', async () => {
    await writeFile(join(dir.path, 'secret'), 'x')
    await symlink(join(dir.path, 'secret'), join(dir.path, 'link.png'))
    const end = await rig.process.run(
      {
        job: 'link',
        request: chat({}, { images: ['link.png'] }),
        folder: dir.path,
        out: dir.path,
        socket: '',
      },
      { say: () => undefined, listening: () => undefined },
    )
    ok(end.type === 'failed' && end.failure.reason === 'internal', JSON.stringify(end))
  })

  test('vectors get the length 1, documents their order', async () => {
    const embedded = await rig.result({ kind: 'embed', input: ['a', 'bcd'] })
    const { embeddings, usage } = embeddedSchema.parse({ model: 'mine', ...embedded.body })
    deepEqual(embeddings, [
      [0.6, 0.8],
      [0.6, 0.8],
    ])
    equal(usage.promptTokens, 2)
    const ranked = await rig.result({ kind: 'rerank', query: 'a', documents: ['b', 'aaa', 'a'], top: 2 })
    deepEqual(rankedSchema.parse({ model: 'mine', ...ranked.body }).ranking, [
      { index: 1, score: 0.3 },
      { index: 2, score: 0.1 },
    ])
  })

  test('speech becomes a file, and sentence by sentence a stream', async () => {
    const { body, lines, out } = await rig.result(speak({ stream: true, voice: 'otto' }))
    const { voice, file, audioSeconds, sentences } = spokenSchema.parse({ model: 'mine', ...body })
    deepEqual([voice, file, audioSeconds, sentences], ['otto', 'speech.wav', 3, 2])
    const parsed = parseWav(await readFile(join(out, file)))
    ok(parsed.ok)
    deepEqual([parsed.wav.sampleRate, parsed.wav.frames], [8000, 24_000])
    const told = lines.map(line => speechLineSchema.parse(line))
    deepEqual(
      told.map(line => (line.type === 'sentence' ? line.text : Buffer.from(line.pcm, 'base64').length)),
      ['One.', 16_000, 8000, 'Two, and three!', 16_000, 8000],
    )
    const raw = await rig.result(speak({ format: 'pcm16' }))
    deepEqual([raw.body['file'], raw.body['voice'], raw.lines], ['speech.pcm', 'anna', []])
    equal((await readFile(join(raw.out, 'speech.pcm'))).length, 48_000)
    deepEqual(await rig.failure(speak({ voice: 'nobody' })), { reason: 'unsupported', what: 'voice nobody' })
  })

  test('MP3 and Opus need ffmpeg', { skip: skipFfmpeg }, async () => {
    for (const [format, begin] of [
      ['mp3', /^(ID3|\xff[\xe2-\xfb])/],
      ['opus', /^OggS/],
    ] as const) {
      const { body, out } = await rig.result(speak({ format }))
      equal(body['file'], `speech.${format}`)
      match((await readFile(join(out, `speech.${format}`))).toString('latin1'), begin)
    }
    await using without = await EngineRig.start({
      program: inRoot,
      model,
      env: { PATH: await onlyPython(dir.path) },
    })
    deepEqual(await without.failure(speak({ format: 'mp3' })), { reason: 'no_ffmpeg', format: 'mp3' })
  })

  test('pictures become files, with each step', async () => {
    const request: EngineRequest = { kind: 'paint', prompt: 'a hill', count: 2, seed: 7, width: 128 }
    const { body, lines, out } = await rig.result(request)
    const painted = paintedSchema.parse({ model: 'mine', ...body })
    deepEqual(painted.images, [
      { file: 'image-1.png', seed: 7, width: 128, height: 72 },
      { file: 'image-2.png', seed: 8, width: 128, height: 72 },
    ])
    deepEqual([painted.prompt, painted.steps], ['a hill', 2])
    deepEqual(lines[3], { type: 'step', step: 2, steps: 2, image: 2, images: 2 })
    deepEqual((await readdir(out)).sort(), ['image-1.png', 'image-2.png'])
  })
})
