import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { defaultLimits } from '../../services/portal/admission.ts'
import { PortalClient } from '../../services/portal/client.ts'
import { userFolders } from '../../services/portal/layout.ts'
import type { Result } from '../../services/portal/request.ts'
import { PortalWorker } from '../../services/portal/worker.ts'

/** A client and a worker whose rescan is quick, and a list of what it executed. */
export function diskPortal(spool: string) {
  mkdirSync(spool, { recursive: true })
  const lines: string[] = []
  const executed: string[] = []
  let gate: Promise<void> | undefined
  const make = () =>
    new PortalWorker({
      spool,
      service: 'echo',
      schema: z.looseObject({ value: z.number(), files: z.boolean().optional() }),
      limits: { ...defaultLimits, freeBytes: 0 },
      rescanMs: 20,
      concurrency: 4,
      log: line => lines.push(line),
      handle: async job => {
        executed.push(`${job.id}~${job.attempt}`)
        await gate
        await job.emit({ at: 'work' })
        if (job.request.files === true) {
          await writeFile(join(await job.outFolder(), 'out.txt'), String(job.request.value))
        }
        return { type: 'done', body: { square: job.request.value ** 2 } }
      },
    })
  const worker = make()
  const anotherClient = () => new PortalClient({ spool, service: 'echo', user: 'me' })
  const client = anotherClient()
  const folders = userFolders(spool, 'echo', 'me')
  const until = async (is: () => boolean) => {
    while (!is()) await delay(1)
  }
  return {
    worker,
    client,
    lines,
    executed,
    another: make,
    anotherClient,
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return { resolve }
    },
    began: (id: string) => until(() => executed.some(each => each.startsWith(`${id}~`))),
    answered: (id: string) =>
      until(() => [folders.done, folders.error].some(parent => existsSync(join(parent, id, 'result.json')))),
    [Symbol.asyncDispose]: async () => {
      client[Symbol.dispose]()
      await worker.stop()
    },
  }
}

/** The work's, or an error that says what was wrong. */
export function assertAnswer(result: Result, id: string, story: string): void {
  if (result.ok) assert.equal(result.id, id, story)
  else assert.match(result.error.message, /ENOSPC|EROFS|disk/, `${JSON.stringify(result)}\n${story}`)
}

export function fill(folder: string): void {
  const chunk = Buffer.alloc(4096)
  for (;;) {
    try {
      writeFileSync(join(folder, 'filling'), chunk, { flag: 'a' })
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC')
      return
    }
  }
}

export async function assertEmpty(spool: string, story: string): Promise<void> {
  // What lies in `live/` of a job that could not be ended there is taken by the next sweep.
  for (const folder of ['me/todo', 'me/done', 'me/error', 'me/cancel']) {
    assert.deepEqual(await readdir(join(spool, 'echo', folder)), [], `${folder}\n${story}`)
  }
  const held = readdirSync(join(spool, 'echo/.run'), { recursive: true }).map(String)
  assert.deepEqual(
    held.filter(path => path.includes('~')),
    [],
    story,
  )
}
