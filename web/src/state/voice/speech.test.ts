import assert from 'node:assert/strict'
import { once } from 'node:events'
import { before, test, type TestContext } from 'node:test'
import { speak, speakNext, speech, stopSpeaking } from './speech.ts'

/** What was asked of the sound device. */
const device: string[] = []
before(() => {
  class Context {
    resume = async () => void device.push('awake')
    suspend = async () => void device.push('rests')
  }
  Object.defineProperty(globalThis, 'AudioContext', { value: Context })
})

test('when nothing is read any more the sound device rests', async context => {
  device.length = 0
  answer(context, () =>
    Response.json({ code: 'core_absent', title: 'nothing can speak', status: 503 }, refused),
  )
  speak({ id: 'a', text: 'Hello.' })
  assert.deepEqual(device, ['awake'])
  await idle()
  assert.deepEqual(device, ['awake', 'rests'])
  speak({ id: 'b', text: 'Hello.' })
  stopSpeaking()
  assert.deepEqual(device, ['awake', 'rests', 'awake', 'rests'])
  assert.equal(speech.get().kind, 'idle')
})

test('a fault of ours is one, and what is asked for next is read all the same', async context => {
  const broken = new Response('sound')
  broken.body?.getReader()
  const texts: unknown[] = []
  answer(context, body => {
    texts.push(body)
    return broken
  })
  for (const text of ['One.', 'Two.']) {
    const fault = unhandled()
    speakNext({ id: text, text })
    assert.match(String(await fault), /locked/)
    await idle()
  }
  assert.deepEqual(texts, [{ text: 'One.' }, { text: 'Two.' }])
})

const refused = { status: 503, headers: { 'content-type': 'application/problem+json' } }

function answer(context: TestContext, reply: (body: unknown) => Response): void {
  context.mock.method(globalThis, 'fetch', async (_: string, { body }: { body: string }) =>
    reply(JSON.parse(body)),
  )
}

async function idle(): Promise<void> {
  if (speech.get().kind === 'idle') return
  const { promise, resolve } = Promise.withResolvers<void>()
  const end = speech.subscribe(() => speech.get().kind === 'idle' && resolve())
  await promise
  end()
}

/** The next rejection that nobody handles, in place of the test runner, which fails for it. */
async function unhandled(): Promise<unknown> {
  const listeners = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  const [fault] = await once(process, 'unhandledRejection')
  for (const listener of listeners) process.on('unhandledRejection', listener)
  return fault
}
