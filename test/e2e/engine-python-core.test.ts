import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { encodeFrame, encodeJsonFrame, frameType, readFrames } from '../../lib/frames.ts'
import { encodeWav } from '../../lib/wav.ts'
import type { Result } from '../../services/portal/request.ts'
import { engineEvent } from '../../services/voice/engine-events.ts'
import { coreHome } from '../support/core.ts'
import { CoreClients } from '../support/core-clients.ts'
import { fakeVoskFolder, fakeVoskModel, tones } from '../support/fake-vosk.ts'
import { root } from '../support/our-stack.ts'
import { havePython } from '../support/python-engine.ts'
import { Spawned } from '../support/spawned.ts'

const shout = join(root, 'services/python/examples/shout_engine.py')
const large = `
from courante_engine import Engine, run

class Large(Engine):
    def load(self, model, setup):
        self.weights = bytearray(range(256)) * (1 << 18)

    def complete(self, request, job):
        yield from ('I am large',)

run(Large())
`

suite('core, with engines in Python', { skip: havePython() }, () => {
  test('they are loaded on demand, measured, started anew after kill -9, and make room for one another', async () => {
    await using at = await coreHome()
    await writeFile(join(at.home, 'large.py'), large)
    await writeFile(
      join(at.home, 'models.yaml'),
      `schema: 1
memory: 450 MB
models:
  - { id: shout, kind: llm, path: ${shout}, memory: 100 MB }
  - { id: large, kind: llm, path: ${join(at.home, 'large.py')}, memory: 400 MB }
`,
    )
    await using core = at.core()
    await core.saw(/core ready/)
    using clients = new CoreClients(at.home)
    const ask = async (model: string): Promise<string> => {
      const request =
        model === 'shout'
          ? { kind: 'chat', messages: [{ role: 'user', content: 'hear me' }] }
          : { kind: 'complete', prompt: 'x' }
      const result = await (await clients.of('llm').submit({ ...request, model })).wait()
      assert.ok(result.ok, JSON.stringify(result))
      return String(result['text'])
    }
    assert.equal(await ask('shout'), 'HEAR ME ')
    const first = await at.engine('shout')
    process.kill(first.pid, 'SIGKILL')
    await core.saw(/the engine of shout ended by itself \(SIGKILL/)
    assert.equal(await ask('shout'), 'HEAR ME ')
    assert.notEqual((await at.engine('shout')).pid, first.pid)
    // The two together are over the budget.
    assert.equal(await ask('large'), 'I am large')
    await core.saw(/shout unloaded/)
    const { measured } = await at.engine('large')
    assert.ok(measured > 64e6, String(measured))
  })

  test('Vosk hears a session through core, and words come while they are spoken', async () => {
    await using at = await coreHome()
    const path = join(root, 'services/python/examples/vosk_engine.py')
    const model = await fakeVoskModel(at.path)
    const entry = `{ id: vosk, kind: stt, path: ${path}, files: { model: ${model} } }`
    await writeFile(join(at.home, 'models.yaml'), `schema: 1\nmodels: [${entry}]\ndefaults: { stt: vosk }\n`)
    const env = { ...at.env, PYTHONPATH: await fakeVoskFolder(at.path) }
    await using core = new Spawned('services/core/main.ts', [], env)
    // Speech has to be understood from its first word on.
    await core.saw(/vosk loaded in/)
    using clients = new CoreClients(at.home)
    const job = await clients.of('stt').submit({ kind: 'session', sampleRate: 24_000 })
    const found = await job.waitForStatus(new AbortController().signal, ({ socket }) => socket !== undefined)
    assert.ok(found.type === 'running', JSON.stringify(found))
    const socket = connect(found.status.socket ?? '')
    await once(socket, 'connect')
    const samples = tones(
      [
        ['high', 0.5],
        ['silence', 0.25],
        ['low', 0.5],
      ],
      24_000,
    )
    const pcm = encodeWav(samples, 24_000).subarray(44)
    for (let from = 0; from < pcm.length; from += 4800)
      socket.write(encodeFrame(frameType.bytes, pcm.subarray(from, from + 4800)))
    socket.write(encodeJsonFrame({ type: 'end' }))
    const heard: string[] = []
    for await (const { payload } of readFrames(socket)) {
      const event = engineEvent.parse(JSON.parse(payload.toString('utf8')))
      heard.push(`${event.type} ${'text' in event ? event.text : ''}`.trim())
    }
    assert.deepEqual(heard, [
      'speech_started',
      'partial high',
      'partial high low',
      'speech_stopped',
      'final high low',
      'ended',
    ])
    const result = await job.wait()
    assert.equal(result.ok && result['utterances'], 1, JSON.stringify(result))
  })

  test('a package that is not installed, and a Python that is not there, are answers that say what to do', async () => {
    await using at = await coreHome()
    await writeFile(join(at.home, 'lacking.py'), 'import no_such_package\n')
    const entry = `{ id: lacking, kind: llm, path: ${join(at.home, 'lacking.py')} }`
    await writeFile(join(at.home, 'models.yaml'), `schema: 1\nmodels: [${entry}]\n`)
    using clients = new CoreClients(at.home)
    const ask = async (): Promise<Result> =>
      (await clients.of('llm').submit({ kind: 'complete', prompt: 'x', model: 'lacking' })).wait()
    {
      await using core = at.core()
      await core.saw(/core ready/)
      const result = await ask()
      assert.ok(!result.ok)
      assert.equal(result.error.code, 'missing_package')
      assert.match(result.error.todo ?? '', /courante up/)
      // It was corrected: the next request starts it again.
      await writeFile(join(at.home, 'lacking.py'), large)
      const again = await ask()
      assert.equal(again.ok && again['text'], 'I am large', JSON.stringify(again))
    }
    const bin = join(at.path, 'empty-bin')
    await mkdir(bin)
    await using core = new Spawned('services/core/main.ts', [], { ...at.env, PATH: bin })
    await core.saw(/core ready/)
    const result = await ask()
    assert.ok(!result.ok)
    assert.equal(result.error.code, 'missing_program', JSON.stringify(result))
  })
})
