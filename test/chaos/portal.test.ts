import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { PortalClient } from '../../services/portal/client.ts'
import { tempDir } from '../support/temp.ts'
import { echoWorker, executions } from './portal-echo.ts'

test('a worker killed before any one of its changes: one answer, and at most one execution more', async () => {
  for (let stopAt = 1; ; stopAt++) {
    await using dir = await tempDir()
    using client = new PortalClient({ spool: dir.path, service: 'echo', user: 'me' })
    const job = await client.submit({ value: 7 }, { id: 'mine' })
    const { killed, said } = await step('worker', dir.path, stopAt)
    const worker = echoWorker(dir.path, () => undefined)
    await worker.start()
    assert.deepEqual(await job.wait(), { ok: true, id: 'mine', square: 49 }, said)
    await worker.stop()
    assert.ok((await executed(dir.path)).length <= 2, said)
    await assertEmpty(dir.path, said)
    if (!killed) {
      assert.ok(stopAt > 10, said)
      return
    }
  }
})

test('a client killed before any one of its changes finds its job again, and it is executed once', async () => {
  for (let stopAt = 1; ; stopAt++) {
    await using dir = await tempDir()
    const worker = echoWorker(dir.path, () => undefined)
    await worker.start()
    const { killed, said } = await step('client', dir.path, stopAt)
    using client = new PortalClient({ spool: dir.path, service: 'echo', user: 'me' })
    const job = await client.submit({ value: 7 }, { id: 'mine' })
    // Claimed in order: when this one is answered, the other has been answered or dropped as a duplicate.
    await (await client.submit({ value: 1 }, { id: 'next' })).wait()
    await worker.stop()
    assert.equal((await executed(dir.path)).filter(line => line.startsWith('mine~')).length, 1, said)
    // If not, the killed one had it in its hands: it moved it out of sight as its last act.
    if (job.isEnded()) assert.deepEqual(await job.wait(), { ok: true, id: 'mine', square: 49 }, said)
    else assert.match(said, /rename [^\n]*\/done\/mine/)
    if (!killed) return
  }
})

test('a worker stopped for longer than its lease loses its job, and what it says later is dropped', async () => {
  await using dir = await tempDir()
  using client = new PortalClient({ spool: dir.path, service: 'echo', user: 'me' })
  const gate = join(dir.path, 'gate')
  await using cleanup = new AsyncDisposableStack()
  const zombie = spawnNode('portal-echo.ts', [dir.path, gate])
  cleanup.defer(() => void zombie.kill('SIGKILL'))
  const job = await client.submit({ value: 7 })
  await once(createInterface({ input: zombie.stdout! }), 'line')
  // Two at once: the second says who is there.
  const second = cleanup.adopt(
    echoWorker(dir.path, () => undefined),
    worker => worker.stop(),
  )
  await assert.rejects(second.start(), new RegExp(`served by another process already .pid ${zombie.pid}`))
  zombie.kill('SIGSTOP')
  const run = join(dir.path, 'echo/.run')
  const [instance = ''] = await readdir(run)
  const longAgo = new Date(Date.now() - 60_000)
  await utimes(join(run, instance, 'heartbeat'), longAgo, longAgo)
  await second.start()
  assert.deepEqual(await job.wait(), { ok: true, id: job.id, square: 49 })
  await writeFile(gate, '')
  zombie.kill('SIGCONT')
  // It goes on with the next job, behind its dropped one.
  await second.stop()
  const next = await client.submit({ value: 3 })
  assert.equal((await next.wait())['square' as 'id'], 9)
  zombie.kill('SIGKILL')
  await once(zombie, 'exit')
  const late = await client.job(job.id)
  assert.equal(late.isEnded(), false)
  assert.deepEqual(
    (await executed(dir.path)).filter(line => line.startsWith(job.id)),
    [`${job.id}~1`, `${job.id}~2`],
  )
})

async function step(role: string, spool: string, stopAt: number): Promise<{ killed: boolean; said: string }> {
  const child = spawnNode('portal-step.ts', [role, spool], { STOP_AT: String(stopAt) })
  let said = `stopped at ${stopAt}\n`
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  assert.ok(signal === 'SIGKILL' || code === 0, said)
  return { killed: signal === 'SIGKILL', said }
}

function spawnNode(program: string, args: readonly string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, program), ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

async function executed(spool: string): Promise<string[]> {
  return (await readFile(executions(spool), 'utf8')).trim().split('\n')
}

async function assertEmpty(spool: string, said: string): Promise<void> {
  for (const folder of ['me/todo', 'me/done', 'me/error', 'me/live', 'me/cancel', '.run']) {
    assert.deepEqual(await readdir(join(spool, 'echo', folder)), [], `${folder}\n${said}`)
  }
}
