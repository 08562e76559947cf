// Longer than others: client and worker in Python, each beside ours and beside its own kind.
import assert from 'node:assert/strict'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { z } from 'zod'
import { PortalClient } from '../../services/portal/client.ts'
import { userFolders } from '../../services/portal/layout.ts'
import type { Result } from '../../services/portal/request.ts'
import { type ClaimedJob, type Outcome, PortalWorker } from '../../services/portal/worker.ts'
import { root } from '../support/our-stack.ts'
import { tempDir } from '../support/temp.ts'

const python = process.env['COURANTE_TEST_PYTHON'] ?? 'python3'
const programs = join(root, 'services/python/tests')
const env = { ...process.env, PYTHONPATH: join(root, 'services/python'), PYTHONDONTWRITEBYTECODE: '1' }
const user = userInfo().username
const skip = havePython() ? false : 'there is no Python >= 3.9'

suite('a portal in Python', { skip, concurrency: false }, () => {
  test('the parts of it', async () => {
    await execa(python, ['-m', 'unittest', '-q', join(programs, 'test_parts.py')], { env })
  })

  test('a service in Python answers our client, with files there and errors that say what to do', async () => {
    await using rig = await Rig.start()
    const words = join(rig.spool, 'words.txt')
    await writeFile(words, 'one two three')
    const job = await rig.client.submit({ file: 'a.txt' }, { files: [{ name: 'a.txt', from: words }] })
    assert.deepEqual(await job.wait(), { ok: true, id: job.id, words: 3, attempt: 1 })
    const errors = []
    for (const body of [{ does: 'refuse' }, { does: 'break' }, { file: '../../words.txt' }]) {
      const result = await (await rig.client.submit(body)).wait()
      assert.ok(!result.ok)
      errors.push(result.error)
    }
    assert.deepEqual(
      errors.map(error => error.code),
      ['too_loud', 'internal', 'bad_request'],
    )
    assert.deepEqual(errors[0], { code: 'too_loud', message: 'That is too loud.', todo: 'Whisper.' })
    assert.match(errors[1]?.message ?? '', /RuntimeError: broken/)
    await rig.leavesNothing()
  })

  test('a client in Python is answered by our worker, and no fast answer is missed', async () => {
    await using dir = await tempDir()
    await using served = await serveHere(dir.path, async job => ({
      type: 'done',
      body: { text: await readFile(join(job.folder, 'words.txt'), 'utf8').catch(() => '') },
    }))
    const [result] = await client(dir.path, 'request', '{}', 'three', 'little', 'words')
    assert.equal(result?.['text'], 'three little words')
    assert.deepEqual(await client(dir.path, 'burst', '{}', '500'), [500])
    assert.deepEqual(await client(dir.path, 'burst_without_inotify', '{}', '10'), [10])
    for (const folder of Object.values(served.folders) as string[])
      assert.deepEqual(await readdir(folder), [])
  })

  test("our worker's errors are exceptions with code, message and what to do", async () => {
    await using dir = await tempDir()
    const error = { code: 'too_loud', message: 'That is too loud.', todo: 'Whisper.' }
    await using _served = await serveHere(dir.path, () => Promise.resolve({ type: 'failed', error }))
    assert.deepEqual(await client(dir.path, 'fail', '{}'), [error])
  })

  test('a job of a killed worker is done by the next one, and its client has one answer', async () => {
    await using rig = await Rig.start()
    // One hangs in asyncio, one blocks the whole process.
    const hangs = await rig.client.submit({ does: 'hang-once' })
    await rig.worker.saw(`began ${hangs.id} 1`)
    const blocks = await rig.client.submit({ does: 'block-once' })
    await rig.worker.saw(`began ${blocks.id} 1`)
    await rig.worker.kill()
    await rig.restart()
    for (const job of [hangs, blocks]) {
      assert.deepEqual(await job.wait(), { ok: true, id: job.id, words: 0, attempt: 2 })
    }
    await rig.leavesNothing()
  })

  test('a job of a killed worker in Python is done by ours', async () => {
    await using rig = await Rig.start()
    const job = await rig.client.submit({ does: 'hang' })
    await rig.worker.saw(`began ${job.id} 1`)
    await rig.worker.kill()
    await using _served = await serveHere(rig.spool, ({ attempt }) =>
      Promise.resolve({ type: 'done', body: { attempt } }),
    )
    assert.deepEqual(await job.wait(), { ok: true, id: job.id, attempt: 2 })
  })

  for (const by of ['Python', 'TypeScript'])
    test(`what a dead claimer had finished is delivered by ${by}, and what it had only begun is done again`, async () => {
      await using rig = await Rig.start()
      await rig.worker.stop()
      const run = join(rig.spool, 'stt/.run/999999999-000000000000', user)
      for (const [id, name] of [
        ['finished', 'finished~1.complete'],
        ['begun', 'begun~1'],
      ] as const) {
        await mkdir(join(run, name), { recursive: true })
        await writeFile(join(run, name, 'request.json'), '{}')
        await writeFile(join(run, name, 'result.json'), JSON.stringify({ ok: true, id, from: 'the dead' }))
      }
      await writeFile(join(run, 'finished~1.complete/stream.ndjson'), '{"word":"last"}\n')
      await mkdir(join(rig.folders.live, 'finished'), { recursive: true })
      if (by === 'Python') await rig.restart()
      await using _served =
        by === 'TypeScript'
          ? await serveHere(rig.spool, ({ attempt }) =>
              Promise.resolve({ type: 'done', body: { words: 0, attempt } }),
            )
          : undefined
      const words = await readFile(join(rig.folders.done, 'finished/stream.ndjson'), 'utf8')
      assert.equal(words, '{"word":"last"}\n')
      assert.deepEqual(await readdir(rig.folders.live), [])
      assert.deepEqual(await client(rig.spool, 'fail_wait', 'finished'), [
        { ok: true, id: 'finished', from: 'the dead' },
      ])
      const [begun] = await client(rig.spool, 'fail_wait', 'begun')
      assert.deepEqual([begun?.['words'], begun?.['attempt']], [0, 2])
      assert.equal((await readdir(join(rig.spool, 'stt/.run'))).length, 1)
    })

  test('a late duplicate is dropped, and a job that is put back by `mv` runs again', async () => {
    await using rig = await Rig.start()
    await client(rig.spool, 'submit', '{}', 'mine')
    const done = join(rig.folders.done, 'mine')
    await appears(join(done, 'result.json'))
    await rename(done, join(rig.folders.todo, 'mine'))
    assert.equal((await client(rig.spool, 'fail_wait', 'mine'))[0]?.['attempt'], 1)
    assert.equal(rig.worker.output.split('began mine').length, 3)

    await client(rig.spool, 'submit', '{}', 'mine')
    const marker = await rig.client.submit({})
    await marker.wait()
    assert.equal(rig.worker.output.split('began mine').length, 3)
    await rig.leavesNothing()
  })

  test('a worker that is silent for longer than its lease loses its job, and what it still says is dropped', async () => {
    await using rig = await Rig.start()
    const gate = join(rig.spool, 'gate')
    const job = await rig.client.submit({ does: 'pass-gate', gate })
    await rig.worker.saw(`began ${job.id} 1`)
    const zombie = rig.worker
    zombie.child.kill('SIGSTOP')
    const [instance = ''] = await readdir(join(rig.spool, 'stt/.run'))
    const longAgo = new Date(Date.now() - 60_000)
    await utimes(join(rig.spool, 'stt/.run', instance, 'heartbeat'), longAgo, longAgo)
    await rig.restart()
    assert.deepEqual(await job.wait(), { ok: true, id: job.id, words: 0, attempt: 2 })
    await writeFile(gate, '')
    zombie.child.kill('SIGCONT')
    await zombie.saw(`job ${job.id}~1 was taken over`)
    await zombie.stop()
    await rig.leavesNothing()
  })

  test('a job that kills its worker three times is put aside, and its client hears so', async () => {
    await using rig = await Rig.start()
    const job = await rig.client.submit({ does: 'hang' })
    for (const attempt of [1, 2, 3]) {
      await rig.worker.saw(`began ${job.id} ${attempt}`)
      await rig.worker.kill()
      await rig.restart()
    }
    const result = await job.wait()
    assert.ok(!result.ok)
    assert.equal(result.error.code, 'engine_crashed')
    assert.deepEqual(await readdir(join(rig.spool, 'stt/.dead', user)), [`${job.id}~3`])
  })

  test('a queued job and a running one are cancelled, and each has one answer', async () => {
    await using rig = await Rig.start()
    const running = await rig.client.submit({ does: 'hang' })
    await rig.worker.saw(`began ${running.id} 1`)
    await running.cancel()
    const result = await running.wait()
    assert.ok(!result.ok)
    assert.equal(result.error.code, 'cancelled')
    assert.deepEqual(await client(rig.spool, 'cancel', '{"does":"talk-and-hang"}'), [
      { word: 'listening' },
      'cancelled',
    ])
    await rig.worker.stop()
    assert.deepEqual(await client(rig.spool, 'cancel_queued', '{}'), ['cancelled'])
  })

  test('what a job says is streamed in order, from Python to Python, to ours, and from ours', async () => {
    await using rig = await Rig.start()
    const words = Array.from({ length: 200 }, (_, i) => `word ${i}`)
    const said = words.map(word => ({ word }))
    const body = JSON.stringify({ does: 'talk', words })
    for (const what of ['stream', 'blocking']) {
      const [lines, result] = await client(rig.spool, what, body)
      assert.deepEqual(lines, said)
      assert.equal(result?.['words'], 0)
    }
    const job = await rig.client.submit({ does: 'talk', words })
    assert.deepEqual(await Array.fromAsync(job.stream()), said)
    await job.wait()
    await rig.worker.stop()
    await using _served = await serveHere(rig.spool, async job => {
      for (const line of said) await job.emit(line)
      return { type: 'done', body: {} }
    })
    assert.deepEqual((await client(rig.spool, 'stream', body))[0], said)
  })

  test('a job is found again by its id, and a second submission under it is the same job', async () => {
    await using rig = await Rig.start()
    await rig.worker.stop()
    assert.deepEqual(await client(rig.spool, 'submit', '{}', 'mine'), ['mine', 'mine'])
    assert.deepEqual(await readdir(rig.folders.todo), ['mine~1'])
    const found = startClient(rig.spool, 'wait', 'mine')
    await found.saw('"timeout"')
    await rig.restart()
    await found.saw('"attempt": 1')
    assert.equal(await found.ended(), 0)
  })

  test('files that a service makes are collected with the answer', async () => {
    await using rig = await Rig.start()
    await using dir = await tempDir()
    assert.deepEqual(await client(rig.spool, 'draw', '{"does":"draw"}', dir.path), [
      { 'picture.txt': 'a picture' },
    ])
    assert.equal(await readFile(join(dir.path, 'picture.txt'), 'utf8'), 'a picture')
    assert.deepEqual(await readdir(rig.folders.done), [])
  })

  test('a deadline is answered while the job runs, and when it passed in the queue', async () => {
    await using rig = await Rig.start()
    assert.deepEqual(await client(rig.spool, 'expire', '{"does":"hang"}'), ['deadline'])
    await rig.worker.stop()
    const late = startClient(rig.spool, 'submit', '{"deadline":1}', 'late')
    assert.equal(await late.ended(), 0)
    await rig.restart()
    assert.deepEqual(await client(rig.spool, 'fail_wait', 'late'), ['deadline'])
  })

  test('a worker that is asked to stop gives back what it has not done', async () => {
    await using rig = await Rig.start()
    const job = await rig.client.submit({ does: 'hang' })
    await rig.worker.saw(`began ${job.id} 1`)
    await rig.worker.stop()
    assert.deepEqual(await readdir(rig.folders.todo), [`${job.id}~1`])
    assert.deepEqual(await readdir(join(rig.spool, 'stt/.run')), [])
  })

  test('a user whose folder is a link or a file stops nobody else, and nothing behind it is touched', async () => {
    await using rig = await Rig.start()
    await rig.worker.stop()
    const outside = join(rig.spool, '..', 'outside')
    await mkdir(join(outside, 'mine~1'), { recursive: true })
    await mkdir(join(rig.spool, 'stt/ann'))
    await symlink(outside, join(rig.spool, 'stt/ann/todo'))
    await mkdir(join(rig.spool, 'stt/bob'))
    await writeFile(join(rig.spool, 'stt/bob/cancel'), '')
    await rig.restart()
    const job = await rig.client.submit({})
    assert.ok((await job.wait()).ok)
    assert.deepEqual(await readdir(outside), ['mine~1'])
    for (const name of ['ann/todo', 'bob/cancel'])
      assert.equal(rig.worker.output.split(`${name} is no folder`).length, 2, rig.worker.output)
  })

  test('an answer is not lost where its place is taken by junk, or its folder was removed by hand', async () => {
    await using rig = await Rig.start()
    const gate = join(rig.spool, 'gate')
    const jobs = [
      await rig.client.submit({ does: 'pass-gate', gate }, { id: 'mine' }),
      await rig.client.submit({ does: 'pass-gate', gate: `${gate}2` }),
    ]
    for (const job of jobs) await rig.worker.saw(`began ${job.id} 1`)
    await mkdir(join(rig.folders.done, 'mine/junk'), { recursive: true })
    await writeFile(gate, '')
    assert.ok((await jobs[0]?.wait())?.ok)
    await rm(rig.folders.done, { recursive: true })
    await writeFile(`${gate}2`, '')
    assert.ok((await jobs[1]?.wait())?.ok)
  })

  test('more than a user may have waiting is refused, and so is all of it on a full disk', async () => {
    await using rig = await Rig.start({ concurrency: 1, limits: { waiting: 2, waiting_bytes: 1000 } })
    const hangs = await rig.client.submit({ does: 'hang' })
    await rig.worker.saw(`began ${hangs.id} 1`)
    const small = await rig.client.submit({})
    assert.equal(await rig.refused({ big: 'x'.repeat(1000) }), 'over_quota')
    const second = await rig.client.submit({})
    assert.equal(await rig.refused({}), 'over_quota')
    await rig.worker.stop()
    await rig.restart({ limits: { free_bytes: 2 ** 60 } })
    for (const job of [hangs, small, second]) assert.equal(codeOf(await job.wait()), 'disk_low')
  })

  test('a deadline is answered while the job still waits', async () => {
    await using rig = await Rig.start({ concurrency: 1 })
    const hangs = await rig.client.submit({ does: 'hang' })
    await rig.worker.saw(`began ${hangs.id} 1`)
    const deadline = new Date(Date.now() + 300)
    const result = await (await rig.client.submit({}, { deadline })).wait()
    assert.equal(codeOf(result), 'deadline')
    assert.ok(Date.now() >= deadline.getTime())
  })

  test('jobs of the loaded model go first, and users take turns', async () => {
    await using rig = await Rig.start({ concurrency: 1 })
    const gate = join(rig.spool, 'gate')
    const first = await rig.client.submit({ does: 'pass-gates', gate, model: 'a' })
    await rig.worker.saw(`began ${first.id} 1`)
    for (const [id, model] of [
      ['1', 'b'],
      ['2', 'a'],
    ] as const)
      await rig.client.submit({ model }, { id })
    using ann = new PortalClient({ spool: rig.spool, service: 'stt', user: 'ann' })
    const hers = await ann.submit({ does: 'pass-gates', gate: `${gate}2`, model: 'a' }, { id: '3' })
    for (const client of [ann, rig.client]) await rig.looked(client)
    await writeFile(gate, '')
    await rig.worker.saw('began 3 1')
    await writeFile(`${gate}2`, '')
    await hers.wait()
    for (const id of ['1', '2']) await (await rig.client.job(id)).wait()
    for (const id of ['1', '2', '3']) await rig.worker.saw(`began ${id} 1`)
    const order = [...rig.worker.output.matchAll(/began ([123]) 1/g)].map(match => match[1])
    assert.deepEqual(order, ['2', '3', '1'])
  })

  test('with fsync of client and worker many at once are answered', async () => {
    await using rig = await Rig.start({ durability: 'fsync' })
    assert.deepEqual(await client(rig.spool, 'synced', '12'), [12])
  })

  test('a second worker stands by until the first one has ended', async () => {
    await using rig = await Rig.start()
    await using second = new Python('steered_worker.py', [rig.spool, 'stt'])
    await second.saw(`is served by process ${rig.worker.child.pid} already`)
    await rig.worker.kill()
    await second.saw('stt ready')
    assert.ok((await (await rig.client.submit({})).wait()).ok)
  })

  test('another user of the machine is left to our worker, and the others are served', async () => {
    await using rig = await Rig.start()
    await mkdir(join(rig.spool, 'stt/.shared/ada'), { recursive: true })
    await mkdir(join(rig.spool, 'stt/ada/todo/job'), { recursive: true })
    await rig.worker.saw('the portal of ada: another user of this machine')
    assert.equal((await (await rig.client.submit({})).wait()).ok, true)
    assert.deepEqual(await readdir(join(rig.spool, 'stt/ada/todo')), ['job'])
  })

  test('the example serves a request that was made by hand', async () => {
    await using dir = await tempDir()
    await using worker = new Python('../examples/word_count.py', [], { COURANTE_HOME: dir.path })
    await worker.saw('word-count ready')
    const folder = join(dir.path, 'portals/word-count', user)
    await mkdir(join(folder, 'prep'), { recursive: true })
    await mkdir(join(folder, 'todo'), { recursive: true })
    const typed = `mkdir prep/hello
      echo 'the words of a file' > prep/hello/a.txt
      cat > prep/hello/request.json <<< '{"file": "a.txt"}'
      mv prep/hello todo/hello`
    await execa('bash', ['-ec', typed], { cwd: folder })
    const result = await appears(join(folder, 'done/hello/result.json'))
    assert.deepEqual(JSON.parse(result), { words: 5, ok: true, id: 'hello' })
  })
})

