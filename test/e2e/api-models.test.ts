import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadCatalog } from '../../models/catalog.ts'
import { Downloads } from '../../services/backend/models/downloads.ts'
import type { Model, Models } from '../../services/backend/protocol.ts'
import type { Outcome } from '../../services/portal/worker.ts'
import { answeringCore } from '../support/answering-core.ts'
import { openChanges } from '../support/api-changes.ts'
import { apiRig, firstAdmin, newUser, type ApiRig } from '../support/api-rig.ts'
import { downloadRig } from '../support/download-rig.ts'

const small = 'smollm2-135m-q4'

test('a load is taken at once; how it fails, and that it works, shows in the list', async () => {
  const answers: Outcome[] = []
  const came: unknown[] = []
  await using core = await answeringCore('models', async job => {
    came.push(job.request)
    return await Promise.resolve(answers.shift() ?? { type: 'done', body: {} })
  })
  await using rig = await apiRig({ home: core.path })
  await using changes = await openChanges(rig.backend.address)
  const error = { code: 'no_memory', message: 'It needs more than there is.', todo: 'Use a smaller one.' }
  answers.push({ type: 'failed', error })
  const taken = await rig.call('POST', '/api/models/starter/load')
  assert.equal(taken.status, 202)
  const problem = await changes.until('models', async () => {
    const { state } = await model(rig, 'starter')
    return state.type === 'installed' ? state.problem : undefined
  })
  assert.deepEqual([problem.code, problem.title, problem.detail], ['no_memory', error.message, error.todo])
  await rig.must('POST', '/api/models/starter/load')
  await changes.until('models', async () => {
    const { state } = await model(rig, 'starter')
    return state.type === 'installed' && state.problem === undefined ? true : undefined
  })
  assert.deepEqual(came[0], { kind: 'load', model: 'starter' })
  for (const [path, status, code] of [
    ['nobody/load', 404, 'no_such_model'],
    [`${small}/load`, 409, 'not_installed'],
    ['silero-vad/load', 409, 'part_only'],
    ['starter/unload', 409, 'not_loaded'],
  ] as const) {
    const { status: got, json } = await rig.call('POST', `/api/models/${path}`)
    assert.deepEqual([got, json['code']], [status, code], path)
  }
})

test('without core nothing is loaded; what is in core’s file is what models do', async () => {
  await using rig = await apiRig()
  const refused = await rig.call('POST', '/api/models/starter/load')
  assert.deepEqual([refused.status, refused.json['code']], [503, 'core_absent'])
  assert.deepEqual(rig.logged, [], 'what is refused in words is no mistake of the server')
  const { identify } = await import('../../lib/process-identity.ts')
  const resident = {
    kind: 'llm',
    engine: 'llama',
    gpu: {},
    measured: 5e8,
    inFlight: 1,
    parallel: 4,
    waiting: 2,
  }
  const models = [
    { ...resident, id: 'starter', state: 'ready', idleMs: null },
    { ...resident, id: 'espeak-ng', state: 'loading', progress: 0.43 },
  ]
  const facts = { ...identify(process.pid), budget: { memory: 8e9 }, used: { memory: 5e8 }, models }
  await mkdir(join(rig.home, 'run'), { recursive: true })
  await writeFile(join(rig.home, 'run/core.json'), JSON.stringify(facts))
  const list = (await rig.must('GET', '/api/models')) as unknown as Models
  assert.deepEqual([list.core, list.budget, list.used], ['running', { memory: 8e9 }, { memory: 5e8 }])
  const found = (id: string): Model['state'] | undefined => list.models.find(one => one.id === id)?.state
  assert.deepEqual(found('starter'), {
    type: 'ready',
    measured: 5e8,
    gpu: {},
    inFlight: 1,
    waiting: 2,
    parallel: 4,
    idleMs: null,
  })
  assert.deepEqual(found('espeak-ng'), { type: 'loading', progress: 0.43 })
})

