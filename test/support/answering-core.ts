import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { identify } from '../../lib/process-identity.ts'
import { type ClaimedJob, type Outcome, PortalWorker } from '../../services/portal/worker.ts'
import { Spawned } from './spawned.ts'
import { tempDir } from './temp.ts'

export type Answering = (job: ClaimedJob<Record<string, unknown>>) => Promise<Outcome>

/** Stands in for core: the test itself serves a service, and `core.json` says that its process is core. */
export async function answeringCore(service: string, handle: Answering) {
  await using cleanup = new AsyncDisposableStack()
  const dir = cleanup.use(await tempDir())
  const spool = join(dir.path, 'portals')
  await mkdir(join(dir.path, 'run'))
  await writeFile(join(dir.path, 'run/core.json'), JSON.stringify(identify(process.pid)))
  const schema = z.record(z.string(), z.unknown())
  const worker = new PortalWorker({ spool, service, schema, handle, log: () => undefined })
  await worker.start()
  cleanup.defer(() => worker.stop())
  const all = cleanup.move()
  const env = { COURANTE_HOME: dir.path }
  return {
    path: dir.path,
    env,
    start: (program: string, ...args: string[]) => new Spawned(`scripts/${program}.ts`, args, env),
    /** What a client has left in its folders. */
    left: async (): Promise<string[]> => {
      const user = join(spool, service, userInfo().username)
      return (await Promise.all(['todo', 'done', 'error'].map(name => readdir(join(user, name))))).flat()
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

/** The body of an answer of a language model. */
export function generated(text: string, more: Record<string, unknown> = {}): Outcome {
  const usage = { promptTokens: 1, cachedTokens: 0, completionTokens: 1 }
  const body = { model: 'test', text, finish: 'stop', usage, timings: { total: 1 }, ...more }
  return { type: 'done', body }
}
