import { once } from 'node:events'
import { connect } from 'node:net'
import { z } from 'zod'
import { jsonOrUndefined } from '../lib/parse-json.ts'
import { isLoopback } from './access.ts'

/** A program on this machine that serves language models in OpenAI's way. */
export interface RunningServer {
  readonly program: ServerProgram
  /** Up to and with /v1. */
  readonly url: string
  /** Their names there; at least one. */
  readonly models: readonly string[]
}

export type ServerProgram = 'Ollama' | 'LM Studio' | 'llama-server'

type Candidate = Pick<RunningServer, 'program' | 'url'>

/** How long each of them, all at once, may take to be reached, and then to answer. */
const patienceMs = 500
const mostBytes = 1_000_000

/**
 * The servers among the candidates that answer at once, in their order. Only this machine is asked, and never through a
 * proxy. Rejects if the signal aborts.
 */
export async function runningServers(
  candidates: readonly Candidate[],
  signal: AbortSignal,
  waitMs = patienceMs,
): Promise<RunningServer[]> {
  const found = await Promise.all(candidates.map(candidate => ask(candidate, signal, waitMs)))
  signal.throwIfAborted()
  return found.filter(server => server !== undefined)
}

/** Where such programs usually listen; of Ollama, where OLLAMA_HOST says, if that is this machine. */
export function usualServers(env: Readonly<Record<string, string | undefined>>): Candidate[] {
  return [
    { program: 'Ollama', url: `${ollamaHost(env['OLLAMA_HOST'] ?? '') ?? 'http://127.0.0.1:11434'}/v1` },
    { program: 'LM Studio', url: 'http://127.0.0.1:1234/v1' },
    { program: 'llama-server', url: 'http://127.0.0.1:8080/v1' },
  ]
}

/** `host`, `host:port`, `:port`, with a scheme or without; who listens on all interfaces is reached on the loopback. */
function ollamaHost(text: string): string | undefined {
  const bare = text.trim().replace(/\/+$/, '')
  if (bare === '') return undefined
  const schemed = /^https?:\/\//.test(bare)
  const url = URL.parse(schemed ? bare : `http://${bare.startsWith(':') ? `127.0.0.1${bare}` : bare}`)
  if (url === null) return undefined
  if (url.hostname === '0.0.0.0' || url.hostname === '[::]') url.hostname = '127.0.0.1'
  // A URL leaves the usual port of its scheme away, which a host without a scheme does not have.
  if (!schemed && url.port === '' && !bare.endsWith(':80')) url.port = '11434'
  return isLoopback(url.hostname) ? url.origin : undefined
}

async function ask(
  { program, url }: Candidate,
  given: AbortSignal,
  waitMs: number,
): Promise<RunningServer | undefined> {
  let signal = patient(given, waitMs)
  try {
    const { hostname, port, protocol } = new URL(url)
    // Most often nobody is there, and then all this costs nothing.
    await listens(
      hostname.replace(/^\[|\]$/g, ''),
      Number(port || (protocol === 'https:' ? 443 : 80)),
      signal,
    )
    const { Agent, request } = await import('undici')
    // The server is not to blame for what that takes on a busy machine.
    signal = patient(given, waitMs)
    const agent = new Agent({ maxResponseSize: mostBytes })
    try {
      const { statusCode, body } = await request(`${url}/models`, { dispatcher: agent, signal })
      const list = statusCode === 200 ? listSchema.safeParse(jsonOrUndefined(await body.text())) : undefined
      const models = list?.data?.data.map(({ id }) => id).filter(id => !/embed/i.test(id)) ?? []
      return models.length === 0 ? undefined : { program, url, models }
    } finally {
      await agent.destroy()
    }
  } catch (error) {
    // Nobody listens, it speaks something else, or it took too long.
    if (signal.aborted || typeof (error as NodeJS.ErrnoException).code === 'string') return undefined
    throw error
  }
}

function patient(signal: AbortSignal, waitMs: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(waitMs)])
}

const listSchema = z.object({ data: z.array(z.looseObject({ id: z.string().min(1) })).max(10_000) })

async function listens(host: string, port: number, signal: AbortSignal): Promise<void> {
  const socket = connect({ host, port })
  try {
    await once(socket, 'connect', { signal })
  } finally {
    socket.destroy()
  }
}
