// contract-worker SPOOL SERVICE rename|fsync: does what test/support/transport-contract.ts asks for
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { jobErrors } from '../../../services/portal/messages.ts'
import { type ClaimedJob, type Outcome, PortalWorker } from '../../../services/portal/worker.ts'

const schema = z.object({
  does: z.string(),
  text: z.string().default(''),
  file: z.string().optional(),
  words: z.array(z.string()).default([]),
})

async function handle(job: ClaimedJob<z.infer<typeof schema>>): Promise<Outcome> {
  const { attempt, request, signal } = job
  if (request.does === 'refuse') {
    const error = { code: 'too_loud', message: 'That is too loud.', todo: 'Whisper.' }
    return { type: 'failed', error }
  }
  if (request.does === 'hang' || (request.does === 'hang-once' && attempt === 1)) {
    await job.emit({ word: 'began' })
    if (!signal.aborted) await once(signal, 'abort')
    return signal.reason === 'stopping'
      ? { type: 'released' }
      : { type: 'failed', error: jobErrors.cancelled() }
  }
  for (const word of request.words) await job.emit({ word })
  if (request.does === 'draw') await writeFile(join(await job.outFolder(), 'picture.txt'), 'a picture')
  const { file } = request
  const attached = file === undefined ? '' : ` ${await readFile(join(job.folder, file), 'utf8')}`
  return { type: 'done', body: { text: `${request.text}${attached}`, attempt } }
}

const [spool = '', service = '', durability] = process.argv.slice(2)
const worker = new PortalWorker({
  spool,
  service,
  schema,
  handle,
  log: line => process.stderr.write(`${line}\n`),
  durability: durability === 'fsync' ? 'fsync' : 'rename',
})
try {
  await worker.start()
  process.stdout.write(`${service} ready\n`)
  process.once('SIGTERM', () => void worker.stop())
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
