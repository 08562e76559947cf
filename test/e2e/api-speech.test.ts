import assert from 'node:assert/strict'
import { test } from 'node:test'
import { request } from 'undici'
import { parseWav } from '../../lib/wav.ts'
import { answeringCore } from '../support/answering-core.ts'
import { apiRig } from '../support/api-rig.ts'

const second = Buffer.alloc(2 * 16_000, 1)

test('a sentence is heard before the next one is made; the whole is a WAV file of unknown length', async () => {
  const next = Promise.withResolvers<void>()
  await using core = await answeringCore('tts', async job => {
    await job.emit({ type: 'sentence', text: 'One.', sampleRate: 16_000 })
    await job.emit({ type: 'audio', pcm: second.toString('base64') })
    await next.promise
    await job.emit({ type: 'sentence', text: 'Two.', sampleRate: 16_000 })
    await job.emit({ type: 'audio', pcm: second.toString('base64') })
    return { type: 'done', body: { said: job.request['text'], voice: job.request['voice'] } }
  })
  await using rig = await apiRig({ home: core.path })
  const answer = await post(rig.backend.address, { text: 'One. Two.', voice: 'ann', speed: 1.5 })
  assert.deepEqual([answer.statusCode, answer.headers['content-type']], [200, 'audio/wav'])
  assert.equal(answer.headers['x-content-type-options'], 'nosniff')
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer.body) {
    chunks.push(chunk as Buffer)
    bytes += (chunk as Buffer).length
    if (bytes === 44 + second.length) next.resolve()
  }
  const wav = parseWav(Buffer.concat(chunks))
  assert.ok(wav.ok)
  assert.deepEqual([wav.wav.sampleRate, wav.wav.channels, wav.wav.frames], [16_000, 1, 32_000])
})

test('who goes away takes the work along', async () => {
  const withdrawn = Promise.withResolvers<void>()
  await using core = await answeringCore('tts', async job => {
    await job.emit({ type: 'sentence', text: 'One.', sampleRate: 16_000 })
    await new Promise<void>(resolve => job.signal.addEventListener('abort', () => resolve()))
    withdrawn.resolve()
    return { type: 'failed', error: { code: 'cancelled', message: 'It was cancelled.' } }
  })
  await using rig = await apiRig({ home: core.path })
  const gone = new AbortController()
  await post(rig.backend.address, { text: 'One.' }, gone.signal)
  gone.abort()
  await withdrawn.promise
})

test('what fails before there is anything to hear is told in core’s words; without core, at once', async () => {
  await using core = await answeringCore('tts', async () => {
    const error = { code: 'unsupported', message: 'The model x can’t do this.', todo: 'Use y.' }
    return await Promise.resolve({ type: 'failed', error } as const)
  })
  {
    await using rig = await apiRig({ home: core.path })
    const refused = await rig.call('POST', '/api/speech', { body: { text: 'Hello' } })
    assert.deepEqual(refused.json, {
      code: 'unsupported',
      title: 'The model x can’t do this.',
      status: 400,
      detail: 'Use y.',
    })
    for (const body of [
      { text: ' ' },
      { text: 'a'.repeat(20_001) },
      { text: 'a', speed: 9 },
      { text: 'a', x: 1 },
    ])
      assert.equal((await rig.call('POST', '/api/speech', { body })).status, 400)
  }
  await using alone = await apiRig()
  const absent = await alone.call('POST', '/api/speech', { body: { text: 'Hello' } })
  assert.deepEqual([absent.status, absent.json['code']], [503, 'core_absent'])
})

test('a text without a word to say is refused in words', async () => {
  const none = { type: 'done', body: { sentences: 0 } } as const
  await using core = await answeringCore('tts', () => Promise.resolve(none))
  await using rig = await apiRig({ home: core.path })
  const refused = await rig.call('POST', '/api/speech', { body: { text: '***' } })
  assert.deepEqual([refused.status, refused.json['code']], [400, 'nothing_to_say'])
})

async function post(url: string, body: object, signal?: AbortSignal) {
  return await request(`${url}/api/speech`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  })
}
