import { once } from 'node:events'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import type { ZodType } from 'zod'
import { type Io, runMain } from '../../lib/io.ts'
import { identify } from '../../lib/process-identity.ts'
import { makeSocketDir, socketDir } from '../../lib/socket-dir.ts'
import { Inventory } from '../../models/inventory.ts'
import { lookAtMachine } from '../../models/machine.ts'
import { durabilityOf } from '../portal/disk.ts'
import { makeUserFolders, userFolders } from '../portal/layout.ts'
import { imageRequestSchema } from '../portal/image-request.ts'
import { llmRequestSchema } from '../portal/llm-request.ts'
import { modelsRequestSchema } from '../portal/models-request.ts'
import { sttRequestSchema } from '../portal/stt-request.ts'
import { ttsRequestSchema } from '../portal/tts-request.ts'
import { PortalWorker } from '../portal/worker.ts'
import { Cards } from './cards.ts'
import { chooseModel } from './choose-model.ts'
import { openControl } from './control.ts'
import { coreFacts } from './core-facts.ts'
import { CoreFile } from './core-file.ts'
import { Core } from './core.ts'
import type { EngineRequest } from './engine.ts'
import { coreNotices } from './messages.ts'
import { CoreMetrics } from './metrics.ts'
import { modelFor, serve, sweepSockets } from './serve.ts'
import { serveModels } from './serve-models.ts'
import { modelThreads } from './threads.ts'

const repo = resolve(import.meta.dirname, '../..')

const services: Readonly<Record<string, ZodType<EngineRequest>>> = {
  llm: llmRequestSchema,
  stt: sttRequestSchema,
  tts: ttsRequestSchema,
  image: imageRequestSchema,
}
/** Jobs of one service that core has claimed: enough that those of one model can go together. */
const claims = 64

/** Claims work from the portals, and keeps the models that do it in memory. */
export async function run(_argv: readonly string[], io: Io): Promise<number> {
  const home = resolve(io.env['COURANTE_HOME'] ?? join(repo, 'var'))
  const sockets = io.env['COURANTE_SOCKETS'] ?? socketDir(home, io.env)
  const modelsDir = resolve(io.env['COURANTE_MODELS'] ?? join(repo, 'models/files'))
  const log = (line: string) => void io.stdout.write(`${line}\n`)
  const self = identify(process.pid)
  if (self === undefined) throw new Error('this process has no identity')

  makeSocketDir(sockets)
  await sweepSockets(sockets)
  const metrics = new CoreMetrics()
  const core = new Core({
    inventory: new Inventory({
      home,
      modelsDir,
      env: io.env,
      llm: io.env['COURANTE_LANGUAGE_MODEL'] || undefined,
    }),
    memory: lookAtMachine().budget,
    cards: new Cards(io.env),
    threads: modelThreads(),
    env: io.env,
    log,
    metrics,
    onChange: () => file.changed(),
  })
  const facts = () => coreFacts(core, self)
  const file = new CoreFile(home, facts, error => log(coreNotices.trouble('core.json', String(error))))
  await using _control = await openControl(sockets, {
    '/state': { type: 'application/json', text: async () => Promise.resolve(JSON.stringify(facts())) },
    '/metrics': { type: 'text/plain; version=0.0.4', text: () => metricsText(core, metrics) },
  })
  const spool = join(home, 'portals')
  const common = { spool, durability: durabilityOf(io.env), concurrency: claims, log }
  const workers = [
    ...Object.entries(services).map(
      ([service, schema]) =>
        new PortalWorker({
          ...common,
          service,
          schema,
          handle: job => serve(job, { core, service, metrics, sockets, log }),
          models: {
            of: request => {
              const model = modelFor(core.look(), request)
              return 'code' in model ? '' : model.id
            },
            isLoaded: model => core.hosted.get(model)?.loaded !== undefined,
          },
        }),
    ),
    new PortalWorker({
      ...common,
      service: 'models',
      schema: modelsRequestSchema,
      handle: job => serveModels(job, core),
    }),
  ]
  // Who types a first request by hand finds where it goes.
  const me = userInfo().username
  for (const service of [...Object.keys(services), 'models']) makeUserFolders(userFolders(spool, service, me))
  for (const worker of workers) await worker.start()
  await file.write()
  log('core ready')
  warmUp(core, io.signal)
  core.askCard().catch((error: unknown) => log(coreNotices.trouble('the graphics card', String(error))))

  if (!io.signal.aborted) await once(io.signal, 'abort')
  // The workers first: they put back or answer what is running, for which the engines have to be there.
  await Promise.all(workers.map(worker => worker.stop()))
  await core.stop()
  await file.remove()
  return 0
}

/** Speech has to be understood from its first word on, so its model is there before somebody speaks; it goes when nobody does. */
function warmUp(core: Core, signal: AbortSignal): void {
  // Also for the pins.
  const model = chooseModel(core.look(), undefined, ['stt'])
  if ('code' in model) return
  core.use({ key: 'core/warm-up', user: '', signal }, model, async () => undefined).catch(() => undefined)
}

function metricsText(core: Core, metrics: CoreMetrics): Promise<string> {
  const models = Array.from(core.hosted.values(), ({ model, measured }) => ({
    id: model.id,
    bytes: {
      estimated: model.memory ?? 0,
      measured: measured['memory'] ?? 0,
      reserved: core.scheduler.models.get(model.id)?.needs['memory'] ?? 0,
      ...(measured['gpu'] === undefined ? {} : { gpu: measured['gpu'] }),
    },
  }))
  return metrics.text(core.scheduler, models)
}

if (import.meta.main) await runMain(run)
