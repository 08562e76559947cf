import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { tempDir } from '../support/temp.ts'
import { mounted, noMounts } from './mounted.ts'
import { assertAnswer, assertEmpty, diskPortal, fill } from './portal-disk-rig.ts'
import { DiskFault } from './portal-fault.ts'

const disk = new DiskFault()
const skip = noMounts()

test('a disk that is full from any one change of the worker on, for a while: one answer, and the queue goes on', async () => {
  for (const count of [1, 7]) {
    for (let from = 1; ; from++) {
      await using dir = await tempDir()
      await using p = diskPortal(dir.path)
      const job = await p.client.submit({ value: 7 }, { id: 'mine' })
      disk.arm(dir.path, from, count)
      const started = await p.worker.start().then(
        () => undefined,
        (error: unknown) => error,
      )
      let second: ReturnType<typeof p.another> | undefined
      if (started === undefined) await p.answered('mine')
      else assert.equal((started as NodeJS.ErrnoException).code, 'ENOSPC')
      const { refused } = disk
      disk.heal()
      if (started !== undefined) await (second = p.another()).start()
      const story = [`full from ${from} for ${count}`, ...refused, ...p.lines].join('\n')
      assertAnswer(await job.wait(), 'mine', story)
      const next = await p.client.submit({ value: 8 }, { id: 'next' })
      assert.deepEqual(await next.wait(), { ok: true, id: 'next', square: 64 }, story)
      await second?.stop()
      await p.worker.stop()
      await assertEmpty(dir.path, story)
      if (refused.length > 0) continue
      assert.ok(from > 10, story)
      break
    }
  }
})

test('a disk that is full at any one change of the client: an error with its code, or the job goes on', async () => {
  for (let from = 1; ; from++) {
    await using dir = await tempDir()
    await writeFile(join(dir.path, 'a.txt'), 'attached')
    const spool = join(dir.path, 'spool')
    await using p = diskPortal(spool)
    const files = [{ name: 'a.txt', from: join(dir.path, 'a.txt') }]
    disk.arm(spool, from, 3)
    const refusedTo = async <T>(ask: Promise<T>): Promise<T | undefined> => {
      try {
        return await ask
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC', String(error))
        return undefined
      }
    }
    let steps = 0
    const submit = () => p.client.submit({ value: 7 }, { id: 'mine', files })
    // Each time that it is refused there is a little less to refuse.
    let job
    while ((job = await refusedTo(submit())) === undefined) assert.ok(++steps < 20)
    const { refused } = disk
    disk.heal()
    await p.worker.start()
    await p.answered('mine')
    await p.worker.stop()
    const left = from - 12
    disk.arm(spool, Math.max(1, left), left < 1 ? 0 : 3)
    let result
    while ((result = await refusedTo(job.wait())) === undefined) assert.ok(++steps < 20)
    const collecting = disk.refused
    disk.heal()
    const story = [`full from ${from}`, ...refused, '--- collecting', ...collecting].join('\n')
    assert.deepEqual(result, { ok: true, id: 'mine', square: 49 }, story)
    assert.deepEqual(p.executed, ['mine~1'], story)
    // Where it could not be moved away it stays until it expires.
    if (collecting.length === 0) await assertEmpty(spool, story)
    if (left >= 1 && collecting.length === 0) return
  }
})

