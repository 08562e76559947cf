import { Agent, type Dispatcher, EnvHttpProxyAgent, request as send } from 'undici'
import { z } from 'zod'
import { jsonOrUndefined } from '../../../lib/parse-json.ts'
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

export interface EndpointSettings extends RemoteSettings {
  /** A Unix socket on which it listens, whatever host and port `url` has. */
  readonly socketPath?: string | undefined
}

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

/** `type`: its media type in lower case without parameters, such as `audio/wav`; empty where it says none. */
export interface RemoteAnswer {
  readonly type: string
  readonly body: AsyncIterable<Buffer>
}

interface Message {
  readonly method: 'GET' | 'POST'
  readonly type?: string
  readonly body?: string | Buffer
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
  readonly #scheme: 'Bearer' | 'Basic'
  readonly #dispatcher: Dispatcher

  /** `Basic`: the key is `user:password`. */
  constructor(
    settings: EndpointSettings,
    env: Readonly<Record<string, string | undefined>>,
    scheme: 'Bearer' | 'Basic' = 'Bearer',
  ) {
    this.#scheme = scheme
    this.model = settings.model
    this.host = new URL(settings.url).host
    this.#base = settings.url.replace(/\/+$/, '')
    this.#keyEnv = settings.keyEnv
    this.#key = settings.keyEnv === undefined ? undefined : env[settings.keyEnv]?.trim()
    const { socketPath, connectMs: timeout } = settings
    const options: Agent.Options = {
      connect: { timeout, ...(socketPath === undefined ? {} : { socketPath }) },
      headersTimeout: settings.silenceMs,
      bodyTimeout: settings.silenceMs,
    }
    const proxied = /^https?_proxy$/i
    this.#dispatcher =
      socketPath === undefined && Object.keys(env).some(name => proxied.test(name))
        ? new EnvHttpProxyAgent({ ...options, ...proxiesOf(env) })
        : new Agent(options)
  }

  /** The body of the answer to JSON. */
  async post(path: string, body: unknown, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
    return (await this.answer(path, body, signal)).body
  }

  /** The same, where what came has to be told by its type. */
  async answer(path: string, body: unknown, signal: AbortSignal): Promise<RemoteAnswer> {
    return this.#ask(path, { method: 'POST', type: 'application/json', body: JSON.stringify(body) }, signal)
  }

  /** Files and fields. They are put together in memory, so that the request says its length: some servers want that. */
  async postForm(path: string, form: FormData, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
    const whole = new Response(form)
    const type = whole.headers.get('content-type') ?? 'multipart/form-data'
    const body = Buffer.from(await whole.arrayBuffer())
    return (await this.#ask(path, { method: 'POST', type, body }, signal)).body
  }

  async get(path: string, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
    return (await this.#ask(path, { method: 'GET' }, signal)).body
  }

  /** The whole of an answer, which has to be JSON of at most `limit` bytes. */
  async json(body: AsyncIterable<Buffer>, limit: number, signal: AbortSignal): Promise<unknown> {
    try {
      return await readJson(body, limit)
    } catch (error) {
      signal.throwIfAborted()
      throw this.cut(error)
    }
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

  /** Redirects are not followed: they could lead the key elsewhere. */
  async #ask(path: string, message: Message, signal: AbortSignal): Promise<RemoteAnswer> {
    if (this.#keyEnv !== undefined && (this.#key ?? '') === '')
      throw this.failure({ fault: 'no_key', detail: `the environment variable ${this.#keyEnv} is not set` })
    const { statusCode: status, headers, body } = await this.#send(path, message, signal)
    const type = headers['content-type']
    if (status >= 200 && status < 300) return { type: typeof type === 'string' ? mediaType(type) : '', body }
    const detail = await errorText(body).catch((error: unknown) => this.#text(error))
    const retryAfter = retryAfterOf(headers['retry-after'])
    throw this.failure({
      fault: faultOf(status),
      status,
      detail: status >= 300 && status < 400 ? 'it points elsewhere, which is not followed' : detail,
      ...(retryAfter === undefined ? {} : { retryAfter }),
    })
  }

  async #send(path: string, message: Message, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const { method, type, body } = message
    try {
      return await send(`${this.#base}/${path}`, {
        method,
        headers: {
          accept: 'text/event-stream, application/json, */*',
          ...(type === undefined ? {} : { 'content-type': type }),
          ...(this.#key === undefined ? {} : { authorization: this.#authorization(this.#key) }),
        },
        ...(body === undefined ? {} : { body }),
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

  #authorization(key: string): string {
    return `${this.#scheme} ${this.#scheme === 'Basic' ? Buffer.from(key).toString('base64') : key}`
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

function mediaType(header: string): string {
  return (header.split(';')[0] ?? '').trim().toLowerCase()
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
  const parsed = errorSchema.safeParse(jsonOrUndefined(text))
  if (!parsed.success) return text.replace(/\s+/g, ' ').trim()
  const { error } = parsed.data
  return typeof error === 'string' ? error : error.message
}

const errorSchema = z.object({ error: z.union([z.string(), z.object({ message: z.string() })]) })

/** What is longer is cut. */
async function readText(body: AsyncIterable<Buffer>, limit: number): Promise<string> {
  return (await firstBytes(body, limit)).subarray(0, limit).toString('utf8')
}

/** `limit` bytes, or a few more. */
async function firstBytes(body: AsyncIterable<Buffer>, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    length += chunk.length
    if (length >= limit) break
  }
  return Buffer.concat(chunks)
}

/** The whole of an answer. Throws a RangeError when it is longer than `limit`. */
export async function readBytes(body: AsyncIterable<Buffer>, limit: number): Promise<Buffer> {
  const bytes = await firstBytes(body, limit + 1)
  if (bytes.length > limit) throw new RangeError(`an answer of more than ${limit} bytes`)
  return bytes
}

/** The whole of a JSON answer. Throws a RangeError for what is longer than `limit`, or is none. */
export async function readJson(body: AsyncIterable<Buffer>, limit: number): Promise<unknown> {
  const value = jsonOrUndefined((await readBytes(body, limit)).toString('utf8'))
  if (value === undefined) throw new RangeError('what came is no JSON')
  return value
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
