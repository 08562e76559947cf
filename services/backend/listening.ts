import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { createServer, isIPv6, type Server } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { FastifyInstance } from 'fastify'
import type { Listen } from '../../lib/listen.ts'
import { ProblemError } from '../../lib/problem.ts'
import { log as words, problems } from './messages.ts'

export interface Listening {
  /** How this machine calls the backend: `http://127.0.0.1:8770`. */
  readonly address: string
  /** How others do; empty in single-user mode. */
  readonly origins: readonly string[]
  /** Lets nobody in any more. Before `app.close()`. */
  close(): void
}

const wildcards = new Set(['0.0.0.0', '::'])

/**
 * Listens on 127.0.0.1, and where `listen` says besides. Port 0 takes a free one. Rejects with a ProblemError for a port
 * that is taken, and for an address that is not of this machine.
 */
export async function startListening(
  app: FastifyInstance,
  port: number,
  listen: Listen | undefined,
  log: (line: string) => void,
): Promise<Listening> {
  const listening = await listenAsAsked(app, port, listen, log)
  outlive(app.server, log)
  return listening
}

async function listenAsAsked(
  app: FastifyInstance,
  port: number,
  listen: Listen | undefined,
  log: (line: string) => void,
): Promise<Listening> {
  if (listen?.type !== 'address') {
    const address = loopbackAt(await listenOn(app, '127.0.0.1', port))
    return { address, origins: listen === undefined ? [] : [listen.origin], close: () => undefined }
  }
  const { host } = listen
  // All addresses hold 127.0.0.1 already: both at one port would be one too many.
  if (wildcards.has(host) && (listen.port ?? port) === port) {
    const bound = await listenOn(app, host, port)
    return { address: loopbackAt(bound), origins: originsOf(host, bound), close: () => undefined }
  }
  const bound = await listenOn(app, '127.0.0.1', port)
  const other = listen.port ?? bound
  const isSame = other === bound && (await addressOf(host, other)) === '127.0.0.1'
  const second = isSame ? undefined : await secondServer(app, host, other, log)
  return { address: loopbackAt(bound), origins: originsOf(host, other), close: () => second?.close() }
}

async function listenOn(app: FastifyInstance, host: string, port: number): Promise<number> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    throw problemOf(error, host, port)
  }
  const address = app.server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

/** Hands its connections to the one HTTP server, so that all limits, time-outs and upgrades are the same. */
async function secondServer(
  app: FastifyInstance,
  host: string,
  port: number,
  log: (line: string) => void,
): Promise<Server> {
  // As node:http has it.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, socket =>
    app.server.emit('connection', socket),
  )
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    throw problemOf(error, host, port)
  }
  outlive(server, log)
  return server
}

/** A process that has too many files open can't let in anybody more, and goes on with those whom it has. */
function outlive(server: Server, log: (line: string) => void): void {
  let isSaid = false
  server.on('error', error => {
    if (!isSaid) log(words.notLetIn(error))
    isSaid = true
  })
}

async function addressOf(host: string, port: number): Promise<string> {
  try {
    return (await lookup(host)).address
  } catch (error) {
    throw problemOf(error, host, port)
  }
}

function problemOf(error: unknown, host: string, port: number): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new ProblemError(problems.portBusy(host, port), { cause: error })
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ProblemError(problems.notOurAddress(host), { cause: error })
    case 'EACCES':
      return new ProblemError(problems.portForbidden(port), { cause: error })
    default:
      return error
  }
}

function originsOf(host: string, port: number): string[] {
  const hosts = wildcards.has(host) ? ownAddresses(host === '::') : [host]
  return hosts.map(host => `http://${isIPv6(host) ? `[${host}]` : host}:${port}`)
}

/** What others can reach us by, IPv4 first; the loopback where there is nothing else. */
function ownAddresses(withIPv6: boolean): string[] {
  const all = Object.values(networkInterfaces())
    .flatMap(list => list ?? [])
    .filter(({ internal, address }) => !internal && !/^fe80:/i.test(address))
  const addresses = [
    ...all.filter(({ family }) => family === 'IPv4'),
    ...all.filter(({ family }) => withIPv6 && family === 'IPv6'),
  ].map(({ address }) => address)
  return addresses.length > 0 ? addresses : ['127.0.0.1']
}

function loopbackAt(port: number): string {
  return `http://127.0.0.1:${port}`
}
