import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Io } from '../lib/io.ts'
import { type Listen, parseListen } from '../lib/listen.ts'
import { ProblemError } from '../lib/problem.ts'
import { messages } from './messages.ts'

/**
 * `--listen`, which is an environment variable of all services from here on. Rejects with a ProblemError for what is no
 * address, none of this machine, or a port that can't be had: now, and not in a log that nobody reads yet.
 */
export async function withListen(text: string, io: Io): Promise<Io> {
  const listen = parseListen(text)
  if (listen === undefined) throw new ProblemError(messages.badListen(text))
  await tryOut(listen)
  return { ...io, env: { ...io.env, COURANTE_LISTEN: text } }
}

async function tryOut(listen: Listen): Promise<void> {
  if (listen.type === 'proxy') return
  const { host, port } = listen
  const server = createServer()
  try {
    // Whether an address is ours, only the system knows.
    server.listen(port ?? 0, host)
    await once(server, 'listening')
  } catch (error) {
    throw problemOf(error, host, port)
  }
  server.close()
  await once(server, 'close')
}

function problemOf(error: unknown, host: string, port: number | undefined): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ProblemError(messages.notOurAddress(host), { cause: error })
    case 'EADDRINUSE':
      return new ProblemError(messages.listenBusy(host, port ?? 0), { cause: error })
    case 'EACCES':
      return new ProblemError(messages.listenForbidden(port ?? 0), { cause: error })
    default:
      return error
  }
}
