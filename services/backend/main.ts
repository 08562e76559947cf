import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { exit } from '../../lib/exit.ts'
import { runMain, type Io } from '../../lib/io.ts'
import { formatProblem, type Problem } from '../../lib/problem.ts'
import { socketDir } from '../../lib/socket-dir.ts'
import { PortalClient } from '../portal/client.ts'
import { durabilityOf } from '../portal/disk.ts'
import { log, problems } from './messages.ts'
import { startBackend, type Backend } from './server.ts'

const repo = resolve(import.meta.dirname, '../..')
/** The supervisor kills after 2 s. */
const politeMs = 1500

const port = z.coerce.number().int().min(0).max(65_535)
const environment = z.object({
  COURANTE_HOME: z.string().min(1).optional(),
  COURANTE_SOCKETS: z.string().min(1).optional(),
  PORT: port.optional(),
  COURANTE_PORT_BACKEND: port.optional(),
})

export async function run(_argv: readonly string[], io: Io): Promise<number> {
  const parsed = environment.safeParse(io.env)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    return fail(io, problems.badEnvironment(issue?.path.join('.') ?? '', issue?.message ?? ''))
  }
  const env = parsed.data
  const home = resolve(env.COURANTE_HOME ?? resolve(repo, 'var'))
  const wanted = env.PORT ?? env.COURANTE_PORT_BACKEND ?? 8770
  const print = (line: string): void => void io.stdout.write(`${line}\n`)
  const sockets = env.COURANTE_SOCKETS ?? socketDir(home, io.env)
  const spool = join(home, 'portals')
  using portal = new PortalClient({
    spool,
    service: 'stt',
    user: userInfo().username,
    durability: durabilityOf(io.env),
  })
  let backend: Backend
  try {
    backend = await startBackend({ home, sockets, port: wanted, portal, log: print })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return fail(io, problems.portBusy(wanted))
    throw error
  }
  print(log.listening(backend.address))
  if (!io.signal.aborted) {
    const { promise, resolve } = Promise.withResolvers<void>()
    io.signal.addEventListener('abort', () => resolve())
    await promise
  }
  await backend.close(AbortSignal.timeout(politeMs))
  return exit.ok
}

function fail(io: Io, problem: Problem): number {
  io.stderr.write(formatProblem(problem))
  return problem.exit
}

if (import.meta.main) await runMain(run)
