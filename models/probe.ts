import { basename } from 'node:path'
import { z } from 'zod'
import type { Io } from '../lib/io.ts'
import { ProblemError } from '../lib/problem.ts'
import { accessTo, decoded } from './access.ts'
import { mostProbeBytes, openAgent } from './agent.ts'
import { nextHop } from './download/follow.ts'
import { linkedHash } from './linked-hash.ts'
import { messages } from './messages.ts'
import { withoutSecrets } from './source.ts'

interface Options {
  readonly env: Io['env']
  readonly signal: AbortSignal
  /** How long a server may take to answer; 15 s if not given. */
  readonly waitMs?: number
}

/** A file that a URL names, as its server tells of it before anything is downloaded. */
export interface RemoteFile {
  readonly url: string
  /** As it will be called here; plain, and ending in .gguf. */
  readonly name: string
  /** Undefined: the server does not say. */
  readonly bytes: number | undefined
  readonly sha256: string | undefined
}

export type Probe<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly detail: string }

/**
 * Asks for a file's size and hash with HEAD. Hugging Face tells both (X-Linked-Size, X-Linked-ETag) beside the redirect to
 * its storage, which itself knows them otherwise.
 */
export async function probeFile(address: string, options: Options): Promise<Probe<RemoteFile>> {
  const first = asDownload(address)
  const name = decoded(basename(new URL(first).pathname)).replaceAll(/[^\w.+-]/g, '-')
  const access = accessTo(first, options.env)
  const { request } = await import('undici')
  const agent = await openAgent(options.env, options.waitMs ?? 15_000)
  try {
    const what = withoutSecrets(first)
    const seen = new Set<string>()
    let pinned = first
    for (let { url } = access; ;) {
      seen.add(url)
      const isSame = new URL(url).origin === new URL(access.url).origin
      const { statusCode, headers, body } = await request(url, {
        method: 'HEAD',
        dispatcher: agent,
        signal: options.signal,
        headers: isSame ? access.headers : {},
      })
      await body.dump()
      if (access.hub && isSame && (statusCode === 401 || statusCode === 403))
        throw new ProblemError(messages.gated(what, statusCode))
      const text = (key: string): string => String(headers[key] ?? '')
      if (isSame) pinned = atCommit(pinned, text('x-repo-commit'))
      // Anybody may say so; the hub is believed.
      const linked = access.hub && isSame ? linkedHash(text('x-linked-etag')) : undefined
      const size = Number(text('x-linked-size') || Number.NaN)
      if (linked !== undefined && size > 0)
        return { ok: true, value: { url: pinned, name, bytes: size, sha256: linked.toString('hex') } }
      if (statusCode >= 300 && statusCode < 400 && text('location') !== '') {
        url = nextHop(text('location'), url, seen, { what, env: options.env })
        continue
      }
      if (statusCode !== 200) return { ok: false, detail: `HTTP ${statusCode}` }
      const length = Number(text('content-length') || Number.NaN)
      return {
        ok: true,
        value: { url: pinned, name, bytes: length > 0 ? length : undefined, sha256: linked?.toString('hex') },
      }
    }
  } catch (error) {
    return { ok: false, detail: faultOf(error, options.signal) }
  } finally {
    await agent.destroy()
  }
}

/** `main` goes on, and what was agreed to does not. */
function atCommit(address: string, commit: string): string {
  return /^[0-9a-f]{40}$/.test(commit) ? address.replace(/(\/resolve\/)[^/]+\//, `$1${commit}/`) : address
}

/** Of a page that shows a file on Hugging Face, the file. */
function asDownload(address: string): string {
  const url = new URL(address)
  const page = /^(\/[^/]+\/[^/]+)\/blob\/(.+)$/.exec(url.pathname)
  if (page !== null && url.hostname !== 'github.com') url.pathname = `${page[1]}/resolve/${page[2]}`
  return url.href
}

const listSchema = z.object({ data: z.array(z.looseObject({ id: z.string() })).max(10_000) })

/** The names of the models behind an OpenAI-compatible endpoint. `url` ends in /v1. */
export async function probeEndpoint(
  url: string,
  key: string | undefined,
  options: Options,
): Promise<Probe<string[]>> {
  const list = await askFor(
    `${url}/models`,
    key === undefined ? undefined : `Bearer ${key}`,
    listSchema,
    options,
  )
  return list.ok ? { ok: true, value: list.value.data.map(({ id }) => id) } : list
}

/** The checkpoints of Automatic1111's WebUI, or of one that has its interface. `login`: name:password. */
export async function probeAutomatic1111(
  url: string,
  login: string | undefined,
  options: Options,
): Promise<Probe<string[]>> {
  const basic = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`
  const list = await askFor(`${url}/sdapi/v1/sd-models`, basic, checkpointsSchema, options)
  return list.ok ? { ok: true, value: list.value.flatMap(one => one.model_name ?? one.title ?? []) } : list
}

const checkpointsSchema = z
  .array(z.looseObject({ model_name: z.string().optional(), title: z.string().optional() }))
  .max(10_000)

async function askFor<T extends z.ZodType>(
  url: string,
  authorization: string | undefined,
  schema: T,
  options: Options,
): Promise<Probe<z.infer<T>>> {
  const { request } = await import('undici')
  const agent = await openAgent(options.env, options.waitMs ?? 15_000, mostProbeBytes)
  try {
    const { statusCode, body } = await request(url, {
      dispatcher: agent,
      signal: options.signal,
      headers: { accept: 'application/json', ...(authorization === undefined ? {} : { authorization }) },
    })
    if (statusCode !== 200) {
      await body.dump()
      return { ok: false, detail: `HTTP ${statusCode}` }
    }
    const list = schema.safeParse(await body.json())
    if (!list.success) return { ok: false, detail: 'its list of models is no such list' }
    return { ok: true, value: list.data }
  } catch (error) {
    if (error instanceof SyntaxError) return { ok: false, detail: 'its list of models is no JSON' }
    return { ok: false, detail: faultOf(error, options.signal) }
  } finally {
    await agent.destroy()
  }
}

/** A signal, a problem with words of its own, and a bug go on up. */
export function faultOf(error: unknown, signal: AbortSignal): string {
  const { code } = error as NodeJS.ErrnoException
  if (signal.aborted || typeof code !== 'string') throw error
  return code
}
