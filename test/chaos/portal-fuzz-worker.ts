// portal-fuzz-worker SPOOL [FAULT]: serves the portal `fuzz` as a service should; with a FAULT as none should
import { readFile, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openPlain } from '../../lib/open-plain.ts'
import { type SttRequest, sttRequestSchema } from '../../services/portal/stt-request.ts'
import { type ClaimedJob, type Outcome, PortalWorker } from '../../services/portal/worker.ts'

/** `follow`: opens attachments as they are. `lose`: now and then a job is gone. `stray`: writes where a link leads. */
export type PlantedFault = 'follow' | 'lose' | 'stray'

async function handle(job: ClaimedJob<SttRequest>, fault: string | undefined): Promise<Outcome> {
  if ('polluted' in {}) return { type: 'failed', error: { code: 'polluted', message: '' } }
  if (job.request.kind === 'session') return { type: 'done', body: {} }
  const { file, model } = job.request
  if (fault === 'lose' && /[57]/.test(job.id)) await rm(job.folder, { recursive: true })
  if (fault === 'stray') await stray(join(job.folder, file))
  if (model === 'emit') for (let i = 0; i < 3; i++) await job.emit({ i })
  if (model === 'status') await job.setStatus({ state: 'running' })
  if (model === 'out') await writeFile(join(await job.outFolder(), 'x'), 'out', { flag: 'wx' })
  if (model === 'crash') return { type: 'crashed', detail: 'SIGSEGV' }
  if (model === 'throw') throw new Error('thrown')
  try {
    return { type: 'done', body: { text: await read(join(job.folder, file), fault) } }
  } catch (error) {
    return { type: 'failed', error: { code: 'unreadable', message: String(error) } }
  }
}

async function read(path: string, fault: string | undefined): Promise<string> {
  if (fault === 'follow' && (await stat(path)).isFile()) return readFile(path, 'utf8')
  await using file = await openPlain(path)
  return file.readFile('utf8')
}

/** Into the canary only, whatever else a link may name. */
async function stray(path: string): Promise<void> {
  const to = await realpath(path).catch(() => '')
  if (to.includes('/canary/')) await writeFile(to, 'stray').catch(() => undefined)
}

if (import.meta.main) {
  const [spool = '', fault] = process.argv.slice(2)
  const worker = new PortalWorker({
    spool,
    service: 'fuzz',
    schema: sttRequestSchema,
    // The spool may lie on a small disk, and what waits is ours to choose.
    limits: { waiting: 1e6, waitingBytes: Infinity, freeBytes: 0 },
    rescanMs: 200,
    handle: job => handle(job, fault),
    log: line => process.stderr.write(`${line}\n`),
  })
  await worker.start()
  process.stdout.write('started\n')
  process.on('SIGTERM', () => void worker.stop().then(() => process.exit(0)))
}
