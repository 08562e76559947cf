import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import helmet from '@fastify/helmet'
import { fastify, type FastifyInstance } from 'fastify'
import type { Listen } from '../../lib/listen.ts'
import { Agents } from '../chat/agents/agents.ts'
import { openDatabase } from '../chat/database.ts'
import { Accounts } from '../chat/users/accounts.ts'
import { writeBackendFacts } from '../chat/users/backend-facts.ts'
import { newLocalKey, writeLocalKey } from '../chat/users/local-key.ts'
import type { PortalClient } from '../portal/client.ts'
import { limitBodies, limitConnections, serverOptions, usualLimits, type Limits } from './api/limits.ts'
import { loginRoutes } from './api/login.ts'
import { modelRoutes } from './api/models.ts'
import { asRefusal, problemReplies, rawProblem, sendProblem } from './api/problem-reply.ts'
import { Refusal } from './api/refusal.ts'
import type { RouteSpec } from './api/route.ts'
import { systemRoutes } from './api/system.ts'
import { userRoutes } from './api/users.ts'
import { openChat } from './chat.ts'
import { CoreJobs } from './core-job.ts'
import { CoreWatch } from './core-watch.ts'
import { Guard } from './guard.ts'
import { healthRoutes } from './health.ts'
import { startListening } from './listening.ts'
import { apiProblems, log as words } from './messages.ts'
import { metricsRoutes } from './metrics.ts'
import { ModelDesk, type ModelPlaces } from './models/model-desk.ts'
import { ModelFilesWatch } from './models/model-files-watch.ts'
import { formPath } from './openai/audio.ts'
import { openAiRoutes } from './openai/routes.ts'
import { checkPage, pageRoutes } from './page.ts'
import { RealtimeServer } from './realtime.ts'
import { speechRoutes } from './speech.ts'
import { SupervisorLink } from './supervisor-link.ts'
import { transcriptRoutes } from './transcript.ts'
import { welcomeRoutes } from './welcome.ts'

export interface BackendOptions {
  readonly home: string
  /** Folder of core's sockets. */
  readonly sockets: string
  readonly port: number
  /** Undefined: single-user mode, on this machine only. */
  readonly listen?: Listen | undefined
  /** The user of this machine. */
  readonly localName: string
  /** The client of a service's portal, the same each time; its owner closes it. */
  readonly portal: (service: string) => PortalClient
  readonly log: (line: string) => void
  /** Folder of the built page; without it the backend serves none. */
  readonly page?: string | undefined
  /** Where the page is then, if this run has a dev server. */
  readonly devPort?: string | undefined
  /** For models: where they lie, and what says from where they come. */
  readonly models: Omit<ModelPlaces, 'home'>
  /** What the supervisor calls us, where there is one. */
  readonly ownName?: string | undefined
  readonly limits?: Partial<Limits>
  /** Tests only: answers that aren't what their schema says become a 500. */
  readonly checkReplies?: boolean
}

export interface Backend {
  readonly address: string
  /** How others call it; empty in single-user mode. */
  readonly origins: readonly string[]
  /** A one-time link for the first admin, where nobody can log in as one yet. */
  readonly firstLink: string | undefined
  /** For tests that go through every route. */
  readonly routes: readonly RouteSpec[]
  /** Polite until the signal aborts, then short. */
  close(signal: AbortSignal): Promise<void>
}

/**
 * Listens on 127.0.0.1, and where `listen` says, too. Rejects with a ProblemError where it can't; port 0 takes a free one.
 */
