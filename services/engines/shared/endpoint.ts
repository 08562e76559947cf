import { Agent, type Dispatcher, EnvHttpProxyAgent, request as send } from 'undici'
import { z } from 'zod'
import { EngineError, type EngineFailure } from '../../core/engine.ts'

type RemoteFailure = Extract<EngineFailure, { reason: 'remote' }>

const settingsSchema = z.object({
  /** Up to and with `/v1`. */
  url: z.url({ protocol: /^https?$/ }),
  /** The model's name there. */
  model: z.string().min(1),
  /** The name of the environment variable that holds the key. */
  keyEnv: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
    .optional(),
  /** What an endpoint may take for its first byte, and between two: it may load a model first. */
  silenceMs: z.number().int().positive().default(300_000),
  connectMs: z.number().int().positive().default(10_000),
})
export type RemoteSettings = z.infer<typeof settingsSchema>

/** Throws `bad_settings`. */
export function parseSettings(settings: Readonly<Record<string, unknown>>): RemoteSettings {
  const parsed = settingsSchema.safeParse(settings)
  if (!parsed.success)
    throw new EngineError({ reason: 'bad_settings', detail: z.prettifyError(parsed.error) })
  const { username, password } = new URL(parsed.data.url)
  if (username !== '' || password !== '')
    throw new EngineError({ reason: 'bad_settings', detail: 'url: a key belongs into keyEnv' })
  return parsed.data
}

/** Of the answer to an error. */
const maxErrorBytes = 64 * 1024
const maxDetail = 500
const maxRetryAfter = 24 * 3600

/** Sends requests there, and makes of everything that goes wrong a `remote` failure that does not hold the key. */
export class Endpoint {
  readonly model: string
  readonly host: string
  readonly #base: string
  readonly #keyEnv: string | undefined
  readonly #key: string | undefined
  readonly #dispatcher: Dispatcher

  constructor(settings: RemoteSettings, env: Readonly<Record<string, string | undefined>>) {
    this.model = settings.model
    this.host = new URL(settings.url).host
    this.#base = settings.url.replace(/\/+$/, '')
    this.#keyEnv = settings.keyEnv
    this.#key = settings.keyEnv === undefined ? undefined : env[settings.keyEnv]?.trim()
    const options: Agent.Options = {
      connect: { timeout: settings.connectMs },
      headersTimeout: settings.silenceMs,
      bodyTimeout: settings.silenceMs,
    }
    const proxied = /^https?_proxy$/i
    this.#dispatcher = Object.keys(env).some(name => proxied.test(name))
      ? new EnvHttpProxyAgent({ ...options, ...proxiesOf(env) })
      : new Agent(options)
  }

