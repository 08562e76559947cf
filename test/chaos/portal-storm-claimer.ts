// portal-storm-claimer FOLDER: waits for its line on stdin, `<change>`, then serves the portal `storm`
import { dieBeforeChange } from './portal-storm-change.ts'
import { appendFileSync, writeSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { PortalWorker } from '../../services/portal/worker.ts'
import { hashOf, turned } from './portal-storm-answer.ts'
import { onGo } from './portal-storm-go.ts'

export const stormConcurrency = 4
/** Short, and long enough for a loaded machine: a claimer that is only slow keeps its jobs. */
export const stormLease = { heartbeatMs: 100, leaseMs: 2000 } as const

const schema = z.looseObject({ value: z.number(), lines: z.number(), file: z.string().optional() })

/** `say` hears `b` when a job begins and `e` when its work has ended. Every execution is a line of `executions.log`. */
export function stormWorker(
  folder: string,
  say: (event: string) => void,
): PortalWorker<z.infer<typeof schema>> {
  return new PortalWorker({
    spool: join(folder, 'spool'),
    service: 'storm',
    schema,
    concurrency: stormConcurrency,
    rescanMs: 500,
    lease: stormLease,
    log: line => appendFileSync(join(folder, 'claimers.log'), `${process.pid} ${line}\n`),
    handle: async job => {
      const { attempt, id, request } = job
      appendFileSync(join(folder, 'executions.log'), `${id}~${attempt} ${process.pid}\n`)
      say('b')
      for (let line = 0; line < request.lines; line++) await job.emit({ attempt, line })
      let hash: string | undefined
      if (request.file !== undefined) {
        const bytes = await readFile(join(job.folder, request.file))
        hash = hashOf(bytes)
        await writeFile(join(await job.outFolder(), 'turned.bin'), turned(bytes))
      }
      // So that a kill finds several at work.
      if (request.value % 4 > 0) await delay(request.value % 4)
      say('e')
      return { type: 'done', body: { square: request.value ** 2, attempt, hash } }
    },
  })
}

if (import.meta.main)
  onGo(async change => {
    if (change !== undefined && change > 0) dieBeforeChange(change)
    const worker = stormWorker(folderOfArguments(), event => writeSync(1, event))
    for (;;) {
      try {
        await worker.start()
        return undefined
      } catch (error) {
        // Until the lease of the stopped one is over.
        if (!/served by another process/.test(String(error))) throw error
        await delay(50)
      }
    }
  })

function folderOfArguments(): string {
  const [folder] = process.argv.slice(2)
  if (folder === undefined) throw new Error('usage: portal-storm-claimer FOLDER')
  return folder
}
