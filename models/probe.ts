import { basename } from 'node:path'
import { z } from 'zod'
import type { Io } from '../lib/io.ts'
import { openAgent } from './agent.ts'

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
  const { request } = await import('undici')
  const agent = await openAgent(options.env, options.waitMs ?? 15_000)
  try {
    let url = first
    for (let hop = 0; hop < 6; hop++) {
      const { statusCode, headers, body } = await request(url, {
        method: 'HEAD',
        dispatcher: agent,
        signal: options.signal,
      })
      await body.dump()
      const text = (key: string): string => String(headers[key] ?? '')
      const linked = /^(?:W\/)?"?([0-9a-f]{64})"?$/.exec(text('x-linked-etag'))?.[1]
      const size = Number(text('x-linked-size') || Number.NaN)
      if (linked !== undefined && size > 0)
        return { ok: true, value: { url: first, name, bytes: size, sha256: linked } }
      const to = text('location')
      if (statusCode >= 300 && statusCode < 400 && to !== '') {
        url = new URL(to, url).href
        continue
      }
      if (statusCode !== 200) return { ok: false, detail: `HTTP ${statusCode}` }
      const length = Number(text('content-length') || Number.NaN)
      return { ok: true, value: { url: first, name, bytes: length > 0 ? length : undefined, sha256: linked } }
    }
    return { ok: false, detail: 'it redirects without end' }
  } catch (error) {
    return { ok: false, detail: faultOf(error, options.signal) }
  } finally {
    await agent.destroy()
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (error instanceof URIError) return text
    throw error
  }
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
  const { request } = await import('undici')
  const agent = await openAgent(options.env, options.waitMs ?? 15_000)
  try {
    const { statusCode, body } = await request(`${url}/models`, {
      dispatcher: agent,
      signal: options.signal,
      headers: {
        accept: 'application/json',
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
    })
    if (statusCode !== 200) {
      await body.dump()
      return { ok: false, detail: `HTTP ${statusCode}` }
    }
    const list = listSchema.safeParse(await body.json())
    if (!list.success) return { ok: false, detail: 'its list of models is no such list' }
    return { ok: true, value: list.data.data.map(({ id }) => id) }
  } catch (error) {
    if (error instanceof SyntaxError) return { ok: false, detail: 'its list of models is no JSON' }
    return { ok: false, detail: faultOf(error, options.signal) }
  } finally {
    await agent.destroy()
  }
}

/** A signal and a bug go on up. */
function faultOf(error: unknown, signal: AbortSignal): string {
  const { code } = error as NodeJS.ErrnoException
  if (signal.aborted || typeof code !== 'string') throw error
  return code
}
