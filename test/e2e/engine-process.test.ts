import assert from 'node:assert/strict'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { isAlive, identify } from '../../lib/process-identity.ts'
import { type EngineEvent, type EngineLimits, EngineProcess } from '../../services/core/engine-process.ts'
import { root } from '../support/our-stack.ts'

const quick: EngineLimits = { beats: { loading: 120, ready: 2 }, cancel: 300, stop: 2000 }

/** The echo engine, loaded, under limits that a test can wait for. */
async function started(settings: Record<string, unknown>) {
  const exited = Promise.withResolvers<Extract<EngineEvent, { type: 'exited' }>>()
  const loaded = Promise.withResolvers<void>()
  const engine = new EngineProcess({
    program: join(root, 'services/engines/llm/echo.ts'),
    model: { id: 'echo', engine: 'echo', files: {}, settings },
    threads: 1,
    gpu: false,
    env: process.env,
    limits: quick,
    onEvent: event => {
      if (event.type === 'loaded') loaded.resolve()
      if (event.type === 'exited') exited.resolve(event)
    },
  })
  await loaded.promise
  const run = (prompt: string, onLine: () => void = () => undefined) =>
    engine.run(
      { job: prompt, request: { kind: 'complete', prompt }, folder: '/', out: '/', socket: '' },
      { say: onLine, listening: () => undefined },
    )
  return { engine, run, exited: exited.promise, [Symbol.asyncDispose]: () => engine.stop() }
}

suite('an engine’s process', () => {
  test('a crash ends all its jobs with its exit code, and is told once', async () => {
    await using at = await started({ delayMs: 50, crashOn: 'boom' })
    const other = at.run('a job that takes its time to end')
    const [one, two] = await Promise.all([at.run('boom'), other])
    for (const end of [one, two]) {
      assert.equal(end.type, 'crashed')
      assert.match(end.type === 'crashed' ? end.detail : '', /exit code 7, pid \d+/)
    }
    const { asked, detail } = await at.exited
    assert.equal(asked, false)
    assert.match(detail, /exit code 7/)
    // Nobody waits for one that has gone.
    assert.equal((await at.run('late')).type, 'crashed')
  })

  test('one that hangs gives no sign of life and is killed', async () => {
    await using at = await started({ hangOn: 'stuck' })
    const end = await at.run('stuck')
    assert.equal(end.type, 'crashed')
    assert.match(end.type === 'crashed' ? end.detail : '', /no sign of life for 3 s: SIGKILL/)
  })

  test('one that is stopped from outside is killed, too', async () => {
    await using at = await started({ delayMs: 20 })
    const first = Promise.withResolvers<void>()
    const running = at.run('some words that are said one by one', first.resolve)
    await first.promise
    process.kill(at.engine.pid ?? 0, 'SIGSTOP')
    assert.equal((await running).type, 'crashed')
    assert.match((await at.exited).detail, /no sign of life/)
  })

  test('one that does not obey a cancellation is killed after its grace', async () => {
    await using at = await started({ delayMs: 100, disobeyOn: 'deaf' })
    const first = Promise.withResolvers<void>()
    const prompt = `deaf ${'word '.repeat(100)}`
    const running = at.run(prompt, first.resolve)
    await first.promise
    at.engine.cancel(prompt)
    const end = await running
    assert.match(end.type === 'crashed' ? end.detail : end.type, /did not obey a cancellation: SIGKILL/)
  })

  test('a polite stop leaves nothing, not even of a process that is stopped', async () => {
    await using at = await started({})
    const identity = identify(at.engine.pid ?? 0)
    assert.ok(identity)
    process.kill(identity.pid, 'SIGSTOP')
    await at.engine.stop()
    assert.equal(isAlive(identity), false)
    assert.equal((await at.exited).asked, true)
  })
})
