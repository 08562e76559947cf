import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { identify } from '../../../lib/process-identity.ts'
import { readCore } from '../../../models/core-view.ts'
import { tempDir } from '../../../test/support/temp.ts'
import type { Result } from '../../portal/request.ts'
import type { RequestInput, SubmittedJob } from '../../portal/transport.ts'
import { CoreWatch } from '../core-watch.ts'
import { MemoryJobs } from './memory-jobs.ts'

test('who wants the other thing of a model calls off what is under way, and hears nothing of its end', async () => {
  await using at = await makeJobs()
  const { jobs, core, portal } = at
  await jobs.start('load', 'm', core)
  await jobs.start('load', 'm', core)
  assert.deepEqual(portal.told, ['load m'])
  await jobs.start('unload', 'm', core)
  assert.deepEqual(portal.told, ['load m', 'cancel', 'unload m'])
  portal.answers[0]?.resolve(failed('cancelled'))
  portal.answers[1]?.resolve({ ok: true, id: '1' })
  await at.until(() => jobs.running('m') === undefined)
  assert.equal(jobs.problem('m'), undefined)
  await jobs.start('load', 'm', core)
  assert.equal(await jobs.callOff('m'), true)
  assert.equal(jobs.running('m'), undefined)
  assert.equal(await jobs.callOff('m'), false)
})

test('a job whose end can’t be known, and that can’t be cancelled either, keeps nobody from the next one', async () => {
  await using at = await makeJobs()
  const { jobs, core, portal } = at
  portal.cancelFails = true
  await jobs.start('load', 'm', core)
  portal.answers[0]?.reject(new Error('no file left'))
  await at.until(() => jobs.running('m') === undefined)
  assert.equal(jobs.problem('m')?.code, 'internal')
  assert.equal(at.lines.length, 2, at.lines.join('\n'))
  await jobs.start('load', 'm', core)
  assert.deepEqual(portal.told, ['load m', 'cancel', 'load m'])
})

async function makeJobs() {
  await using cleanup = new AsyncDisposableStack()
  const home = cleanup.use(await tempDir()).path
  await mkdir(join(home, 'run'))
  await writeFile(join(home, 'run/core.json'), JSON.stringify({ ...identify(process.pid), models: [] }))
  const core = readCore(home)
  assert.ok(core)
  const lines: string[] = []
  const log = (line: string): void => void lines.push(line)
  const watch = cleanup.adopt(new CoreWatch(home, log), watch => watch.close())
  const portal = {
    told: [] as string[],
    answers: [] as PromiseWithResolvers<Result>[],
    cancelFails: false,
    submit: async (request: RequestInput): Promise<SubmittedJob> => {
      const { kind, model } = request as { kind: string; model: string }
      portal.told.push(`${kind} ${model}`)
      const answer = Promise.withResolvers<Result>()
      portal.answers.push(answer)
      return await Promise.resolve({
        id: String(portal.answers.length),
        wait: () => answer.promise,
        waitForStatus: () => Promise.reject(new Error('not asked')),
        stream: () => {
          throw new Error('not asked')
        },
        cancel: () => {
          portal.told.push('cancel')
          return portal.cancelFails ? Promise.reject(new Error('no folder')) : Promise.resolve()
        },
        [Symbol.dispose]: () => undefined,
      })
    },
  }
  let wake = (): void => undefined
  const jobs = cleanup.adopt(new MemoryJobs(portal, watch, { changed: () => wake(), log }), jobs =>
    jobs.close(),
  )
  const all = cleanup.move()
  return {
    jobs,
    core,
    portal,
    lines,
    /** Looks again after each change. */
    until: async (isSo: () => boolean): Promise<void> => {
      while (!isSo()) {
        const { promise, resolve } = Promise.withResolvers<void>()
        wake = resolve
        await promise
      }
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

function failed(code: string): Result {
  return { ok: false, id: '1', error: { code, message: 'It was cancelled.' } }
}
