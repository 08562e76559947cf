import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempDir } from './temp.ts'
import type { ClientTransport, SubmittedJob } from '../../services/portal/transport.ts'

/**
 * What carries requests, in one pairing of client and worker. The worker answers `{does, …}`: `echo` with the `text` of the request
 * and of its attachment `file`, `talk` says `words` as its stream, `draw` gives back a file, `refuse` fails with `too_loud`, `hang`
 * says `began` in its stream and goes on until it is aborted, `hang-once` does so in its first attempt only. Each answer has `attempt`.
 */
export interface Carried extends AsyncDisposable {
  readonly client: ClientTransport
  /** Ends the worker without a chance to tidy up. */
  kill(): Promise<void>
  /** Lets it put back what it has not done. */
  stop(): Promise<void>
  /** Starts the worker, and the next one after the end of one. */
  start(): Promise<void>
  /** What a second worker beside the first says. */
  second(): Promise<string>
  /** What is left anywhere of any job. */
  left(): Promise<readonly string[]>
}

/** What a client may rely on, whatever carries its requests. */
export function transportContract(open: () => Promise<Carried>): void {
  void test('a request is answered once and then gone, with its attachment read by the worker', async () => {
    await using dir = await tempDir()
    await using carried = await started(open)
    const from = join(dir.path, 'some.txt')
    await writeFile(from, 'attached')
    const files = [{ name: 'a.txt', from }]
    const job = await carried.client.submit({ does: 'echo', text: 'said', file: 'a.txt' }, { files })
    const answer = { ok: true, id: job.id, text: 'said attached', attempt: 1 }
    assert.deepEqual(await job.wait(), answer)
    // Two who wait for one job hear the same.
    assert.deepEqual(await job.wait(), answer)
    assert.deepEqual(await carried.left(), [])
  })

  void test('no fast answer is missed', async () => {
    await using carried = await started(open)
    for (let i = 0; i < 100; i++) {
      const job = await carried.client.submit({ does: 'echo', text: `${i}` })
      assert.equal((await job.wait())['text' as 'id'], `${i}`)
    }
  })

  void test('many at once are answered each with its own', async () => {
    await using carried = await started(open)
    const texts = Array.from({ length: 50 }, (_, i) => `text ${i}`)
    const answers = await Promise.all(
      texts.map(async text => (await carried.client.submit({ does: 'echo', text })).wait()),
    )
    assert.deepEqual(
      answers.map(answer => answer['text' as 'id']),
      texts,
    )
  })

  void test('the same id is the same job, before and after its answer', async () => {
    await using carried = await open()
    const submit = () => carried.client.submit({ does: 'echo', text: 'x' }, { id: 'mine' })
    const [first, second] = [await submit(), await submit()]
    await carried.start()
    const answer = { ok: true, id: 'mine', text: 'x', attempt: 1 }
    assert.deepEqual(await Promise.all([first.wait(), second.wait()]).then(([one]) => one), answer)
    assert.deepEqual(await carried.left(), [])
  })

  void test('a failure says its code, what happened and what to do', async () => {
    await using carried = await started(open)
    const result = await (await carried.client.submit({ does: 'refuse' })).wait()
    assert.ok(!result.ok)
    assert.deepEqual(result.error, { code: 'too_loud', message: 'That is too loud.', todo: 'Whisper.' })
  })

  void test('files that were made come back with the answer', async () => {
    await using dir = await tempDir()
    await using carried = await started(open)
    const job = await carried.client.submit({ does: 'draw' })
    const filesTo = join(dir.path, 'made')
    assert.equal((await job.wait(undefined, { filesTo })).ok, true)
    assert.equal(await readFile(join(filesTo, 'picture.txt'), 'utf8'), 'a picture')
    assert.deepEqual(await carried.left(), [])
  })

  void test('what a job says arrives in order, while it runs and after its end', async () => {
    await using carried = await started(open)
    const words = Array.from({ length: 100 }, (_, i) => `word ${i}`)
    const said = words.map(word => ({ word }))
    const job = await carried.client.submit({ does: 'talk', words })
    assert.deepEqual(await Array.fromAsync(job.stream()), said)
    assert.deepEqual(await Array.fromAsync(job.stream()), said)
    assert.equal((await job.wait()).ok, true)
  })

  void test('a job is cancelled while it waits and while it runs, with one answer', async () => {
    await using carried = await open()
    const waiting = await carried.client.submit({ does: 'echo' })
    await waiting.cancel()
    assert.equal(await codeOf(waiting), 'cancelled')
    await carried.start()
    const running = await carried.client.submit({ does: 'hang' })
    await begun(running)
    await running.cancel()
    assert.equal(await codeOf(running), 'cancelled')
    assert.deepEqual(await carried.left(), [])
  })

  void test('a deadline is kept in the queue and at work', async () => {
    await using carried = await open()
    const waiting = await carried.client.submit({ does: 'echo' }, { deadline: new Date(1000) })
    await carried.start()
    assert.equal(await codeOf(waiting), 'deadline')
    const running = await carried.client.submit({ does: 'hang' }, { deadline: new Date(Date.now() + 300) })
    assert.equal(await codeOf(running), 'deadline')
  })

  void test('to stop waiting is not to cancel', async () => {
    await using carried = await open()
    const job = await carried.client.submit({ does: 'echo', text: 'x' })
    const stop = new AbortController()
    const waiting = job.wait(stop.signal)
    stop.abort()
    await assert.rejects(waiting, { name: 'AbortError' })
    await carried.start()
    assert.equal((await job.wait()).ok, true)
  })

  void test('a job of a killed worker is done again by the next one, that of a stopped one is put back', async () => {
    await using carried = await started(open)
    const killed = await carried.client.submit({ does: 'hang-once' })
    await begun(killed)
    await carried.kill()
    await carried.start()
    assert.deepEqual(await killed.wait(), { ok: true, id: killed.id, text: '', attempt: 2 })
    const stopped = await carried.client.submit({ does: 'hang' })
    await begun(stopped)
    await carried.stop()
    await stopped.cancel()
    assert.equal(await codeOf(stopped), 'cancelled')
    assert.deepEqual(await carried.left(), [])
  })

  void test('a second worker beside the first says who is there', async () => {
    await using carried = await started(open)
    assert.match(await carried.second(), /is served by .*process.* \d+/)
    const job = await carried.client.submit({ does: 'echo', text: 'x' })
    assert.equal((await job.wait()).ok, true)
  })
}

async function started(open: () => Promise<Carried>): Promise<Carried> {
  const carried = await open()
  await carried.start()
  return carried
}

async function begun(job: SubmittedJob): Promise<void> {
  for await (const line of job.stream()) {
    assert.deepEqual(line, { word: 'began' })
    return
  }
  assert.fail('it ended before it began')
}

async function codeOf(job: SubmittedJob): Promise<string> {
  const result = await job.wait()
  return result.ok ? 'none' : result.error.code
}
