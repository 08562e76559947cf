import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Cards } from '../../services/core/cards.ts'
import { Core } from '../../services/core/core.ts'
import type { EngineEvent, EngineLimits } from '../../services/core/engine-process.ts'
import { EngineProcess } from '../../services/core/engine-process.ts'
import type { EngineRequest } from '../../services/core/engine.ts'
import { CoreMetrics } from '../../services/core/metrics.ts'
import { serve } from '../../services/core/serve.ts'
import { PortalClient } from '../../services/portal/client.ts'
import { llmRequestSchema } from '../../services/portal/llm-request.ts'
import { PortalWorker } from '../../services/portal/worker.ts'
import { root } from '../support/our-stack.ts'
import { tempDir } from '../support/temp.ts'

const limits: EngineLimits = { beats: { loading: 120, ready: 120 }, cancel: 100, stop: 2000 }

/** Core, a portal, and a model that hangs at the word `hang`. */
async function started() {
  const folder = await tempDir()
  const model = {
    id: 'a',
    kind: 'llm',
    title: 'a',
    engine: 'echo',
    licence: '',
    origin: 'yours',
    files: {},
    bytes: 0,
    installed: true,
    missing: [],
    settings: { parallel: 1, hangOn: 'hang' },
    idleMs: undefined,
    pinned: false,
    memory: 1e8,
    vision: false,
  } as const
  const view = {
    models: new Map([['a', model]]),
    defaults: {},
    budget: undefined,
    gpuBudget: undefined,
    idleMs: 0,
    faults: [],
  }
  const changes = new EventEmitter()
  const log: string[] = []
  const metrics = new CoreMetrics()
  const core = new Core({
    inventory: { look: () => view },
    memory: 8e9,
    cards: new Cards({ COURANTE_GPU: 'off' }),
    threads: 1,
    env: process.env,
    log: line => void log.push(line),
    metrics,
    onChange: () => changes.emit('change'),
    limits,
  })
  const spool = join(folder.path, 'portals')
  const options = { core, service: 'llm', metrics, sockets: folder.path, log: () => undefined }
  const worker = new PortalWorker<EngineRequest>({
    spool,
    service: 'llm',
    schema: llmRequestSchema,
    handle: job => serve(job, options),
    log: line => void log.push(line),
  })
  await worker.start()
  const client = new PortalClient({ spool, service: 'llm', user: 'me' })
  return {
    log,
    ask: (prompt: string) => client.submit({ kind: 'complete', model: 'a', prompt }),
    works: async (): Promise<void> => {
      while (core.scheduler.models.get('a')?.working.size !== 1) await once(changes, 'change')
    },
    claimed: async (): Promise<string[]> =>
      (await readdir(join(spool, 'llm/.run'), { recursive: true })).filter(name => name.includes('~')),
    [Symbol.asyncDispose]: async () => {
      client[Symbol.dispose]()
      await worker.stop()
      await core.stop()
      await folder[Symbol.asyncDispose]()
    },
  }
}

test('a cancelled request whose engine has to be killed for it is cancelled, and not tried again', async () => {
  await using at = await started()
  const hangs = await at.ask('hang')
  await at.works()
  await hangs.cancel()
  const result = await hangs.wait()
  assert.ok(!result.ok)
  assert.equal(result.error.code, 'cancelled')
  assert.match(at.log.join('\n'), /ended by itself \(it did not obey a cancellation/)
  // Its place is free: a second try would hang there for ever.
  const next = await (await at.ask('fine')).wait()
  assert.ok(next.ok)
  assert.deepEqual(await at.claimed(), [])
  assert.equal(at.log.filter(line => line.includes('loaded in')).length, 2)
})

/** An engine of a few lines of TypeScript, and how it ended. */
async function engine(body: string) {
  await using folder = await tempDir()
  const program = join(folder.path, 'engine.ts')
  const from = (path: string): string => JSON.stringify(join(root, path))
  await writeFile(program, `import { encodeJsonFrame } from ${from('lib/frames.ts')}\n${body}`)
  const { promise, resolve } = Promise.withResolvers<Extract<EngineEvent, { type: 'exited' }>>()
  const events: EngineEvent[] = []
  const started = new EngineProcess({
    program,
    model: { id: 'a', engine: 'a', files: {}, settings: {} },
    threads: 1,
    gpu: false,
    env: process.env,
    limits,
    onEvent: event => {
      events.push(event)
      if (event.type === 'exited') resolve(event)
    },
  })
  const end = await promise
  await started.stop()
  return { ...end, events: events.map(({ type }) => type) }
}

test('an engine that says without an end what is no line takes no memory of core’s', async () => {
  const before = process.memoryUsage().rss
  const { detail } = await engine(
    `import { writeSync } from 'node:fs'
     const dots = Buffer.alloc(1e6, '.')
     const write = (bytes) => {
       for (let at = 0; at < bytes.length;) {
         try { at += writeSync(2, bytes, at) } catch (error) { if (error.code !== 'EAGAIN') throw error }
       }
     }
     for (let i = 0; i < 300; i++) write(dots)
     write(Buffer.from('\\nthe last words\\n'))
     process.exit(3)`,
  )
  assert.match(detail, /^exit code 3, pid \d+: \.{500}: the last words$/)
  assert.ok(process.memoryUsage().rss - before < 200e6)
})

test('an engine that says of its loaded model that it can not be loaded is ended, since it would answer nobody', async () => {
  const { detail, crashed, events } = await engine(
    `import { Socket } from 'node:net'
     const core = new Socket({ fd: 3 })
     core.write(encodeJsonFrame({ type: 'loaded', ms: 1, parallel: 1, facts: {} }))
     core.write(encodeJsonFrame({ type: 'load_failed', failure: { reason: 'internal', detail: 'late' } }))`,
  )
  assert.match(detail, /it said of its loaded model/)
  assert.deepEqual([crashed, events], [false, ['spawned', 'loaded', 'exited']])
})