export async function startBackend(options: BackendOptions): Promise<Backend> {
  const { home, sockets, portal, log, listen } = options
  checkPage(options.page)
  const limits = { ...usualLimits, ...options.limits }
  const transcript = join(home, 'transcript.log')
  const stopping = new AbortController()
  // In reverse order at the end, also when something here fails.
  await using opened = new AsyncDisposableStack()
  const database = opened.adopt(openDatabase(home), database => database.close())
  const agents = opened.adopt(await Agents.open({ home, log }), agents => agents.close())
  const otherNames = (): string[] => agents.list().map(({ name }) => name)
  const accounts = opened.adopt(new Accounts({ database, otherNames }), accounts => accounts.close())
  const localKey = newLocalKey()
  const guard = new Guard({ accounts, listen, localName: options.localName, localKey })

  const app = opened.adopt(await newApp(limits, log), app => app.close())
  app.addHook('onRequest', async request => {
    if (!guard.mayCome(request.raw)) throw new Refusal(403, apiProblems.notOurs(guard.mode))
    // The rooms are given back before the last connection is closed.
    if (stopping.signal.aborted) throw new Refusal(503, apiProblems.stopping(), { 'retry-after': '1' })
  })
  const base = { app, guard, accounts, log, routes: [], checkReplies: options.checkReplies === true }
  const core = opened.adopt(new CoreWatch(home, log), core => core.close())
  const supervisor = opened.adopt(new SupervisorLink(home), supervisor => supervisor.close())
  const chat = await openChat(base, { home, database, agents, portal, limits })
  const { api, changes } = chat
  const modelsChanged = (): void => changes.tell('models')
  core.on(modelsChanged)
  const desk = opened.adopt(
    new ModelDesk({ home, ...options.models }, portal('models'), core, { changed: modelsChanged, log }),
    desk => desk.close(),
  )
  const { modelsDir } = options.models
  opened.adopt(new ModelFilesWatch({ home, modelsDir }, modelsChanged), watch => watch.close())
  modelRoutes(api, desk, modelsChanged)
  systemRoutes(api, { home, supervisor, ownName: options.ownName })
  const jobs = new CoreJobs({ home, portal, core, stopping: stopping.signal })
  speechRoutes(api, jobs)
  openAiRoutes(api, jobs, desk)
  loginRoutes(api)
  userRoutes(api)
  healthRoutes(app, home)
  metricsRoutes(app, sockets, guard)
  transcriptRoutes(api, { path: transcript, stopping: stopping.signal })
  await welcomeRoutes(app)
  await pageRoutes(app, options.page, options.devPort)

  const realtime = new RealtimeServer({ portal: portal('stt'), guard, transcript, log })
  const upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    // Until a WebSocket takes over, a reset has no other listener.
    socket.on('error', () => socket.destroy())
    if (!guard.mayCome(request)) socket.end(rawProblem(new Refusal(403, apiProblems.notOurs(guard.mode))))
    else if (chat.streams.takes(request)) chat.streams.upgrade(request, socket, head)
    else if (changes.takes(request)) changes.upgrade(request, socket, head)
    else realtime.upgrade(request, socket, head)
  }
  limitConnections(app.server, limits)
  app.server.on('upgrade', upgrade)
  const listening = await startListening(app, options.port, listen, log).catch(async (error: unknown) => {
    // Or what it has opened would keep the process alive.
    await chat.close(AbortSignal.abort())
    throw error
  })
  await writeLocalKey(home, localKey)
  await writeBackendFacts(home, { mode: guard.mode, origins: [...listening.origins] })
  const token = guard.mode === 'accounts' ? accounts.firstToken() : undefined
  const firstLink =
    token === undefined ? undefined : `${listening.origins[0] ?? listening.address}/welcome#${token}`
  if (guard.mode === 'local' && accounts.users.list().some(({ hasPassword }) => hasPassword)) {
    options.log(words.accountsUnused)
  }
  const all = opened.move()
  return {
    address: listening.address,
    origins: listening.origins,
    firstLink,
    routes: api.routes,
    close: async signal => {
      stopping.abort()
      listening.close()
      await Promise.all([chat.close(signal), realtime.close(signal)])
      await all.disposeAsync()
    },
  }
}

async function newApp(limits: Limits, log: (line: string) => void): Promise<FastifyInstance> {
  const app = fastify({
    forceCloseConnections: true,
    bodyLimit: 1024 * 1024,
    // A room's id, encoded.
    routerOptions: { maxParamLength: 1000 },
    http: serverOptions(limits),
    requestTimeout: limits.requestMs,
    // An address that is none, before any hook has its turn.
    frameworkErrors: (error, _request, reply) =>
      void sendProblem(reply.headers(bareHeaders), asRefusal(error)),
  })
  problemReplies(app, log)
  limitBodies(app, limits)
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] },
    },
    // Whoever puts TLS before us decides that.
    strictTransportSecurity: false,
    xFrameOptions: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
  })
  // What isn't said otherwise is for nobody's cache.
  app.addHook('onRequest', async (_request, reply) => void reply.header('cache-control', 'no-store'))
  // JSON or bytes, nothing that a form of another site could send.
  app.removeContentTypeParser('text/plain')
  app.addContentTypeParser('application/octet-stream', (_request, _body, done) => done(null))
  // Read by the one route that takes a form; there the guard alone keeps those of other sites out.
  app.addContentTypeParser('multipart/form-data', (request, _body, done) =>
    done(
      request.routeOptions.url === formPath ? null : asRefusal({ code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE' }),
    ),
  )
  return app
}

const bareHeaders = {
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}
