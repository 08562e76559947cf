import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { z } from 'zod'
import { tempDir } from '../../test/support/temp.ts'
import { defaultLimits } from './admission.ts'
import { PortalClient } from './client.ts'
import { userFolders } from './layout.ts'
import { type ClaimedJob, type Outcome, PortalWorker, type WorkerOptions } from './worker.ts'

type Handle = (job: ClaimedJob<unknown>) => Promise<Outcome>
const done = (body = {}): Promise<Outcome> => Promise.resolve({ type: 'done', body })

/** The rescan is off: what works here works by the watch alone. */
function portal(spool: string, handle: Handle, more: Partial<WorkerOptions<unknown>> = {}) {
  const lines: string[] = []
  const worker = new PortalWorker<unknown>({
    spool,
    service: 'words',
    schema: z.unknown(),
    handle,
    rescanMs: 1e9,
    log: line => lines.push(line),
    ...more,
  })
  const client = new PortalClient({
    spool,
    service: 'words',
    user: 'me',
    durability: more.durability ?? 'rename',
  })
  const dispose = async () => {
    await worker.stop()
    client[Symbol.dispose]()
  }
  return { worker, client, folders: userFolders(spool, 'words', 'me'), lines, [Symbol.asyncDispose]: dispose }
}

/** After the client's end: it keeps the folders of answers for its next requests. */
async function assertNothingLeft(client: PortalClient, spool: string): Promise<void> {
  client[Symbol.dispose]()
  const left = await readdir(join(spool, 'words'), { recursive: true, withFileTypes: true })
  const files = left.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  assert.deepEqual(
    files.filter(path => !path.includes('/.seen/') && !path.endsWith('/heartbeat')),
    [],
  )
}

test('what a job says is streamed in order, and its end ends the stream', async () => {
  await using dir = await tempDir()
  const gate = Promise.withResolvers<void>()
  await using p = portal(dir.path, async job => {
    void job.emit({ word: 0 })
    await gate.promise
    for (let i = 1; i < 200; i++) void job.emit({ word: i })
    return done()
  })
  await p.worker.start()
  const job = await p.client.submit({})
  const words: unknown[] = []
  for await (const line of job.stream()) {
    words.push(line)
    gate.resolve()
  }
  assert.deepEqual(
    words,
    Array.from({ length: 200 }, (_, word) => ({ word })),
  )
  assert.equal((await job.wait()).ok, true)
  await assertNothingLeft(p.client, dir.path)
})

test('a stream is read whole after the end, too, and an abort ends the reading only', async () => {
  await using dir = await tempDir()
  await using p = portal(dir.path, async job => {
    await job.emit('one')
    await job.emit('two')
    return done()
  })
  const job = await p.client.submit({})
  const stop = new AbortController()
  const reading = Array.fromAsync(job.stream(stop.signal))
  stop.abort()
  await assert.rejects(reading, { name: 'AbortError' })
  await p.worker.start()
  assert.deepEqual(await Array.fromAsync(job.stream()), ['one', 'two'])
})

test('a client that was killed finds its job by its id, and the same id is the same job', async () => {
  await using dir = await tempDir()
  let runs = 0
  await using p = portal(dir.path, () => done({ run: ++runs }))
  await p.client.submit({}, { id: 'mine' })
  await p.client.submit({}, { id: 'mine' })
  assert.deepEqual(await readdir(p.folders.todo), ['mine~1'])
  await p.worker.start()
  using other = new PortalClient({ spool: dir.path, service: 'words', user: 'me' })
  assert.deepEqual(await (await other.job('mine')).wait(), { ok: true, id: 'mine', run: 1 })
  // Late: the result has been collected, and the tombstone knows.
  await p.client.submit({}, { id: 'mine' })
  const next = await p.client.submit({})
  await next.wait()
  await p.worker.stop()
  assert.equal(runs, 2)
  assert.deepEqual(await readdir(p.folders.todo), [])
  other[Symbol.dispose]()
  await assertNothingLeft(p.client, dir.path)
})

test('a request sent again while its first attempts crash has one answer', async () => {
  await using dir = await tempDir()
  const runs: number[] = []
  await using p = portal(dir.path, async job => {
    runs.push(job.attempt)
    // Under its own name, and as a person would write it.
    await p.client.submit({}, { id: 'mine' })
    await mkdir(join(p.folders.prep, 'again'))
    await writeFile(join(p.folders.prep, 'again', 'request.json'), '{}')
    await rename(join(p.folders.prep, 'again'), join(p.folders.todo, 'mine'))
    return job.attempt < 3 ? { type: 'crashed', detail: 'SIGSEGV' } : done()
  })
  await p.worker.start()
  const job = await p.client.submit({}, { id: 'mine' })
  assert.equal((await job.wait()).ok, true)
  while ((await readdir(p.folders.todo)).length > 0) await new Promise(setImmediate)
  await p.worker.stop()
  assert.deepEqual(runs, [1, 2, 3])
  await assertNothingLeft(p.client, dir.path)
})

