import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { CoreClients } from '../support/core-clients.ts'
import { coreHome } from '../support/core.ts'
import { fakePng, FakePictures, say } from '../support/fake-pictures.ts'
import { FakeSpeechServer } from '../support/fake-speech-server.ts'
import { FakeTranscriptions } from '../support/fake-transcriptions.ts'
import { writeBert } from '../support/gguf-rerank.ts'
import { root } from '../support/our-stack.ts'
import { haveSpeech, speech } from '../support/speech.ts'

const skip = haveSpeech() ? false : 'the speech models or the sample could not be fetched'

test('what stands in models.yaml reaches its engine as it was meant, for each kind', { skip }, async () => {
  await using at = await coreHome()
  await using ears = await FakeTranscriptions.start()
  await using mouth = await FakeSpeechServer.start()
  await using painter = await FakePictures.start()
  painter.answer = (response, { path }) =>
    path === '/v1/images/generations'
      ? say(response, 200, { data: [{ b64_json: fakePng(64, 64, 1).toString('base64') }] })
      : say(response, 404, {})
  const ranker = join(at.path, 'ranker.gguf')
  writeBert(ranker, 'rerank')
  const talk = join(at.path, 'talk.gguf')
  await copyFile(join(root, 'models/starter/starter.gguf'), talk)
  await writeFile(
    join(at.home, 'models.yaml'),
    `schema: 1
models:
  - { id: shout, kind: llm, path: ${root}/services/python/examples/shout_engine.py, memory: 100MB }
  - { id: ranker, kind: rerank, path: ${ranker} }
  - { id: ears, kind: stt, url: '${ears.url}', model: whisper-1, language: en }
  - { id: mouth, kind: tts, url: '${mouth.url}', model: tts-1, voice: alloy }
  - { id: painter, kind: image, url: '${painter.url}/v1', model: dall-e }
  - { id: eyes, kind: llm, path: ${talk}, vision: ${talk} }
defaults: { llm: shout, rerank: ranker, stt: ears, tts: mouth, image: painter }
`,
  )
  await using core = at.core()
  await core.saw(/core ready/)
  using clients = new CoreClients(at.home)
  const messages = [{ role: 'user', content: 'hello there' }]
  const said = await clients.ask('llm', { kind: 'chat', messages })
  deepEqual([said['model'], said['text']], ['shout', 'HELLO THERE '])
  const ranked = await clients.ask('llm', { kind: 'rerank', query: 'a', documents: ['one', 'two'] })
  deepEqual([ranked['model'], (ranked['ranking'] as unknown[]).length], ['ranker', 2])
  const heard = await clients.ask('stt', { kind: 'transcribe', file: 'a.wav' }, [
    { name: 'a.wav', from: speech.path },
  ])
  equal(heard['model'], 'ears')
  match(String(heard['text']), /^And so my fellow/)
  ok(ears.asked.length > 0 && ears.faults.length === 0, ears.faults.join('\n'))
  ok(Number((await clients.ask('tts', { kind: 'speak', text: 'A fox.' }))['audioSeconds']) > 0)
  const { model, voice } = JSON.parse(mouth.asked[0]?.body ?? '{}') as Record<string, unknown>
  deepEqual([model, voice], ['tts-1', 'alloy'])
  const painted = await clients.ask('image', { kind: 'paint', prompt: 'a fox', width: 64, height: 64 })
  equal(painted['model'], 'painter')
  // A file in the wrong place is told by the engine, not by a crash.
  await rejects(clients.ask('llm', { kind: 'chat', messages, model: 'eyes' }), /^Error: bad_model: .*mmproj/)
  const { models } = await at.facts()
  ok(
    models.every(
      ({ id, kind }) => ['shout', 'ranker', 'ears', 'mouth', 'painter', 'eyes'].includes(id) && kind !== '',
    ),
  )
})
