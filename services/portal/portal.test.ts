import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempDir } from '../../test/support/temp.ts'
import { PortalClient } from './client.ts'
import { serverFolders, userFolders } from './layout.ts'
import { jobErrors } from './messages.ts'
import { type SttRequest, sttRequestSchema } from './stt-request.ts'
import { type ClaimedJob, type Outcome, PortalWorker } from './worker.ts'

type Handle = (job: ClaimedJob<SttRequest>) => Promise<Outcome>
const request = { kind: 'transcribe', file: 'a.wav' } as const

/** A worker and a client of one spool, in this process. The rescan is off: what works here works by the watch alone. */
async function portal(spool: string, handle: Handle, concurrency = 16) {
  const lines: string[] = []
  const log = (line: string) => void lines.push(line)
  const options = { spool, service: 'stt', schema: sttRequestSchema, handle, log, concurrency, rescanMs: 1e9 }
  const worker = new PortalWorker(options)
  const client = new PortalClient({ spool, service: 'stt', user: 'me' })
  const folders = userFolders(spool, 'stt', 'me')
  const dispose = async () => {
    await worker.stop()
    client[Symbol.dispose]()
  }
  return { worker, client, folders, lines, [Symbol.asyncDispose]: dispose }
}

const done = (body = {}): Promise<Outcome> => Promise.resolve({ type: 'done', body })

test('a request comes back as its result, with its files seen by the handler, and leaves nothing', async () => {
  await using dir = await tempDir()
  await writeFile(join(dir.path, 'x.wav'), 'sound')
  await using p = await portal(join(dir.path, 'spool'), async job =>
    done({ text: await readFile(join(job.folder, 'a.wav'), 'utf8'), attempt: job.attempt }),
  )
  await p.worker.start()
  const job = await p.client.submit(request, { files: [{ name: 'a.wav', from: join(dir.path, 'x.wav') }] })
  assert.deepEqual(await job.wait(), { ok: true, id: job.id, text: 'sound', attempt: 1 })
  // It keeps empty folders for its next requests.
  p.client[Symbol.dispose]()
  for (const folder of Object.values(p.folders) as string[]) assert.deepEqual(await readdir(folder), [])
})

test('what was submitted before the worker came is served in order', async () => {
  await using dir = await tempDir()
  const order: string[] = []
  const handle: Handle = job => {
    order.push(job.id)
    return done()
  }
  // Several at once are claimed in order, but their requests are read side by side.
  await using p = await portal(dir.path, handle, 1)
  const jobs = []
  for (let i = 0; i < 3; i++) jobs.push(await p.client.submit(request))
  await p.worker.start()
  await Promise.all(jobs.map(job => job.wait()))
  assert.deepEqual(
    order,
    jobs.map(job => job.id),
  )
})

test('a status is seen while the job runs, and the end instead of it if there is none', async () => {
  await using dir = await tempDir()
  const gate = Promise.withResolvers<void>()
  await using p = await portal(dir.path, async job => {
    if (job.request.kind !== 'session') return done()
    await job.setStatus({ state: 'running', socket: '/x.sock' })
    await gate.promise
    return done()
  })
  await p.worker.start()
  const job = await p.client.submit({ kind: 'session', sampleRate: 24_000 })
  assert.deepEqual(await job.waitForStatus(), {
    type: 'running',
    status: { attempt: 1, state: 'running', socket: '/x.sock' },
  })
  gate.resolve()
  assert.equal((await job.wait()).ok, true)
  const other = await p.client.submit(request)
  assert.equal((await other.waitForStatus()).type, 'ended')
})

test('three crashes end a job with an error, and it is kept aside', async () => {
  await using dir = await tempDir()
  const attempts: number[] = []
  await using p = await portal(dir.path, job => {
    attempts.push(job.attempt)
    return Promise.resolve({ type: 'crashed', detail: 'SIGSEGV' })
  })
  await p.worker.start()
  const job = await p.client.submit(request)
  const result = await job.wait()
  assert.deepEqual(attempts, [1, 2, 3])
  assert.ok(!result.ok)
  assert.equal(result.error.code, 'engine_crashed')
  await p.worker.stop()
  assert.deepEqual(await readdir(join(serverFolders(dir.path, 'stt').dead, 'me')), [`${job.id}~3`])
})

test('a queued job is withdrawn, a running one is aborted, and each has one result', async () => {
  await using dir = await tempDir()
  await using p = await portal(
    dir.path,
    job =>
      new Promise(resolve => {
        void job.setStatus({ state: 'running' })
        const answer = () => resolve({ type: 'failed', error: jobErrors.cancelled() })
        job.signal.addEventListener('abort', answer)
      }),
  )
  const queued = await p.client.submit(request)
  await queued.cancel()
  assert.deepEqual(await queued.wait(), { ok: false, id: queued.id, error: jobErrors.cancelled() })
  await p.worker.start()
  const running = await p.client.submit(request)
  await running.waitForStatus()
  await running.cancel()
  assert.deepEqual(await running.wait(), { ok: false, id: running.id, error: jobErrors.cancelled() })
})

