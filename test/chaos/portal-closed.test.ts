// Lies beside test/chaos/*.test.ts. D5: a job that its owner closes while it waits ends no worker (of a service that is not root).
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempDir } from '../support/temp.ts'

test('a job closed while it waits', async () => {
  await using dir = await tempDir()
  chmodSync(dir.path, 0o777)
  const at = (path: string) => JSON.stringify(join(import.meta.dirname, '../../', path))
  const program = `
    import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
    import { z } from 'zod'
    const { PortalWorker } = await import(${at('services/portal/worker.ts')})
    const { PortalClient } = await import(${at('services/portal/client.ts')})
    await import('yaml')
    if (process.getuid() === 0) { process.setgid(65534); process.setuid(65534) }
    const spool = ${JSON.stringify(join(dir.path, 'spool'))}
    mkdirSync(spool)
    const gate = Promise.withResolvers()
    const worker = new PortalWorker({ spool, service: 'w', schema: z.looseObject({}), concurrency: 1, log: () => {}, rescanMs: 50,
      handle: async () => { await gate.promise; return { type: 'done', body: {} } } })
    await worker.start()
    const client = new PortalClient({ spool, service: 'w', user: 'me' })
    const jobs = []
    for (let i = 0; i < 3; i++) jobs.push(await client.submit({}))
    chmodSync(spool + '/w/me/todo/' + jobs[2].id + '~1', 0)
    setTimeout(() => gate.resolve(), 500)
    for (const job of jobs) await job.wait()
    await worker.stop()
    client[Symbol.dispose]()
    process.stdout.write('all answered')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: join(import.meta.dirname, '../..'),
  })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  const timer = setTimeout(() => child.kill('SIGKILL'), 20_000)
  await once(child, 'close')
  clearTimeout(timer)
  assert.match(said, /all answered/)
})