test('getting a model needs consent to what it is now; it shows how far it is, and can be stopped', async () => {
  await using mirror = await startMirror()
  await using rig = await apiRig({ env: { COURANTE_MIRROR: mirror.url, OFFLINE: '1' } })
  await using changes = await openChanges(rig.backend.address)
  const { download, state } = await model(rig, small)
  assert.deepEqual(state, { type: 'absent' })
  const entry = loadCatalog().get(small)
  assert.deepEqual(download, {
    bytes: entry?.from.bytes,
    parts: [
      {
        id: small,
        title: entry?.title,
        bytes: entry?.from.bytes,
        licence: entry?.licence,
        from: 'huggingface.co',
      },
    ],
  })
  const fetch = `/api/models/${small}/fetch`
  const other = await rig.call('POST', fetch, { body: { bytes: 5 } })
  assert.deepEqual([other.status, other.json['code']], [409, 'changed'])
  assert.equal((await rig.call('POST', fetch, { body: { bytes: download?.bytes } })).status, 202)
  await changes.hint('models')
  const response = await mirror.asked()
  response.writeHead(200, { 'content-length': String(download?.bytes), etag: '"x"' })
  response.write(Buffer.alloc(1_000_000))
  for (;;) {
    const { state } = await model(rig, small)
    assert.equal(state.type, 'fetching')
    if (state.type === 'fetching' && state.bytes > 0) break
  }
  const remove = await rig.call('DELETE', `/api/models/${small}`)
  assert.deepEqual([remove.status, remove.json['code']], [409, 'fetching'])
  await rig.must('DELETE', fetch)
  assert.deepEqual((await model(rig, small)).state, { type: 'absent' })
  assert.ok((await readdir(join(rig.home, 'models/.partial'))).length > 0, 'what has come is kept')
  // The next one fails, and says why.
  await rig.must('POST', fetch, { body: { bytes: download?.bytes } })
  ;(await mirror.asked()).writeHead(404).end()
  const problem = await changes.until('models', async () => {
    const { state } = await model(rig, small)
    return state.type === 'absent' ? state.problem : undefined
  })
  assert.match(problem.title, /not there \(404\)/)
})

test('offline, nothing is asked for, in words', async () => {
  await using rig = await apiRig({ env: { OFFLINE: '1' } })
  const { download } = await model(rig, small)
  const refused = await rig.call('POST', `/api/models/${small}/fetch`, { body: { bytes: download?.bytes } })
  assert.deepEqual([refused.status, refused.json['code']], [409, 'offline'])
})

test('a load that waits can be called off, and nothing is removed under it', async () => {
  const ended = Promise.withResolvers<unknown>()
  await using core = await answeringCore('models', async ({ signal }) => {
    await new Promise(resolve => signal.addEventListener('abort', resolve))
    ended.resolve(signal.reason)
    return { type: 'failed', error: { code: 'cancelled', message: 'It was cancelled.' } }
  })
  await using rig = await apiRig({ home: core.path })
  await putSmall(rig)
  await rig.must('POST', `/api/models/${small}/load`)
  assert.equal((await model(rig, small)).state.type, 'loading')
  const remove = await rig.call('DELETE', `/api/models/${small}`)
  assert.deepEqual([remove.status, remove.json['code']], [409, 'resident'])
  assert.equal((await rig.call('POST', `/api/models/${small}/unload`)).status, 202)
  await ended.promise
  assert.deepEqual((await model(rig, small)).state, { type: 'installed' })
  await rig.must('DELETE', `/api/models/${small}`)
})