/** A program of services/python/tests. Disposal kills it and waits for its end. */
class Python implements AsyncDisposable {
  readonly child: ChildProcess
  output = ''
  readonly #closed: Promise<unknown>
  readonly #lookers = new Set<() => void>()

  constructor(program: string, args: readonly string[], more: Record<string, string> = {}) {
    this.child = spawn(python, [join(programs, program), ...args], {
      env: { ...env, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text
        for (const look of this.#lookers) look()
      })
    }
    this.#closed = once(this.child, 'close')
  }

  async saw(text: string): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = (): void => {
      if (this.output.includes(text)) resolve()
    }
    this.#lookers.add(look)
    look()
    await Promise.race([promise, this.#closed])
    this.#lookers.delete(look)
    assert.ok(this.output.includes(text), `ended without ${text}\n${this.output}`)
  }

  async ended(): Promise<number | null> {
    await this.#closed
    return this.child.exitCode
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM')
    assert.equal(await this.ended(), 0, this.output)
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill()
  }
}

/** A worker in Python and a client of ours. */
class Rig implements AsyncDisposable {
  readonly spool: string
  readonly client: PortalClient
  readonly folders: ReturnType<typeof userFolders>
  worker: Python
  readonly #dir: AsyncDisposable

  static async start(options: Json = {}): Promise<Rig> {
    const dir = await tempDir()
    const rig = new Rig(dir, options)
    await rig.worker.saw('stt ready')
    return rig
  }

  private constructor(dir: Awaited<ReturnType<typeof tempDir>>, options: Json) {
    this.#dir = dir
    this.spool = join(dir.path, 'portals')
    this.client = new PortalClient({ spool: this.spool, service: 'stt', user })
    this.folders = userFolders(this.spool, 'stt', user)
    this.worker = new Python('steered_worker.py', [this.spool, 'stt', JSON.stringify(options)])
  }

  async restart(options: Json = {}): Promise<void> {
    this.worker = new Python('steered_worker.py', [this.spool, 'stt', JSON.stringify(options)])
    await this.worker.saw('stt ready')
  }

  /** The code of the error that answers it. */
  async refused(request: Json, client = this.client): Promise<string> {
    return codeOf(await (await client.submit(request)).wait())
  }

  /** The worker has looked into all that a user has waiting: this one is seen to be late only then. */
  async looked(client: PortalClient): Promise<void> {
    assert.equal(await this.refused({ deadline: 1 }, client), 'deadline')
  }

  /** Without the empty folders that the client keeps for its next requests. */
  async leavesNothing(): Promise<void> {
    this.client[Symbol.dispose]()
    for (const folder of Object.values(this.folders) as string[]) assert.deepEqual(await readdir(folder), [])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.worker.kill()
    this.client[Symbol.dispose]()
    await this.#dir[Symbol.asyncDispose]()
  }
}

/** A worker of ours, in this process. */
async function serveHere(spool: string, handle: (job: ClaimedJob<unknown>) => Promise<Outcome>) {
  const worker = new PortalWorker({
    spool,
    service: 'stt',
    schema: z.looseObject({}),
    handle,
    log: () => undefined,
  })
  await worker.start()
  return { folders: userFolders(spool, 'stt', user), [Symbol.asyncDispose]: () => worker.stop() }
}

function startClient(spool: string, what: string, ...args: readonly string[]): Python {
  return new Python('steered_client.py', [spool, 'stt', what, ...args])
}

/** What a client in Python printed, once it has ended. */
async function client(spool: string, what: string, ...args: readonly string[]): Promise<Json[]> {
  await using process = startClient(spool, what, ...args)
  assert.equal(await process.ended(), 0, process.output)
  return process.output
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Json)
}

type Json = Record<string, unknown>

function codeOf(result: Result): string {
  return result.ok ? 'none' : result.error.code
}

async function appears(path: string): Promise<string> {
  for (;;) {
    const text = await readFile(path, 'utf8').catch(() => undefined)
    if (text !== undefined) return text
    await delay(20)
  }
}

function havePython(): boolean {
  try {
    execFileSync(python, ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))'], { stdio: 'ignore' })
    return true
  } catch {
    return false // it is not there, or too old
  }
}
