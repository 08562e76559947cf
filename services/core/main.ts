import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { type Io, runMain } from '../../lib/io.ts'
import { identify } from '../../lib/process-identity.ts'
import { makeSocketDir, socketDir } from '../../lib/socket-dir.ts'
import { durabilityOf } from '../portal/disk.ts'
import { sttRequestSchema } from '../portal/request.ts'
import { PortalWorker } from '../portal/worker.ts'
import { CoreFile } from './core-file.ts'
import type { EngineSpec } from './engine.ts'
import { EngineHost, type EngineState } from './engine-host.ts'
import { serveStt, sweepSockets } from './serve-stt.ts'
import { modelThreads } from './threads.ts'

const repo = resolve(import.meta.dirname, '../..')

const stt: EngineSpec = {
  name: 'stt',
  model: 'moonshine-tiny',
  program: join(repo, 'services/engines/stt/moonshine.ts'),
}

/** Claims work from the portals, and keeps the engines that do it alive. */
export async function run(_argv: readonly string[], io: Io): Promise<number> {
  const home = resolve(io.env['COURANTE_HOME'] ?? join(repo, 'var'))
  const sockets = io.env['COURANTE_SOCKETS'] ?? socketDir(home, io.env)
  const models = resolve(io.env['COURANTE_MODELS'] ?? join(repo, 'models/files'))
  const log = (line: string) => void io.stdout.write(`${line}\n`)
  const me = identify(process.pid)
  if (me === undefined) throw new Error('this process has no identity')

  makeSocketDir(sockets)
  await sweepSockets(sockets)
  const file = new CoreFile(home)
  const host = new EngineHost({
    spec: stt,
    models,
    threads: modelThreads(),
    log,
    onChange: (state, memory) => {
      const engine = { model: stt.model, state: state.name, ...childFacts(state), memory }
      file.write({ ...me, engine }).catch((error: unknown) => log(`core.json: ${String(error)}`))
    },
  })
  const worker = new PortalWorker({
    spool: join(home, 'portals'),
    service: 'stt',
    schema: sttRequestSchema,
    concurrency: 32,
    durability: durabilityOf(io.env),
    handle: job => serveStt(job, { host, model: stt.model, sockets, log }),
    log,
  })
  await worker.start()
  log('core ready')

  if (!io.signal.aborted) await once(io.signal, 'abort')
  // The worker first: it puts back or answers what is running, for which the engine has to be there.
  await worker.stop()
  await host.stop()
  await file.remove()
  return 0
}

function childFacts(state: EngineState): { pid: number | null; loadedMs: number | null } {
  const pid = 'child' in state ? (state.child.pid ?? null) : null
  return { pid, loadedMs: state.name === 'ready' ? state.loadedMs : null }
}

if (import.meta.main) await runMain(run)
