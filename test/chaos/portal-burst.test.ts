import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { makeUserFolders } from '../../services/portal/layout.ts'
import { resultSchema } from '../../services/portal/request.ts'
import { tempDir } from '../support/temp.ts'
import { burstFolders } from './portal-burst.ts'

/** More than the kernel keeps for a process that doesn't read its inotify events, which is 16,384 nearly everywhere. */
const count = Number(process.env['COUNT'] ?? 17_000)
const limit = readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8').trim()

test(`${count} requests while the worker is deaf, where the kernel keeps ${limit} events: each has one answer`, async t => {
  await using dir = await tempDir()
  const spool = join(dir.path, 'spool')
  const gate = join(dir.path, 'gate')
  const folders = burstFolders(spool)
  makeUserFolders(folders)
  const worker = burst('worker', spool, gate)
  const workerEnded = once(worker, 'exit')
  try {
    await said(worker)
    worker.stdin?.write('be deaf\n')
    await said(worker)
    const began = performance.now()
    const half = Math.floor(count / 2)
    const clients = [burst('client', spool, '0', `${half}`), burst('client', spool, `${half}`, `${count}`)]
    for (const [code] of await Promise.all(clients.map(client => once(client, 'exit')))) assert.equal(code, 0)
    const submitted = performance.now()
    assert.equal(readdirSync(folders.todo).length, count)
    writeFileSync(gate, '')
    const times = new Map<string, number>()
    const collect = (): void => {
      for (const id of readdirSync(folders.done)) {
        const folder = join(folders.done, id)
        const result = resultSchema.parse(JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')))
        assert.deepEqual(result, { ok: true, id, square: Number(id.slice(1)) ** 2 })
        times.set(id, (times.get(id) ?? 0) + 1)
        rmSync(folder, { recursive: true })
      }
    }
    while (times.size < count) {
      collect()
      assert.equal(worker.exitCode, null)
      await delay(5)
    }
    const served = performance.now()
    worker.kill('SIGTERM')
    assert.deepEqual(await workerEnded, [0, null])
    // A second answer to anything would be there now.
    collect()
    assert.ok([...times.values()].every(each => each === 1))
    for (const folder of [folders.todo, folders.done, folders.error])
      assert.deepEqual(readdirSync(folder), [])
    t.diagnostic(`submitted in ${seconds(submitted - began)}, served in ${seconds(served - submitted)}`)
  } finally {
    worker.kill('SIGKILL')
    await workerEnded
  }
})

function burst(...args: readonly string[]): ChildProcess {
  const program = join(import.meta.dirname, 'portal-burst.ts')
  return spawn(process.execPath, [program, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
}

async function said(worker: ChildProcess): Promise<void> {
  await once(worker.stdout!, 'data')
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
