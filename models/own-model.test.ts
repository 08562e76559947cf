import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { copyFile, mkdir, rm, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { suite, test } from 'node:test'
import { tempDir } from '../test/support/temp.ts'
import { Inventory } from './inventory.ts'

const starter = join(import.meta.dirname, 'starter/starter.gguf')
const vadBytes = 2_327_524

suite("models of the user's own", () => {
  test('a file of whisper.cpp hears, with the voice activity of the catalog', async () => {
    await using pc = await machine()
    await pc.put('user/ggml-small.bin', 1000)
    await pc.models('{ id: ears, kind: stt, path: ~/ggml-small.bin, language: de }')
    const before = pc.look('ears')
    const vad = pc.at('models/silero-vad/silero_vad_v5.onnx')
    deepEqual([before.engine, before.installed, before.missing], ['whisper', false, [vad]])
    await pc.put('models/silero-vad/silero_vad_v5.onnx', vadBytes)
    const ears = pc.look('ears')
    deepEqual(ears.files, { vad, model: pc.at('user/ggml-small.bin') })
    deepEqual([ears.installed, ears.settings, ears.bytes], [true, { language: 'de' }, 1000])
    ok((ears.memory ?? 0) > 300e6)
    await pc.put('user/ggml-small.bin', 0)
    deepEqual(pc.look('ears').missing, [pc.at('user/ggml-small.bin')])
  })

  test('a folder of sherpa-onnx is told by what lies in it and by its names', async () => {
    await using pc = await machine()
    await pc.put('models/silero-vad/silero_vad_v5.onnx', vadBytes)
    const cases: [
      folder: string,
      kind: string,
      files: string[],
      family: string | undefined,
      roles: object,
    ][] = [
      [
        'sherpa-onnx-whisper-tiny.en',
        'stt',
        ['tiny.en-decoder.int8.onnx', 'tiny.en-decoder.onnx', 'tiny.en-encoder.onnx', 'tiny.en-tokens.txt'],
        'whisper',
        {
          encoder: 'tiny.en-encoder.onnx',
          decoder: 'tiny.en-decoder.int8.onnx',
          tokens: 'tiny.en-tokens.txt',
        },
      ],
      [
        'sherpa-onnx-nemo-parakeet-tdt-0.6b-v2-int8',
        'stt',
        ['encoder.int8.onnx', 'decoder.int8.onnx', 'joiner.int8.onnx', 'tokens.txt'],
        'parakeet',
        {
          encoder: 'encoder.int8.onnx',
          decoder: 'decoder.int8.onnx',
          joiner: 'joiner.int8.onnx',
          tokens: 'tokens.txt',
        },
      ],
      [
        'sherpa-onnx-streaming-zipformer-en-20M',
        'stt',
        [
          'encoder-epoch-99-avg-1.onnx',
          'decoder-epoch-99-avg-1.onnx',
          'joiner-epoch-99-avg-1.onnx',
          'tokens.txt',
        ],
        'zipformer',
        {
          encoder: 'encoder-epoch-99-avg-1.onnx',
          decoder: 'decoder-epoch-99-avg-1.onnx',
          joiner: 'joiner-epoch-99-avg-1.onnx',
          tokens: 'tokens.txt',
        },
      ],
      [
        'some-transducer',
        'stt',
        ['encoder.onnx', 'decoder.onnx', 'joiner.onnx', 'tokens.txt'],
        undefined,
        { encoder: 'encoder.onnx', decoder: 'decoder.onnx', joiner: 'joiner.onnx', tokens: 'tokens.txt' },
      ],
      [
        'vits-piper-en_US-amy-low',
        'tts',
        ['en_US-amy-low.onnx', 'tokens.txt', 'espeak-ng-data/phontab'],
        'piper',
        { model: 'en_US-amy-low.onnx', tokens: 'tokens.txt', data: 'espeak-ng-data' },
      ],
      [
        'kokoro-en-v0_19',
        'tts',
        ['model.onnx', 'voices.bin', 'tokens.txt', 'espeak-ng-data/phontab'],
        'kokoro',
        { model: 'model.onnx', tokens: 'tokens.txt', voices: 'voices.bin', data: 'espeak-ng-data' },
      ],
      [
        'kitten-nano-en-v0_2-fp16',
        'tts',
        ['model.fp16.onnx', 'voices.bin', 'tokens.txt', 'espeak-ng-data/phontab'],
        'kitten',
        { model: 'model.fp16.onnx', tokens: 'tokens.txt', voices: 'voices.bin', data: 'espeak-ng-data' },
      ],
    ]
    await pc.models(...cases.map(([folder, kind]) => `{ id: ${folder}, kind: ${kind}, path: ~/${folder} }`))
    for (const [folder, , files] of cases)
      for (const file of files) await pc.put(`user/${folder}/${file}`, 10)
    for (const [folder, kind, files, family, roles] of cases) {
      const model = pc.look(folder)
      const { vad, ...own } = model.files
      equal(vad !== undefined, kind === 'stt', folder)
      const paths = Object.entries(own).map(([role, path]) => [role, path.slice(pc.at('user').length + 1)])
      deepEqual(
        Object.fromEntries(paths),
        Object.fromEntries(Object.entries(roles).map(([role, name]) => [role, `${folder}/${name}`])),
      )
      deepEqual([model.engine, model.installed, model.missing], ['sherpa', true, []], folder)
      equal(model.settings['family'], family, folder)
      equal(model.bytes, folder.includes('whisper') ? 30 : 10 * files.length, folder)
    }
    deepEqual(pc.inventory.look().faults, [], 'each command would say what is about one model')
  })

  test('a folder that lacks a part says which, and one that is not there says so', async () => {
    await using pc = await machine()
    await pc.put('user/amy/amy.onnx', 10)
    await pc.models(
      '{ id: amy, kind: tts, path: ~/amy }',
      '{ id: gone, kind: tts, path: ~/gone }',
      '{ id: two, kind: tts, path: ~/amy, files: { tokens: ~/t.txt, data: ~/amy } }',
    )
    deepEqual(pc.look('amy').missing, [pc.at('user/amy/tokens.txt'), pc.at('user/amy/espeak-ng-data')])
    deepEqual(pc.look('gone').missing, [pc.at('user/gone')])
    deepEqual(pc.look('two').missing, [pc.at('user/t.txt')])
    equal(pc.look('amy').memory, undefined)
  })

  test('a language model with eyes has both files, and takes the memory of both', async () => {
    await using pc = await machine()
    await pc.put('user/v.gguf', starter)
    await pc.put('user/mmproj.gguf', 5e6)
    await pc.models(
      '{ id: blind, kind: llm, path: ~/v.gguf }',
      '{ id: eyes, kind: llm, path: ~/v.gguf, vision: ~/mmproj.gguf, context_size: 512 }',
      "{ id: there, kind: llm, url: 'http://x/v1', model: m, vision: true }",
    )
    const [blind, eyes, there] = [pc.look('blind'), pc.look('eyes'), pc.look('there')]
    deepEqual([blind.vision, eyes.vision, there.vision], [false, true, true])
    deepEqual([blind.engine, eyes.engine, there.engine], ['llama', 'llama-server', 'remote'])
    deepEqual(eyes.files, { model: pc.at('user/v.gguf'), vision: pc.at('user/mmproj.gguf') })
    deepEqual(there.settings, { url: 'http://x/v1', model: 'm', vision: true })
    await rm(pc.at('user/mmproj.gguf'))
    deepEqual([pc.look('eyes').installed, pc.look('eyes').missing], [false, [pc.at('user/mmproj.gguf')]])
  })

  test('its eyes may stand among its files; llama by name has none, and other kinds see nothing', async () => {
    await using pc = await machine()
    await pc.put('user/v.gguf', starter)
    await pc.models(
      '{ id: eyes, kind: llm, path: ~/v.gguf, files: { vision: ~/v.gguf } }',
      '{ id: vectors, kind: embedding, path: ~/v.gguf, files: { vision: ~/v.gguf } }',
    )
    const [eyes, vectors] = [pc.look('eyes'), pc.look('vectors')]
    deepEqual(
      [eyes.engine, eyes.vision, vectors.engine, vectors.vision],
      ['llama-server', true, 'llama', false],
    )
    for (const more of ['vision: ~/v.gguf', 'files: { vision: ~/v.gguf }']) {
      await pc.models(`{ id: x, kind: llm, path: ~/v.gguf, engine: llama, ${more} }`)
      match(pc.inventory.look().faults.join(), /engine: llama takes no pictures; without it, llama-server/)
    }
  })

  test('what stands in settings counts, and a key of its own goes before it', async () => {
    await using pc = await machine()
    await pc.put('user/v.gguf', starter)
    await pc.models(
      '{ id: said, kind: llm, path: ~/v.gguf, settings: { contextSize: 512, sequences: 1 } }',
      '{ id: both, kind: llm, path: ~/v.gguf, settings: { contextSize: 512 }, context_size: 256 }',
    )
    deepEqual(pc.look('said').settings, { contextSize: 512, sequences: 1 })
    deepEqual(pc.look('both').settings, { contextSize: 256 })
  })

  test('an engine is a program, and not what such a program is made of', async () => {
    await using pc = await machine()
    const faultOf = async (kind: string, engine: string): Promise<string> => {
      await pc.models(`{ id: x, kind: ${kind}, path: ~/x.gguf, engine: ${engine} }`)
      return pc.inventory.look().faults.join()
    }
    match(
      await faultOf('llm', 'gguf-file'),
      /no "gguf-file" for the kind llm; expected llama, llama-server, python$/,
    )
    for (const [kind, engine] of [
      ['image', 'far-picture'],
      ['stt', 'decoder'],
      ['tts', 'nothing'],
    ] as const)
      match(await faultOf(kind, engine), /there is no/)
    // Not offered; and any program that somebody puts beside it will do as well.
    equal(await faultOf('embedding', 'echo'), '')
  })

  test('programs in Python, painters and endpoints of every kind', async () => {
    await using pc = await machine()
    await pc.put('user/vosk.py', 100)
    await pc.put('user/vosk-model/am/final.mdl', 1000)
    await pc.put('user/sd.safetensors', 1000)
    await pc.put('models/silero-vad/silero_vad_v5.onnx', vadBytes)
    await pc.models(
      '{ id: vosk, kind: stt, path: ~/vosk.py, files: { model: ~/vosk-model }, settings: { rate: 8000 }, memory: 200MB }',
      '{ id: sd, kind: image, path: ~/sd.safetensors, settings: { steps: 12 } }',
      '{ id: parts, kind: image, files: { diffusion: ~/sd.safetensors, vae: ~/none } }',
      "{ id: webui, kind: image, url: 'http://x:7860', api: automatic1111, key_env: WEBUI }",
      "{ id: ears, kind: stt, url: 'http://x/v1', model: whisper-1, language: en }",
      "{ id: mouth, kind: tts, url: 'http://x/v1', model: tts-1, voice: alloy }",
    )
    const vosk = pc.look('vosk')
    deepEqual(
      [vosk.engine, vosk.files, vosk.bytes, vosk.memory],
      ['python', { model: pc.at('user/vosk-model') }, 1100, 200e6],
    )
    deepEqual(vosk.settings, { rate: 8000, program: pc.at('user/vosk.py') })
    deepEqual(
      [pc.look('sd').engine, pc.look('sd').files, pc.look('sd').settings],
      ['diffusion', { model: pc.at('user/sd.safetensors') }, { steps: 12 }],
    )
    deepEqual(pc.look('parts').missing, [pc.at('user/none')])
    deepEqual(
      [pc.look('webui').engine, pc.look('webui').settings],
      ['automatic1111', { url: 'http://x:7860', keyEnv: 'WEBUI' }],
    )
    const ears = pc.look('ears')
    deepEqual([ears.engine, ears.installed, Object.keys(ears.files)], ['remote', true, ['vad']])
    deepEqual(ears.settings, { url: 'http://x/v1', model: 'whisper-1', language: 'en' })
    deepEqual(pc.look('mouth').settings, { url: 'http://x/v1', model: 'tts-1', voice: 'alloy' })
  })
})

/** A machine of the test's own. A file of that many bytes, or a copy. */
async function machine() {
  const folder = await tempDir()
  const at = (path: string): string => join(folder.path, path)
  const env = { HOME: at('user') }
  const inventory = new Inventory({ home: at('home'), modelsDir: at('models'), env })
  await mkdir(at('home'))
  const put = async (path: string, content: number | string): Promise<void> => {
    await mkdir(dirname(at(path)), { recursive: true })
    if (typeof content === 'string') return copyFile(content, at(path))
    await writeFile(at(path), '')
    await truncate(at(path), content)
  }
  return {
    at,
    put,
    inventory,
    models: (...entries: string[]) =>
      writeFile(at('home/models.yaml'), `schema: 1\nmodels:\n${entries.map(one => `  - ${one}\n`).join('')}`),
    look: (id: string) => {
      const { models, faults } = inventory.look()
      const model = models.get(id)
      ok(model !== undefined, faults.join('\n'))
      return model
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}
