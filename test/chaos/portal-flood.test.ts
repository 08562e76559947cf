import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { PortalClient } from '../../services/portal/client.ts'
import { userFolders } from '../../services/portal/layout.ts'
import type { Result } from '../../services/portal/request.ts'
import { tempDir } from '../support/temp.ts'
import { executions } from './portal-echo.ts'

const flood = 3000
const requests = 80

test(`a user waits behind a few of the ${flood} requests of another, and a crowd gets its share beside them`, async () => {
  await using spool = await tempDir()
  using flooder = client(spool.path, 'flood')
  using me = client(spool.path, 'me')
  using crowd = client(spool.path, 'crowd')
  await flooder.submit({ value: 0 })
  fill(userFolders(spool.path, 'echo', 'flood'))
  const pending = await Promise.all(Array.from({ length: requests }, () => crowd.submit({ value: 3 })))
  await using _ = worker(spool.path)
  // In order and not in time: how long a turn takes is this machine's doing, whose turn it is the queue's.
  const ids = await Promise.all(pending.map(async job => answered(await job.wait())))
  const turns = ids.map(turnsOf(spool.path))
  // Two users who always have something waiting take turns.
  assert.ok(
    Math.max(...turns) <= 2 * requests + 8,
    `the last of ${requests} was number ${Math.max(...turns)}`,
  )

  // One at a time, from somebody who was not there before: what began since is what it waited behind.
  const asked: { id: string; answered: number }[] = []
  for (let i = 0; i < requests; i++) {
    const done = (await readdir(userFolders(spool.path, 'echo', 'flood').done)).length
    asked.push({ id: answered(await (await me.submit({ value: 3 })).wait()), answered: done })
  }
  const turn = turnsOf(spool.path)
  const behind = asked.map(({ id, answered }, i) => turn(id) - answered - i - requests)
  const waiting = await readdir(userFolders(spool.path, 'echo', 'flood').todo)
  assert.ok(waiting.length > 0, 'all of the flood was served meanwhile')
  // First come, first served would be thousands. While this process does not get to run, the worker goes on, so that the
  // single one says little; half a dozen is usual: four at work, one each that was claimed before.
  assert.ok(median(behind) <= 20, `behind ${median(behind)}`)
})

function client(spool: string, user: string): PortalClient {
  return new PortalClient({ spool, service: 'echo', user })
}

function answered(result: Result): string {
  assert.ok(result.ok)
  return result.id
}

/** How many executions had begun before that of a job. */
function turnsOf(spool: string): (id: string) => number {
  const turns = new Map(
    readFileSync(executions(spool), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line, i) => [line.replace(/~.*/, ''), i]),
  )
  return id => turns.get(id) ?? NaN
}

/** Four jobs at once, a millisecond or two each. */
function worker(spool: string): AsyncDisposable {
  const program = join(import.meta.dirname, 'portal-echo.ts')
  const child = spawn(process.execPath, [program, spool], { stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = once(child, 'exit')
  return {
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** A client's steps without a client: thousands in a second. */
function fill({ prep, todo }: { prep: string; todo: string }): void {
  for (let i = 0; i < flood; i++) {
    mkdirSync(join(prep, `f${i}`))
    writeFileSync(join(prep, `f${i}`, 'request.json'), '{"value":3}')
    renameSync(join(prep, `f${i}`), join(todo, `f${i}~1`))
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN
}
