// ours SPOOL rename|fsync: our worker, which answers with the double
import { z } from 'zod'
import { PortalWorker } from '../../../services/portal/worker.ts'

const [spool = '', durability = 'rename'] = process.argv.slice(2)
const worker = new PortalWorker({
  spool,
  service: 'double',
  schema: z.looseObject({ value: z.number() }),
  handle: job => Promise.resolve({ type: 'done', body: { double: job.request.value * 2 } }),
  log: line => process.stderr.write(`${line}\n`),
  concurrency: Number(process.env['CONCURRENCY'] ?? 16),
  durability: durability === 'fsync' ? 'fsync' : 'rename',
})
await worker.start()
process.stdout.write('ready\n')
process.on('SIGTERM', () => void worker.stop().then(() => process.exit(0)))
setInterval(() => undefined, 2 ** 30)