  /** The body of its answer. Redirects are not followed: they could lead the key elsewhere. */
  async post(path: string, body: unknown, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
    if (this.#keyEnv !== undefined && (this.#key ?? '') === '')
      throw this.failure({ fault: 'no_key', detail: `the environment variable ${this.#keyEnv} is not set` })
    const response = await this.#send(path, body, signal)
    const { statusCode: status } = response
    if (status >= 200 && status < 300) return response.body
    const detail = await errorText(response.body).catch((error: unknown) => this.#text(error))
    const retryAfter = retryAfterOf(response.headers['retry-after'])
    throw this.failure({
      fault: faultOf(status),
      status,
      detail: status >= 300 && status < 400 ? 'it points elsewhere, which is not followed' : detail,
      ...(retryAfter === undefined ? {} : { retryAfter }),
    })
  }

  /** An error of the network, while the answer was read. */
  cut(error: unknown): EngineError {
    if (error instanceof EngineError) return error
    const code = codeOf(error)
    const late = code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT'
    return this.failure({ fault: late ? 'timeout' : 'bad_answer', detail: this.#text(error) })
  }

  failure(failure: Omit<RemoteFailure, 'reason' | 'host'>): EngineError {
    const detail = this.#hide(failure.detail).slice(0, maxDetail)
    return new EngineError({ reason: 'remote', host: this.host, ...failure, detail })
  }

  async #send(path: string, body: unknown, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    try {
      return await send(`${this.#base}/${path}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'text/event-stream, application/json',
          ...(this.#key === undefined ? {} : { authorization: `Bearer ${this.#key}` }),
        },
        body: JSON.stringify(body),
        signal,
        dispatcher: this.#dispatcher,
      })
    } catch (error) {
      signal.throwIfAborted()
      const code = codeOf(error)
      const late = /TIMEOUT|ETIMEDOUT/.test(code)
      const dropped = code === 'UND_ERR_SOCKET' || code.startsWith('HPE_')
      const fault = late ? 'timeout' : dropped ? 'bad_answer' : 'unreachable'
      throw this.failure({ fault, detail: this.#text(error) })
    }
  }

  #text(error: unknown): string {
    const text = error instanceof Error ? error.message : String(error)
    return text === '' ? codeOf(error) : text
  }

  /** A server, or a proxy on the way, may say the key back. */
  #hide(text: string): string {
    if (this.#key === undefined || this.#key === '') return text
    const forms = [this.#key, encodeURIComponent(this.#key), Buffer.from(this.#key).toString('base64')]
    return forms.reduce((hidden, form) => hidden.replaceAll(form, '<key>'), text)
  }
}

function proxiesOf(env: Readonly<Record<string, string | undefined>>): EnvHttpProxyAgent.Options {
  const pick = (name: string): string | undefined => env[name] ?? env[name.toUpperCase()]
  const [httpProxy, httpsProxy, noProxy] = [pick('http_proxy'), pick('https_proxy'), pick('no_proxy')]
  return {
    ...(httpProxy === undefined ? {} : { httpProxy }),
    ...(httpsProxy === undefined ? {} : { httpsProxy }),
    ...(noProxy === undefined ? {} : { noProxy }),
  }
}

function faultOf(status: number): RemoteFailure['fault'] {
  if (status === 401 || status === 403) return 'unauthorized'
  if (status === 408 || status === 504) return 'timeout'
  if (status >= 300 && status < 400) return 'bad_answer'
  return 'refused'
}

/** What OpenAI and its like say in `error.message`, or else the start of what came. */
async function errorText(body: AsyncIterable<Buffer>): Promise<string> {
  const text = await readText(body, maxErrorBytes)
  const parsed = errorSchema.safeParse(jsonOf(text))
  if (!parsed.success) return text.replace(/\s+/g, ' ').trim()
  const { error } = parsed.data
  return typeof error === 'string' ? error : error.message
}

const errorSchema = z.object({ error: z.union([z.string(), z.object({ message: z.string() })]) })

/** What is longer is cut. */
async function readText(body: AsyncIterable<Buffer>, limit: number): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= limit) break
  }
  return Buffer.concat(chunks).subarray(0, limit).toString('utf8')
}

/** The whole of a JSON answer. Throws a RangeError when it is longer than `limit`. */
export async function readJson(body: AsyncIterable<Buffer>, limit: number): Promise<unknown> {
  const text = await readText(body, limit + 1)
  if (Buffer.byteLength(text) > limit) throw new RangeError(`an answer of more than ${limit} bytes`)
  const value = jsonOf(text)
  if (value === undefined) throw new RangeError('what came is no JSON')
  return value
}

export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function retryAfterOf(header: string | string[] | undefined): number | undefined {
  if (typeof header !== 'string') return undefined
  const seconds = /^\d+$/.test(header.trim()) ? Number(header) : (Date.parse(header) - Date.now()) / 1000
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, maxRetryAfter) : undefined
}

function codeOf(error: unknown): string {
  for (let one: unknown = error; one instanceof Error; one = one.cause)
    if ('code' in one && typeof one.code === 'string') return one.code
  return ''
}
