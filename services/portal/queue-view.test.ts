import assert from 'node:assert/strict'
import { mkdir, rename, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { identify } from '../../lib/process-identity.ts'
import { tempDir } from '../../test/support/temp.ts'
import { instanceName } from './instance.ts'
import { heartbeatName, makeUserFolders, serverFolders, userFolders } from './layout.ts'
import { QueueMeter } from './queue-meter.ts'
import { findJobs, jobsOf, servicesOf, submittedAt, timeOfId, usersOf, workersOf } from './queue-view.ts'

/** A spool with folders as clients and a worker of this very process would leave them. */
async function spool(path: string) {
  const folders = userFolders(path, 'stt', 'me')
  const server = serverFolders(path, 'stt')
  makeUserFolders(folders)
  const me = identify(process.pid)
  assert.ok(me)
  const run = join(server.run, instanceName(me))
  await mkdir(join(run, 'me'), { recursive: true })
  await writeFile(join(run, heartbeatName), '')
  const job = async (...parts: string[]): Promise<string> => {
    const folder = join(...parts)
    await mkdir(folder, { recursive: true })
    return folder
  }
  return { folders, server, run, job }
}

/** A UUIDv7 of that time. */
function idOf(time: number, n: number): string {
  const hex = time.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7000-8000-${String(n).padStart(12, '0')}`
}

test('the names of folders tell the state of each job', async () => {
  await using dir = await tempDir()
  const { folders, server, run, job } = await spool(dir.path)
  const orphans = join(server.run, '999999999-0123456789ab/me')
  await job(folders.todo, 'waits~2')
  await job(folders.todo, 'by-hand')
  await job(folders.todo, '.hidden')
  await job(folders.todo, 'unwanted~1')
  await writeFile(join(folders.cancel, 'unwanted'), '')
  await job(run, 'me', 'runs~1')
  await job(run, 'me', 'ends~1.complete')
  await job(run, 'me', 'comes~1.in')
  // A mark that outlives its job for a moment.
  await writeFile(join(run, 'me', 'good~1.complete'), '')
  await job(run, 'other', 'theirs~1')
  await job(orphans, 'orphan~3')
  await job(folders.done, 'good')
  await job(folders.error, 'bad')
  await job(folders.error, 'crashed')
  const grave = await job(server.dead, 'me', 'crashed~3')
  await job(server.dead, 'me', 'collected~3')
  const jobs = await jobsOf(dir.path, 'stt', 'me')
  const told = jobs.map(({ id, state, attempt, holder }) => [id, state, attempt, holder].join(' ').trim())
  assert.deepEqual(told.sort(), [
    'bad failed',
    'by-hand waiting 1',
    'collected failed 3',
    'comes running 1 working',
    'crashed failed 3',
    'ends running 1 working',
    'good done',
    'orphan running 3 dead',
    'runs running 1 working',
    'unwanted cancelling 1',
    'waits waiting 2',
  ])
  assert.equal(jobs.find(({ id }) => id === 'crashed')?.grave, grave)
  assert.deepEqual(await servicesOf(dir.path), ['stt'])
  assert.deepEqual(await usersOf(dir.path, 'stt'), ['me'])
  assert.deepEqual(await servicesOf(join(dir.path, 'nowhere')), [])
})

test('a job is found by its id, the beginning of it, and its service', async () => {
  await using dir = await tempDir()
  const { folders, job } = await spool(dir.path)
  await job(folders.todo, 'abc~1')
  await job(folders.done, 'abcd')
  await job(userFolders(dir.path, 'tts', 'me').todo, 'abcd')
  const found = async (text: string) =>
    (await findJobs(dir.path, 'me', text)).map(({ service, id }) => `${service}/${id}`)
  assert.deepEqual(await found('abc'), ['stt/abc'])
  assert.deepEqual(await found('ab'), ['stt/abcd', 'stt/abc', 'tts/abcd'])
  assert.deepEqual(await found('abcd'), ['stt/abcd', 'tts/abcd'])
  assert.deepEqual(await found('tts/ab'), ['tts/abcd'])
  for (const text of ['', 'x', '/', 'stt/', '../stt/abc', '.hidden/x'])
    assert.deepEqual(await found(text), [])
})

test('an age comes from the id, else from the folder', async () => {
  await using dir = await tempDir()
  const { folders, job } = await spool(dir.path)
  const id = idOf(1_700_000_000_123, 1)
  assert.equal(timeOfId(id), 1_700_000_000_123)
  assert.equal(timeOfId('hello'), undefined)
  const folder = await job(folders.todo, 'hello')
  await utimes(folder, 1000, 1000)
  assert.equal(await submittedAt({ id: 'hello', folder }), 1_000_000)
  assert.equal(await submittedAt({ id: 'gone', folder: join(folders.todo, 'gone') }), undefined)
})

test('a worker that lives and is silent has lost its jobs; one that left nothing is none', async () => {
  await using dir = await tempDir()
  const { server, run, job } = await spool(dir.path)
  await job(server.run, '999999999-0123456789ab')
  const long = Date.now() / 1000 - 60
  await utimes(join(run, heartbeatName), long, long)
  const [worker, ...more] = await workersOf(dir.path, 'stt')
  assert.deepEqual([worker?.pid, worker?.holder, more], [process.pid, 'silent', []])
  assert.ok((worker?.silentMs ?? 0) >= 59_000)
})

test('the meter: depth, oldest, who waits, and what was answered lately', async () => {
  await using dir = await tempDir()
  const { folders, server, run, job } = await spool(dir.path)
  const now = Date.now()
  const id = (age: number, n: number) => idOf(now - age, n)
  await job(folders.todo, `${id(5000, 1)}~1`)
  await job(folders.todo, `${id(9000, 2)}~1`)
  const theirs = userFolders(dir.path, 'stt', 'them')
  for (let i = 0; i < 3; i++) await job(theirs.todo, `${id(1000, 10 + i)}~1`)
  await job(run, 'me', `${id(2000, 3)}~1`)
  const seen = await job(server.seen, 'me')
  await writeFile(join(seen, 'before'), '1\n')
  const meter = new QueueMeter(dir.path)
  const first = await meter.look(now)
  const [stt] = first.services
  assert.deepEqual([stt?.waiting, stt?.oldest, stt?.running, stt?.workers.length], [5, now - 9000, 1, 1])
  assert.deepEqual(stt?.answersPerSecond, { tenSeconds: 0.1, minute: 1 / 60 })
  assert.deepEqual(first.users, [
    { user: 'them', waiting: 3, running: 0 },
    { user: 'me', waiting: 2, running: 1 },
  ])

  await writeFile(join(seen, 'good'), '1\n')
  await writeFile(join(seen, 'bad'), '1\n')
  await job(folders.error, 'bad')
  await rename(join(folders.todo, `${id(9000, 2)}~1`), join(run, 'me', `${id(9000, 2)}~1`))
  let later = first.services[0]
  // A folder that has just been listed is left alone for a moment.
  while (later?.waiting !== 4 || later.answersPerSecond.tenSeconds < 0.2 || later.failed.minute === 0)
    later = (await meter.look(now + 15_000)).services[0]
  assert.deepEqual([later.waiting, later.oldest, later.running], [4, now - 5000, 2])
  assert.deepEqual(later.answersPerSecond, { tenSeconds: 0.2, minute: 3 / 60 })
  assert.deepEqual(later.failed, { tenSeconds: 1, minute: 1 })
  const [last] = (await meter.look(now + 80_000)).services
  assert.deepEqual(last?.answersPerSecond, { tenSeconds: 0, minute: 0 })
})
