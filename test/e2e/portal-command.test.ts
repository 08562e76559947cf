// Longer than others: one command, its subcommands told in a row.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { z } from 'zod'
import { run } from '../../runner/main.ts'
import { PortalClient } from '../../services/portal/client.ts'
import { userFolders } from '../../services/portal/layout.ts'
import { jobErrors } from '../../services/portal/messages.ts'
import { type ClaimedJob, type Outcome, PortalWorker } from '../../services/portal/worker.ts'
import { courante } from '../support/courante.ts'
import { root } from '../support/our-stack.ts'
import { tempDir } from '../support/temp.ts'
import { Terminal } from '../support/terminal.ts'

const user = userInfo().username
const schema = z.looseObject({ do: z.string().optional() })
type Request = z.infer<typeof schema>

/** Does what the request says. */
async function handle(job: ClaimedJob<Request>): Promise<Outcome> {
  switch (job.request.do) {
    case 'fail':
      return { type: 'failed', error: { code: 'broken', message: 'It broke.', todo: 'Mend it.' } }
    case 'crash':
      return { type: 'crashed', detail: 'SIGSEGV' }
    case 'file':
      await writeFile(join(await job.outFolder(), 'out.txt'), 'made')
      return { type: 'done', body: {} }
    case 'hold':
      await job.emit('begun')
      return new Promise(resolve => {
        const answer = (): void =>
          resolve(
            job.signal.reason === 'cancelled'
              ? { type: 'failed', error: jobErrors.cancelled() }
              : { type: 'released' },
          )
        job.signal.addEventListener('abort', answer)
      })
    default:
      return { type: 'done', body: { request: job.request, files: (await readdir(job.folder)).sort() } }
  }
}

/** A home with a portal in it, and no stack: the commands need none. */
class Home implements AsyncDisposable {
  readonly path: string
  readonly #remove: () => PromiseLike<void>
  readonly #ends: (() => Promise<void>)[] = []

  private constructor(path: string, remove: () => PromiseLike<void>) {
    this.path = path
    this.#remove = remove
  }

  static async make(): Promise<Home> {
    const folder = await tempDir()
    const home = new Home(folder.path, () => folder[Symbol.asyncDispose]())
    await mkdir(join(home.spool, 'stt'), { recursive: true })
    return home
  }

  get spool(): string {
    return join(this.path, 'portals')
  }

  get folders() {
    return userFolders(this.spool, 'stt', user)
  }

  async serve(): Promise<void> {
    const log = (): void => undefined
    const worker = new PortalWorker({ spool: this.spool, service: 'stt', schema, handle, log })
    await worker.start()
    this.#ends.push(() => worker.stop())
  }

  client(): PortalClient {
    const client = new PortalClient({ spool: this.spool, service: 'stt', user })
    this.#ends.push(() => Promise.resolve(client[Symbol.dispose]()))
    return client
  }

  /** `courante portal …` about this home. */
  ask(...words: string[]) {
    return courante(['portal', ...words, '--home', this.path])
  }

  /** The same in this process, which takes a tenth of the time. */
  async askHere(...words: string[]): Promise<{ exitCode: number; stdout: string; stderr: string }> {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    const never = new AbortController().signal
    const become = (): never => assert.fail()
    const io = {
      stdin: Readable.from(''),
      stdout,
      stderr,
      env: {},
      cwd: this.path,
      signal: never,
      insist: never,
      become,
    }
    const exitCode = await run(['portal', ...words, '--home', this.path], io)
    stdout.end()
    stderr.end()
    return { exitCode, stdout: await text(stdout), stderr: await text(stderr) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends) await end()
    await this.#remove()
  }
}

test('submit prints the id, wait the answer, and then the job is gone', async () => {
  await using home = await Home.make()
  await home.serve()
  const talk = join(home.path, 'talk.wav')
  await writeFile(talk, 'sound')
  const [submitted, awaited] = await Promise.all([
    home.ask('submit', 'stt', talk),
    home.ask('submit', 'stt', talk, '--request', '{"a":1}', '--wait'),
  ])
  assert.equal(submitted.exitCode, 0, submitted.all)
  assert.match(submitted.stdout, /^[0-9a-f-]{36}$/)
  assert.equal(submitted.stderr, '')
  assert.equal(awaited.exitCode, 0, awaited.all)
  const files = ['request.json', 'talk.wav']
  assert.deepEqual(
    { ...(JSON.parse(awaited.stdout) as object), id: '' },
    { ok: true, id: '', request: { a: 1 }, files },
  )

  const waited = await home.ask('wait', submitted.stdout)
  assert.equal(waited.exitCode, 0, waited.all)
  const request = { kind: 'transcribe', file: 'talk.wav' }
  assert.deepEqual(JSON.parse(waited.stdout), { ok: true, id: submitted.stdout, request, files })
  for (const folder of Object.values(home.folders) as string[]) assert.deepEqual(await readdir(folder), [])
})

