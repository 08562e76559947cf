// bullmq PACKAGES PORT: BullMQ's worker, which answers with the double
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { BullMq } from '../bullmq.ts'

const [packages = '', port = ''] = process.argv.slice(2)
const { Worker } = createRequire(join(packages, 'x.js'))('bullmq') as BullMq
const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null }
const worker = new Worker('double', async job => await Promise.resolve({ double: job.data.value * 2 }), {
  connection,
  concurrency: 16,
})
await worker.waitUntilReady()
process.stdout.write('ready\n')
process.on('SIGTERM', () => process.exit(0))