test('to stop waiting is not to cancel', async () => {
  await using dir = await tempDir()
  await using p = await portal(dir.path, () => done())
  const job = await p.client.submit(request)
  const abort = new AbortController()
  const waiting = assert.rejects(job.wait(abort.signal), { name: 'AbortError' })
  abort.abort()
  await waiting
  await p.worker.start()
  assert.equal((await job.wait()).ok, true)
})

test('a stopped worker puts released work back for the next one', async () => {
  await using dir = await tempDir()
  await using first = await portal(
    dir.path,
    job =>
      new Promise(resolve => {
        job.signal.addEventListener('abort', () => resolve({ type: 'released' }))
        void job.setStatus({ state: 'running' })
      }),
  )
  await first.worker.start()
  const job = await first.client.submit(request)
  await job.waitForStatus()
  await first.worker.stop()
  assert.deepEqual(await readdir(first.folders.todo), [`${job.id}~1`])
  await using second = await portal(dir.path, job => done({ attempt: job.attempt }))
  await second.worker.start()
  assert.deepEqual(await job.wait(), { ok: true, id: job.id, attempt: 1 })
})

test('jobs of a dead claimer: a finished one is delivered, an unfinished one starts again', async () => {
  await using dir = await tempDir()
  await using p = await portal(dir.path, job => done({ attempt: job.attempt }))
  const [finished, unfinished, stale] = [
    await p.client.submit(request),
    await p.client.submit(request),
    await p.client.submit(request),
  ]
  const instance = '999999999-0123456789ab'
  const run = join(serverFolders(dir.path, 'stt').run, instance, 'me')
  await mkdir(run, { recursive: true })
  for (const { id } of [finished, unfinished, stale]) {
    await rename(join(p.folders.todo, `${id}~1`), join(run, `${id}~1`))
  }
  const answer = (id: string) => JSON.stringify({ ok: true, id, from: 'the dead' })
  await writeFile(join(run, `${finished.id}~1`, 'result.json'), answer(finished.id))
  await rename(join(run, `${finished.id}~1`), join(run, `${finished.id}~1.complete`))
  // A result in a claim that is not complete, as a retry by `mv` leaves it, is not its result.
  await writeFile(join(run, `${stale.id}~1`, 'result.json'), answer(stale.id))
  await p.worker.start()
  assert.deepEqual(await finished.wait(), { ok: true, id: finished.id, from: 'the dead' })
  assert.deepEqual(await unfinished.wait(), { ok: true, id: unfinished.id, attempt: 2 })
  assert.deepEqual(await stale.wait(), { ok: true, id: stale.id, attempt: 2 })
})

test('a request that is not one is answered with what is wrong', async () => {
  await using dir = await tempDir()
  await using p = await portal(dir.path, () => done())
  const good = await p.client.submit(request)
  const secret = join(dir.path, 'secret.json')
  await writeFile(secret, JSON.stringify(request))
  const cases: Record<string, (folder: string) => Promise<void>> = {
    'not-json': folder => writeFile(join(folder, 'request.json'), '{'),
    missing: folder => writeFile(join(folder, 'other'), ''),
    link: folder => symlink(secret, join(folder, 'request.json')),
    path: folder =>
      writeFile(join(folder, 'request.json'), '{"kind":"transcribe","file":"../../secret.json"}'),
    kind: folder => writeFile(join(folder, 'request.json'), '{"kind":"delete"}'),
  }
  for (const [id, write] of Object.entries(cases)) {
    await mkdir(join(p.folders.prep, id))
    await write(join(p.folders.prep, id))
    await rename(join(p.folders.prep, id), join(p.folders.todo, id))
  }
  await p.worker.start()
  await good.wait()
  await p.worker.stop()
  for (const id of Object.keys(cases)) {
    const result = JSON.parse(await readFile(join(p.folders.error, id, 'result.json'), 'utf8')) as {
      error: { code: string }
    }
    assert.equal(result.error.code, 'bad_request', id)
  }
})

test('a link in the queue is no job and is removed', async () => {
  await using dir = await tempDir()
  let handled = 0
  await using p = await portal(dir.path, () => {
    handled++
    return done()
  })
  const outside = join(dir.path, 'outside')
  await mkdir(outside)
  await writeFile(join(outside, 'request.json'), JSON.stringify(request))
  await writeFile(join(outside, 'result.json'), 'keep')
  const good = await p.client.submit(request)
  await symlink(outside, join(p.folders.todo, '0-link'))
  await p.worker.start()
  await good.wait()
  await p.worker.stop()
  assert.equal(handled, 1)
  assert.equal(await readFile(join(outside, 'result.json'), 'utf8'), 'keep')
  assert.deepEqual(await readdir(p.folders.todo), [])
})
