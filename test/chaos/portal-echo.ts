// portal-echo SPOOL [GATE]: serves the portal `echo`, and says on its output what it began
import { appendFileSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { PortalWorker } from '../../services/portal/worker.ts'

/** The file to which every execution adds its line, `<id>~<attempt>`. */
export function executions(spool: string): string {
  return join(spool, 'executions.log')
}

/** Answers with the square of `value`, once there is a file `gate`. `onBegin` hears of each job. */
export function echoWorker(
  spool: string,
  onBegin: (id: string) => void,
  gate = process.execPath,
): PortalWorker<{ value: number }> {
  mkdirSync(spool, { recursive: true })
  return new PortalWorker({
    spool,
    service: 'echo',
    schema: z.looseObject({ value: z.number() }),
    concurrency: 4,
    log: () => undefined,
    handle: async job => {
      appendFileSync(executions(spool), `${job.id}~${job.attempt}\n`)
      onBegin(job.id)
      do await delay(1)
      while (!existsSync(gate))
      return { type: 'done', body: { square: job.request.value ** 2 } }
    },
  })
}

if (import.meta.main) {
  const [spool = '', gate] = process.argv.slice(2)
  await echoWorker(spool, id => process.stdout.write(`began ${id}\n`), gate).start()
}