test('a job taken out of error by mv runs again, without what its first run left', async () => {
  await using dir = await tempDir()
  await using p = portal(dir.path, async job => {
    const before = await readdir(job.folder)
    await writeFile(join(await job.outFolder(), 'out.txt'), 'out')
    return job.id === 'x' && before.includes('better')
      ? done({ before: before.sort() })
      : { type: 'failed', error: { code: 'worse', message: 'No.' } }
  })
  await p.worker.start()
  const job = await p.client.submit({}, { id: 'x' })
  while (!job.isEnded()) await new Promise(setImmediate)
  await writeFile(join(p.folders.error, 'x', 'better'), '')
  await rename(join(p.folders.error, 'x'), join(p.folders.todo, 'x'))
  const to = join(dir.path, 'files')
  const result = await job.wait(undefined, { filesTo: to })
  assert.deepEqual(result, { ok: true, id: 'x', before: ['better', 'request.json'] })
  assert.equal(await readFile(join(to, 'out.txt'), 'utf8'), 'out')
})

test('a deadline is answered: in the queue, while the job runs, and not after it', async () => {
  await using dir = await tempDir()
  await using p = portal(dir.path, job =>
    (job.request as { quick: boolean }).quick
      ? done()
      : new Promise(resolve => job.signal.addEventListener('abort', () => resolve({ type: 'released' }))),
  )
  const at = (ms: number) => ({ deadline: new Date(Date.now() + ms) })
  const late = await p.client.submit({ quick: true }, at(-1000))
  await p.worker.start()
  const slow = await p.client.submit({ quick: false }, at(30))
  const quick = await p.client.submit({ quick: true }, at(60_000))
  for (const job of [late, slow]) {
    const result = await job.wait()
    assert.ok(!result.ok)
    assert.equal(result.error.code, 'deadline')
  }
  assert.equal((await quick.wait()).ok, true)
})

test('over the quota, or on a full disk, the refusal says when to come back', async () => {
  await using dir = await tempDir()
  await using p = portal(dir.path, () => done(), { limits: { ...defaultLimits, waiting: 2, freeBytes: 0 } })
  const jobs = []
  for (let i = 0; i < 3; i++) jobs.push(await p.client.submit({}))
  await p.worker.start()
  const results = await Promise.all(jobs.map(job => job.wait()))
  assert.deepEqual(
    results.map(result => result.ok),
    [true, true, false],
  )
  assert.ok(results[2]?.ok === false && results[2].error.code === 'over_quota')
  assert.ok((results[2].error.retryAfter ?? 0) > 0)
  await p.worker.stop()
  await using full = portal(dir.path, () => done(), { limits: { ...defaultLimits, freeBytes: 2 ** 60 } })
  await full.worker.start()
  const result = await (await full.client.submit({})).wait()
  assert.ok(!result.ok && result.error.code === 'disk_low')
})

test('a request in YAML is as good; one with aliases, tags or links is refused in words', async () => {
  await using dir = await tempDir()
  await using p = portal(dir.path, job => done({ asked: job.request }))
  await p.worker.start()
  await p.client.job('nothing')
  const bomb = `a: &a [x, x]\n${'bcdefghi'.replaceAll(/./g, c => `${c}: &${c} [*a, *a]\n`)}`
  const cases = { good: 'words: [one, two]', bomb, broken: 'a: [', deep: '['.repeat(100_000) }
  for (const [id, text] of Object.entries(cases)) {
    await mkdir(join(p.folders.prep, id))
    await writeFile(join(p.folders.prep, id, 'request.yaml'), text)
  }
  await mkdir(join(p.folders.prep, 'link'))
  await symlink(join(p.folders.prep, 'good', 'request.yaml'), join(p.folders.prep, 'link', 'request.yaml'))
  for (const id of [...Object.keys(cases), 'link']) {
    await rename(join(p.folders.prep, id), join(p.folders.todo, id))
    const result = await (await p.client.job(id)).wait()
    if (id === 'good') assert.deepEqual(result, { ok: true, id, asked: { words: ['one', 'two'] } })
    else assert.ok(!result.ok && result.error.code === 'bad_request', JSON.stringify(result))
  }
})

test('with fsync the same jobs come back', async () => {
  await using dir = await tempDir()
  await using p = portal(dir.path, () => done(), { durability: 'fsync' })
  await p.worker.start()
  const jobs = await Promise.all(Array.from({ length: 20 }, () => p.client.submit({})))
  const results = await Promise.all(jobs.map(job => job.wait()))
  assert.ok(results.every(result => result.ok))
  await assertNothingLeft(p.client, dir.path)
})
