// portal-burst client SPOOL FROM TO: submits these numbers as fast as a disk takes them
// portal-burst worker SPOOL GATE: answers with their squares; at a line on its input it is deaf until there is a file GATE
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { defaultLimits } from '../../services/portal/admission.ts'
import { userFolders } from '../../services/portal/layout.ts'
import { PortalWorker } from '../../services/portal/worker.ts'

export const burstFolders = (spool: string) => userFolders(spool, 'burst', 'me')

function submit(spool: string, from: number, to: number): void {
  const { prep, todo } = burstFolders(spool)
  for (let value = from; value < to; value++) {
    const built = join(prep, `b${value}`)
    mkdirSync(built)
    writeFileSync(join(built, 'request.json'), `{"value":${value}}`)
    renameSync(built, join(todo, `b${value}~1`))
  }
}

async function serve(spool: string, gate: string): Promise<void> {
  const worker = new PortalWorker({
    spool,
    service: 'burst',
    schema: z.object({ value: z.number() }),
    limits: { ...defaultLimits, freeBytes: 0 },
    log: line => process.stderr.write(`${line}\n`),
    handle: job => Promise.resolve({ type: 'done', body: { square: job.request.value ** 2 } }),
  })
  await worker.start()
  process.stdout.write('started\n')
  process.stdin.once('data', () => {
    process.stdout.write('deaf\n')
    const never = new Int32Array(new SharedArrayBuffer(4))
    // As native code would: nothing of this process runs meanwhile.
    setImmediate(() => {
      while (!existsSync(gate)) Atomics.wait(never, 0, 0, 5)
    })
  })
  process.on('SIGTERM', () => void worker.stop().then(() => process.exit(0)))
}

if (import.meta.main) {
  const [role, spool = '', ...rest] = process.argv.slice(2)
  if (role === 'worker') await serve(spool, rest[0] ?? '')
  else submit(spool, Number(rest[0]), Number(rest[1]))
}
