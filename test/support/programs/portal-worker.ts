// portal-worker.ts UID SPOOL SERVICE: becomes that user and serves the portal: gives back the request, the attachments and a file
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { PortalWorker } from '../../../services/portal/worker.ts'

const [, , uid, spool = '', service = ''] = process.argv
const worker = new PortalWorker({
  spool,
  service,
  schema: z.looseObject({ text: z.string() }),
  handle: async job => {
    await job.emit('listening')
    writeFileSync(join(await job.outFolder(), 'made.txt'), 'made')
    const files = readdirSync(job.folder).filter(name => name.endsWith('.txt'))
    return { type: 'done', body: { text: job.request.text, files, attempt: job.attempt } }
  },
  log: line => console.log(line),
})
// What had to be read of our own is read by now, wherever it lies.
process.setgroups?.([])
process.setgid?.(Number(uid))
process.setuid?.(Number(uid))
process.umask(0o077)
mkdirSync(spool, { recursive: true, mode: 0o700 })
await worker.start()
console.log('ready')