test('a cancellation on a full disk is refused with its code, and there is one answer after it', async () => {
  for (let from = 1; ; from++) {
    await using dir = await tempDir()
    await using p = diskPortal(dir.path)
    const job = await p.client.submit({ value: 7 }, { id: 'mine' })
    disk.arm(dir.path, from, 1)
    await job
      .cancel()
      .catch((error: unknown) => assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC'))
    const { refused } = disk
    disk.heal()
    await job.cancel()
    await p.worker.start()
    const next = await p.client.submit({ value: 8 }, { id: 'next' })
    assert.equal((await next.wait()).ok, true)
    const story = [`full at ${from}`, ...refused].join('\n')
    const result = await job
      .wait(AbortSignal.timeout(20_000))
      .catch(error => assert.fail(`${story}\n${error}`))
    assert.ok(!result.ok && result.error.code === 'cancelled', story)
    await p.worker.stop()
    await assertEmpty(dir.path, story)
    if (refused.length === 0) return
  }
})

test(
  'a disk that is really full: submit says so, what waits is served when there is room again',
  { skip },
  async () => {
    await using disk = await mounted(2 * 1024 ** 2)
    await using p = diskPortal(disk.path)
    const jobs = []
    for (let value = 0; value < 50; value++) jobs.push(await p.client.submit({ value }))
    fill(disk.path)
    await assert.rejects(p.client.submit({ value: 1, text: 'x'.repeat(10_000) }), { code: 'ENOSPC' })
    await p.worker
      .start()
      .catch((error: unknown) => assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC'))
    const worker = p.another()
    await p.worker.stop()
    rmSync(join(disk.path, 'filling'))
    await worker.start()
    const results = await Promise.all(jobs.map(job => job.wait()))
    assert.deepEqual(
      results.map(result => result['square' as 'id']),
      jobs.map((_, value) => value ** 2),
    )
    // And full while it serves.
    fill(disk.path)
    const attempts = await Promise.allSettled(
      Array.from({ length: 20 }, (_, value) => p.client.submit({ value, text: 'x'.repeat(5000) })),
    )
    rmSync(join(disk.path, 'filling'))
    for (const attempt of attempts) {
      if (attempt.status === 'rejected') assert.equal((attempt.reason as { code: string }).code, 'ENOSPC')
      else assertAnswer(await attempt.value.wait(), attempt.value.id, p.lines.join('\n'))
    }
    assert.equal((await (await p.client.submit({ value: 3 })).wait()).ok, true)
    await worker.stop()
    await assertEmpty(disk.path, p.lines.join('\n'))
  },
)

test(
  'a spool that is read-only for a while: the worker says so in few words and goes on after',
  { skip },
  async () => {
    await using disk = await mounted(8 * 1024 ** 2)
    await using p = diskPortal(disk.path)
    await p.worker.start()
    await (await p.client.submit({ value: 1 })).wait()
    const hold = p.hold()
    const held = await p.client.submit({ value: 5 }, { id: 'held' })
    await p.began('held')
    const jobs = []
    for (let value = 0; value < 100; value++) jobs.push(await p.client.submit({ value }))
    disk.remount('ro')
    await assert.rejects(p.client.submit({ value: 2 }), { code: 'EROFS' })
    const said = p.lines.length
    const [cpu, began] = [process.cpuUsage(), performance.now()]
    hold.resolve()
    // Thirty rescans.
    await delay(600)
    const { user, system } = process.cpuUsage(cpu)
    const busy = (user + system) / 1000 / (performance.now() - began)
    assert.ok(busy < 0.6, `the processor was busy for ${Math.round(busy * 100)} % of the time`)
    const lines = p.lines.slice(said)
    assert.ok(lines.length > 0)
    assert.ok(lines.length < 200, `${lines.length} lines, such as ${lines[0]}`)
    disk.remount('rw')
    for (const [value, job] of jobs.entries()) {
      assert.deepEqual(await job.wait(), { ok: true, id: job.id, square: value ** 2 })
    }
    assertAnswer(await held.wait(), 'held', p.lines.join('\n'))
    await p.worker.stop()
    await assertEmpty(disk.path, p.lines.join('\n'))
  },
)

test(
  'a portal that a user may not write to: an error with its code, and others are served',
  { skip },
  async () => {
    await using dir = await tempDir()
    await using p = diskPortal(dir.path)
    await p.worker.start()
    await (await p.client.submit({ value: 1 })).wait()
    const program = `
    const { PortalClient } = await import(${JSON.stringify(join(import.meta.dirname, '../../services/portal/client.ts'))})
    process.setgid(65534)
    process.setuid(65534)
    using client = new PortalClient({ spool: ${JSON.stringify(dir.path)}, service: 'echo', user: 'me' })
    await client.submit({ value: 1 }).catch(error => process.stdout.write(error.code))`
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
    await once(child, 'close')
    assert.equal(said, 'EACCES')
    assert.equal((await (await p.client.submit({ value: 2 })).wait()).ok, true)
  },
)

test(
  'a folder for files on another file system: an error with its code, and the answer is still there',
  { skip },
  async () => {
    await using dir = await tempDir()
    await using disk = await mounted(1024 ** 2)
    await using p = diskPortal(disk.path)
    await p.worker.start()
    const job = await p.client.submit({ value: 7, files: true })
    await p.answered(job.id)
    const [far, near] = [join(dir.path, 'files'), join(disk.path, 'files')]
    // Or they are copied.
    const first = await job.wait(undefined, { filesTo: far }).catch((error: unknown) => error)
    const to = first instanceof Error ? near : far
    if (first instanceof Error) assert.equal((first as NodeJS.ErrnoException).code, 'EXDEV')
    assert.deepEqual(await job.wait(undefined, { filesTo: to }), { ok: true, id: job.id, square: 49 })
    assert.equal(await readFile(join(to, 'out.txt'), 'utf8'), '7')
  },
)

test(
  'prep on another file system than todo: an error with its code, and the queue goes on',
  { skip },
  async () => {
    await using dir = await tempDir()
    await using p = diskPortal(dir.path)
    await p.worker.start()
    const first = await p.client.submit({ value: 1 })
    await first.wait()
    {
      await using _ = await mounted(1024 ** 2, join(dir.path, 'echo/me/prep'))
      using other = p.anotherClient()
      await assert.rejects(other.submit({ value: 2 }), { code: 'EXDEV' })
    }
    assert.equal((await (await p.client.submit({ value: 3 })).wait()).ok, true)
    await p.worker.stop()
    await assertEmpty(dir.path, p.lines.join('\n'))
    assert.equal(p.executed.length, 2)
  },
)
