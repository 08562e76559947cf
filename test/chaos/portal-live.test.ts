// Lies beside test/chaos/*.test.ts. What a client does in live/<id>/ while its job runs: nothing outside is written, read or waited for.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { z } from 'zod'
import { defaultLimits } from '../../services/portal/admission.ts'
import { PortalClient } from '../../services/portal/client.ts'
import { userFolders } from '../../services/portal/layout.ts'
import { PortalWorker } from '../../services/portal/worker.ts'
import { tempDir } from '../support/temp.ts'

async function run(swap: (live: string, outside: string) => void, before = false) {
  await using dir = await tempDir()
  const spool = join(dir.path, 'spool')
  const outside = join(dir.path, 'outside')
  mkdirSync(outside)
  writeFileSync(join(outside, 'file'), 'precious')
  writeFileSync(join(outside, 'stream.ndjson'), '"precious"\n')
  const folders = userFolders(spool, 'w', 'me')
  const worker = new PortalWorker({
    spool,
    service: 'w',
    schema: z.looseObject({}),
    limits: { ...defaultLimits, freeBytes: 0 },
    log: () => undefined,
    handle: async job => {
      if (before) await job.setStatus({ state: 'running' })
      else await job.emit(1)
      swap(join(folders.live, job.id), outside)
      await job.setStatus({ state: 'running', socket: 'x' }).catch(() => undefined)
      await job.emit(2).catch(() => undefined)
      return { type: 'done', body: {} }
    },
  })
  mkdirSync(spool)
  await worker.start()
  using client = new PortalClient({ spool, service: 'w', user: 'me' })
  const job = await client.submit({})
  await job.wait()
  await worker.stop()
  assert.deepEqual(readdirSync(outside).sort(), ['file', 'stream.ndjson'])
  assert.equal(readFileSync(join(outside, 'file'), 'utf8'), 'precious')
  assert.equal(readFileSync(join(outside, 'stream.ndjson'), 'utf8'), '"precious"\n')
}

test('E5 live/<id>/.status.json a link', () =>
  run((live, outside) => symlinkSync(join(outside, 'file'), join(live, '.status.json'))))
test('E6 live/<id> a link, after emit', () =>
  run((live, outside) => {
    renameSync(live, `${live}-aside`)
    symlinkSync(outside, live)
  }))
test('E7 live/<id> a link, after a status', () =>
  run((live, outside) => {
    renameSync(live, `${live}-aside`)
    symlinkSync(outside, live)
  }, true))
test('D4 live/<id>/.status.json a FIFO: the worker must not wait', async () => {
  if (process.env['CHILD'] !== undefined)
    return run(live => void execFileSync('mkfifo', [join(live, '.status.json')]))
  const child = spawn(process.execPath, ['--test-name-pattern=D4', import.meta.filename], {
    env: { PATH: process.env['PATH'] ?? '', CHILD: '1' },
    stdio: 'ignore',
    detached: true,
  })
  const timer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), 8000)
  const [code] = (await once(child, 'exit')) as [number | null]
  clearTimeout(timer)
  assert.equal(code, 0)
})
