import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { exit } from '../../lib/exit.ts'
import { runMain, type Io } from '../../lib/io.ts'
import { parseListen } from '../../lib/listen.ts'
import { formatProblem, type Problem, ProblemError } from '../../lib/problem.ts'
import { socketDir } from '../../lib/socket-dir.ts'
import { localUserName } from '../chat/users/local-user.ts'
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
  COURANTE_LISTEN: z.string().optional(),
  COURANTE_PAGE: z.string().min(1).optional(),
  COURANTE_PORT_FRONTEND: z.string().optional(),
  COURANTE_MODELS: z.string().min(1).optional(),
  COURANTE_LANGUAGE_MODEL: z.string().optional(),
  COURANTE_SERVICE: z.string().optional(),
})

export async function run(_argv: readonly string[], io: Io): Promise<number> {
  const parsed = environment.safeParse(io.env)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    return fail(io, problems.badEnvironment(issue?.path.join('.') ?? '', issue?.message ?? ''))
  }
  const env = parsed.data
  const listenText = env.COURANTE_LISTEN ?? ''
  const listen = listenText === '' ? undefined : parseListen(listenText)
  if (listenText !== '' && listen === undefined) return fail(io, problems.badListen(listenText))
  const home = resolve(env.COURANTE_HOME ?? resolve(repo, 'var'))
  const wanted = env.PORT ?? env.COURANTE_PORT_BACKEND ?? 8770
  const print = (line: string): void => void io.stdout.write(`${line}\n`)
  const sockets = env.COURANTE_SOCKETS ?? socketDir(home, io.env)
  const spool = join(home, 'portals')
  const user = userInfo().username
  const durability = durabilityOf(io.env)
  const clients = new Map<string, PortalClient>()
  using closing = new DisposableStack()
  const portal = (service: string): PortalClient => {
    const client = clients.get(service) ?? closing.use(new PortalClient({ spool, service, user, durability }))
    clients.set(service, client)
    return client
  }
  let backend: Backend
  try {
    const localName = localUserName(user)
    backend = await startBackend({
      home,
      sockets,
      port: wanted,
      listen,
      localName,
      portal,
      log: print,
      page: env.COURANTE_PAGE === undefined ? undefined : resolve(io.cwd, env.COURANTE_PAGE),
      devPort: env.COURANTE_PORT_FRONTEND,
      models: {
        modelsDir: resolve(env.COURANTE_MODELS ?? join(repo, 'models/files')),
        dir: io.cwd,
        env: io.env,
        llm: env.COURANTE_LANGUAGE_MODEL || undefined,
      },
      ownName: env.COURANTE_SERVICE,
    })
  } catch (error) {
    if (error instanceof ProblemError) return fail(io, error.problem)
    if ((error as NodeJS.ErrnoException).code === 'NEWER_STATE') return fail(io, problems.newerState(home))
    throw error
  }
  print(log.listening(backend.address))
  if (backend.origins.length > 0) print(log.openTo(backend.origins))
  if (backend.firstLink !== undefined) print(log.firstLink(backend.firstLink))
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