test('a request from a file, its own id, and a failure: exit code 1', async () => {
  await using home = await Home.make()
  const file = join(home.path, 'request.json')
  await writeFile(file, '{"do":"fail"}')
  const first = await home.ask('submit', 'stt', '--request-file', file, '--id', 'mine')
  assert.equal(first.stdout, 'mine')
  // Nobody is there to do it: that is told, and not in the way of the id.
  assert.match(first.stderr, /^Nobody serves stt/)
  const again = await home.ask('submit', 'stt', '--request-file', file, '--id', 'mine')
  assert.equal(again.stdout, 'mine')
  assert.deepEqual(await readdir(home.folders.todo), ['mine~1'])
  await home.serve()
  const waited = await home.ask('wait', 'mine')
  assert.equal(waited.exitCode, 1, waited.all)
  assert.equal((JSON.parse(waited.stdout) as { error: { code: string } }).error.code, 'broken')
})

test('what cannot be submitted is told, and leaves nothing in the queue', async () => {
  await using home = await Home.make()
  const request = join(home.path, 'request.json')
  await writeFile(request, '[]')
  const wav = join(home.path, 'a.wav')
  await writeFile(wav, '')
  const cases: [words: string[], says: RegExp][] = [
    [['submit', 'sst', '--request', '{}'], /there is no portal "sst".*\n.*There are: stt/],
    [['submit', 'stt'], /say what to do.*\n.*--request '\{/],
    [['submit', 'stt', '--request', '{'], /no JSON object/],
    [['submit', 'stt', '--request-file', request], /no JSON object \(a list\)/],
    [['submit', 'stt', '--request', '{}', request], /no file of a request may be called "request.json"/],
    [['submit', 'stt', '--request', '{}', wav, wav], /two files are called a.wav/],
    [['submit', 'stt', join(home.path, 'nowhere.wav')], /there is no file .*nowhere.wav/],
    [['submit', 'stt', wav, '--id', '../x'], /"\.\.\/x" can't be an id/],
    [['bogus'], /there is no "portal bogus"[^]*courante portal ls \[SERVICE\][^]*courante portal top/],
  ]
  for (const [words, says] of cases) {
    const { exitCode, stderr, stdout } = await home.askHere(...words)
    assert.match(stderr, says)
    assert.deepEqual([exitCode, stdout], [2, ''], stderr)
  }
  assert.ok(!existsSync(home.folders.todo))
})

test('ls and show: what waits, runs, is done, has failed and has crashed', async () => {
  await using home = await Home.make()
  const empty = await home.askHere('ls')
  assert.equal(empty.stdout, `No requests of ${user} in ${home.spool}.\n`)
  const client = home.client()
  const done = await client.submit({ do: 'x' })
  const failed = await client.submit({ do: 'fail' })
  const crashed = await client.submit({ do: 'crash' })
  const waiting = await home.askHere('ls')
  assert.match(waiting.stdout, new RegExp(`^${done.id}  stt +waiting  1 `, 'm'))
  assert.match(waiting.stdout, /^3 waiting\nNobody serves stt/m)
  await home.serve()
  for (const job of [done, failed, crashed]) for await (const _ of job.stream());
  const running = await client.submit({ do: 'hold' })
  await running.waitForStatus()

  const [people, programs, shown, shownFailed] = await Promise.all([
    home.ask('ls', 'stt'),
    home.ask('ls', '--json'),
    home.ask('show', running.id, '--json'),
    home.ask('show', crashed.id),
  ])
  const rows = programs.stdout.split('\n').map(line => JSON.parse(line) as Record<string, unknown>)
  assert.deepEqual(
    rows.map(({ service, id, state, attempt, error }) => [service, id, state, attempt, error]),
    [
      ['stt', done.id, 'done', null, undefined],
      ['stt', failed.id, 'failed', null, 'broken'],
      ['stt', crashed.id, 'failed', 3, 'engine_crashed'],
      ['stt', running.id, 'running', 1, undefined],
    ],
  )
  assert.ok(Math.abs(Date.parse(String(rows[0]?.['submitted'])) - Date.now()) < 60_000)
  assert.match(people.stdout, /^id +service +state +attempt +age +error\n/)
  assert.match(people.stdout, new RegExp(`^${crashed.id}  stt +failed +3 +\\d+ s +engine_crashed$`, 'm'))
  assert.match(people.stdout, /^1 running, 2 failed, 1 done$/m)
  const job = JSON.parse(shown.stdout) as {
    status: object
    stream: string[]
    files: object[]
    request: object
  }
  assert.deepEqual(job.status, { attempt: 1, state: 'running' })
  assert.deepEqual(job.stream, ['"begun"'])
  assert.deepEqual(job.files, [
    { name: 'request.json', bytes: 14 },
    { name: 'stream.ndjson', bytes: 8 },
  ])
  assert.deepEqual(job.request, { do: 'hold' })
  assert.match(
    shownFailed.stdout,
    /^error +engine_crashed: .*SIGSEGV.*\n +→ .*\nnext +courante portal retry .* --home /m,
  )
  assert.match(shownFailed.stdout, /^request +\{"do":"crash"\}$/m)
})

test('of many jobs a page is shown, and all of them to programs', async () => {
  await using home = await Home.make()
  const { todo } = home.folders
  for (let i = 0; i < 60; i++) await mkdir(join(todo, `job-${i}`), { recursive: true })
  const [people, programs, whole, unknown] = await Promise.all([
    home.ask('ls'),
    home.ask('ls', '--json'),
    home.askHere('show', 'job-1'),
    home.askHere('cancel', 'nobody'),
  ])
  assert.match(people.stdout, /^… and 10 more \(--json lists all\)\n60 waiting$/m)
  assert.equal(programs.stdout.split('\n').length, 60)
  // A whole id, though others begin with it.
  assert.equal(whole.exitCode, 0, whole.stderr)
  assert.equal(unknown.exitCode, 1)
  assert.match(unknown.stderr, /there is no job nobody/)
  const several = await home.askHere('cancel', 'job-')
  assert.equal(several.exitCode, 1)
  assert.match(several.stderr, /job- may be 60 jobs.[^]*stt\/job-\d+[^]*… and 50 more/)
})

test('cancel withdraws what waits, stops what runs, and leaves what has ended', async () => {
  await using home = await Home.make()
  const client = home.client()
  const waits = await client.submit({ do: 'hold' })
  const withdrawn = await home.ask('cancel', waits.id)
  assert.equal(withdrawn.stdout, `${waits.id} is cancelled.`)
  assert.equal(withdrawn.exitCode, 0)
  await home.serve()
  const runs = await client.submit({ do: 'hold' })
  await runs.waitForStatus()
  const [stopped, late] = await Promise.all([home.ask('cancel', runs.id), home.ask('cancel', waits.id)])
  assert.equal(stopped.exitCode, 0, stopped.all)
  assert.deepEqual(await runs.wait(), { ok: false, id: runs.id, error: jobErrors.cancelled() })
  assert.equal(late.exitCode, 1)
  assert.match(late.stderr, /nothing to cancel: .* has failed already/)
})

test('retry does a job again: what failed, what is done, and what crashed its engine', async () => {
  await using home = await Home.make()
  await home.serve()
  const client = home.client()
  const done = await client.submit({ do: 'x' })
  const failed = await client.submit({ do: 'fail' })
  const crashed = await client.submit({ do: 'crash' })
  for (const job of [done, failed, crashed]) for await (const _ of job.stream());
  // Their requests are mended, so that it can be seen that they are done again.
  await writeFile(join(home.folders.error, failed.id, 'request.json'), '{"do":"x"}')
  await writeFile(join(home.folders.error, crashed.id, 'request.json'), '{"do":"x"}')
  const again = await Promise.all([done, failed, crashed].map(({ id }) => home.ask('retry', id)))
  for (const { all, exitCode } of again) assert.equal(exitCode, 0, all)
  for (const { id } of [done, failed, crashed]) {
    const job = await client.job(id)
    assert.equal((await job.wait()).ok, true, id)
  }

  const collected = await client.submit({ do: 'crash' })
  assert.equal((await collected.wait()).ok, false)
  const [left, back] = [await home.askHere('wait', collected.id), await home.ask('retry', collected.id)]
  assert.match(left.stderr, /only its request is kept/)
  assert.equal(back.exitCode, 0, back.all)
  // It crashes again, and gives its answer again.
  assert.equal((await (await client.job(collected.id)).wait()).ok, false)
  const running = await client.submit({ do: 'hold' })
  await running.waitForStatus()
  const busy = await home.askHere('retry', running.id)
  assert.equal(busy.exitCode, 1)
  assert.match(busy.stderr, /is at work/)
})

test('files that come with an answer are taken, or left where they are', async () => {
  await using home = await Home.make()
  await home.serve()
  const kept = await home.ask('submit', 'stt', '--request', '{"do":"file"}', '--id', 'f', '--wait')
  assert.equal(kept.exitCode, 0, kept.all)
  assert.match(kept.stderr, /nothing was removed[^]*--files-to/)
  const to = join(home.path, 'taken')
  const taken = await home.ask('wait', 'f', '--files-to', to)
  assert.equal(taken.exitCode, 0, taken.all)
  assert.equal(await readFile(join(to, 'out.txt'), 'utf8'), 'made')
  assert.deepEqual(await readdir(home.folders.done), [])
})

test('Ctrl-C ends the waiting and not the job', async () => {
  await using home = await Home.make()
  const waiting = home.ask('submit', 'stt', '--request', '{}', '--id', 'slow', '--wait')
  // Told when the request is in its place.
  const [told] = (await once(waiting.stderr, 'data')) as [Buffer]
  assert.match(told.toString(), /^Nobody serves/)
  waiting.kill('SIGINT')
  const { exitCode, stdout, stderr } = await waiting
  assert.equal(exitCode, 130)
  assert.equal(stdout, '')
  assert.match(stderr, /slow goes on\. Its answer: courante portal wait slow --home /)
  assert.deepEqual(await readdir(home.folders.todo), ['slow~1'])
})

test('gc removes what has expired and nothing else', async () => {
  await using home = await Home.make()
  await home.serve()
  const client = home.client()
  const jobs = [await client.submit({ do: 'x' }), await client.submit({ do: 'x' })]
  for (const job of jobs) for await (const _ of job.stream());
  const running = await client.submit({ do: 'hold' })
  await running.waitForStatus()
  const old = new Date(Date.now() - 40 * 86_400_000)
  await utimes(join(home.folders.done, jobs[0]?.id ?? ''), old, old)
  await utimes(join(home.folders.live, running.id), old, old)
  const collected = await home.ask('gc')
  assert.match(collected.stdout, /^Removed 1 results: \d+ B freed\.$/)
  assert.deepEqual(await readdir(home.folders.done), [jobs[1]?.id])
  assert.deepEqual(await readdir(home.folders.live), [running.id])
  const nothing = await home.askHere('gc', '--json')
  assert.deepEqual(JSON.parse(nothing.stdout), { removed: {}, bytes: 0 })
})

test('top: once for programs, live on a terminal, which it gives back after q and Ctrl-C', async () => {
  await using home = await Home.make()
  await home.serve()
  const client = home.client()
  for (let i = 0; i < 20; i++) {
    using job = await client.submit({ do: 'x' })
    await job.wait()
  }
  const failed = await client.submit({ do: 'fail' })
  for await (const _ of failed.stream());
  const running = await client.submit({ do: 'hold' })
  await running.waitForStatus()
  const snapshot = JSON.parse((await home.askHere('top', '--json')).stdout) as {
    services: [
      {
        service: string
        waiting: number
        running: number
        workers: [object]
        answersPerSecond: { minute: number }
        failed: { minute: number }
      },
    ]
    users: object[]
  }
  const [stt] = snapshot.services
  assert.deepEqual([stt.service, stt.waiting, stt.running, stt.workers.length], ['stt', 0, 1, 1])
  // Of a slow machine, not all are of the last ten seconds.
  assert.deepEqual([stt.answersPerSecond.minute, stt.failed.minute], [0.35, 1])
  assert.deepEqual(snapshot.users, [{ user, waiting: 0, running: 1 }])

  await using terminal = await Terminal.open({ columns: 56, rows: 12, cwd: root })
  const command = `./courante portal top --home ${home.path}; echo "ended with $?"`
  await terminal.type(command)
  const narrow = await terminal.shows(/^service +waiting +oldest +running +workers$/m)
  assert.match(narrow, new RegExp(`^stt +0 +- +1 +${process.pid} \\(\\d+ s\\)$`, 'm'))
  assert.equal(await terminal.fact('alternate_on'), '1')
  await terminal.resize(120, 12)
  await terminal.shows(/per s \(10 s\) +\(1 min\) +failed \(10 s\) +\(1 min\)$/m)
  await running.cancel()
  await terminal.shows(/^stt +0 +- +0 /m)
  await terminal.press('q')
  await terminal.shows(/^ended with 0$/m)
  assert.equal(await terminal.fact('alternate_on'), '0')
  await terminal.type(`clear; ${command}`)
  await terminal.shows(/^stt +0 +- +0 /m)
  await terminal.press('C-c')
  await terminal.shows(/^ended with 130$/m)
  assert.deepEqual([await terminal.fact('alternate_on'), await terminal.fact('cursor_flag')], ['0', '1'])
})