test('why a model could not be loaded is told whole to admins only: it names files of the server', async () => {
  const error = {
    code: 'broken_model',
    message: '/srv/models/x.gguf is broken',
    todo: 'rm /srv/models/x.gguf',
  }
  await using core = await answeringCore('models', () => Promise.resolve({ type: 'failed', error } as const))
  await using rig = await apiRig({ home: core.path, accounts: true })
  const admin = await firstAdmin(rig)
  const bob = await newUser(rig, admin, 'bob')
  await using changes = await openChanges(rig.backend.address, admin)
  await rig.must('POST', '/api/models/starter/load', { headers: bob })
  const problemFor = async (headers: Record<string, string>) => {
    const { models } = (await rig.must('GET', '/api/models', { headers })) as unknown as Models
    const state = models.find(({ id }) => id === 'starter')?.state
    return state?.type === 'installed' ? state.problem : undefined
  }
  const whole = await changes.until('models', () => problemFor(admin))
  assert.deepEqual([whole.code, whole.title], ['broken_model', error.message])
  const bobs = await problemFor(bob)
  assert.equal(bobs?.code, 'broken_model')
  assert.doesNotMatch(JSON.stringify(bobs), /srv/)
})

test('a download that comes to its end leaves the model, and a stop of the server its part', async () => {
  await using rig = await downloadRig(200_000)
  let changed = Promise.withResolvers<void>()
  const log = (line: string): void => assert.fail(line)
  const options = { modelsDir: rig.modelsDir, env: {}, cwd: rig.modelsDir, log }
  const downloads = new Downloads(options, () => changed.resolve())
  downloads.start('m', [{ model: rig.model(), title: 'M', repair: false, memory: 0 }])
  assert.equal(downloads.state('m')?.total, 200_000)
  // Under its own id: what a model brings along is as busy as the model.
  assert.ok(downloads.isFetching(rig.model().id))
  changed = Promise.withResolvers()
  await changed.promise
  assert.equal(downloads.state('m'), undefined)
  assert.equal(downloads.problem('m'), undefined)
  assert.ok(rig.final()?.equals(rig.server.content))
  await downloads.close()
})

test('a default is one of its kind and is written to models.yaml; what is shipped stays, files of the catalog go', async () => {
  await using rig = await apiRig()
  const other = await rig.call('PUT', '/api/models/defaults', { body: { kind: 'tts', id: 'starter' } })
  assert.deepEqual([other.status, other.json['code']], [400, 'wrong_model'])
  await rig.must('PUT', '/api/models/defaults', { body: { kind: 'llm', id: 'starter' } })
  assert.match(await readFile(join(rig.home, 'models.yaml'), 'utf8'), /defaults:\n {2}llm: starter\n/)
  assert.equal((await model(rig, 'starter')).isDefault, true)
  const shipped = await rig.call('DELETE', '/api/models/starter')
  assert.deepEqual([shipped.status, shipped.json['code']], [409, 'shipped'])
  const absent = await rig.call('DELETE', `/api/models/${small}`)
  assert.deepEqual([absent.status, absent.json['code']], [409, 'not_installed'])
  await putSmall(rig)
  await rig.must('DELETE', `/api/models/${small}`)
  assert.deepEqual(await readdir(join(rig.home, 'models')), [])
})

/** Files that pass for the model's, by their sizes. */
async function putSmall(rig: ApiRig): Promise<void> {
  const folder = join(rig.home, 'models', small)
  await mkdir(folder, { recursive: true })
  const entry = loadCatalog().get(small)
  for (const { path } of entry?.files ?? []) {
    await writeFile(join(folder, path), '')
    await truncate(join(folder, path), entry?.from.bytes)
  }
}

async function model(rig: ApiRig, id: string): Promise<Model> {
  const { models } = (await rig.must('GET', '/api/models')) as unknown as Models
  const found = models.find(one => one.id === id)
  assert.ok(found, id)
  return found
}

/** A mirror that answers when the test does. */
async function startMirror() {
  const came: ServerResponse[] = []
  const waiting: ((response: ServerResponse) => void)[] = []
  const server = createServer((_request, response) => {
    const next = waiting.shift()
    if (next === undefined) came.push(response)
    else next(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: async () => came.shift() ?? (await new Promise<ServerResponse>(resolve => waiting.push(resolve))),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
