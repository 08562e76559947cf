import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { Io } from '../lib/io.ts'
import { ProblemError } from '../lib/problem.ts'
import { openAgent } from './agent.ts'
import { messages } from './messages.ts'

export type Progress = (bytes: number, total: number) => void

interface Wanted {
  readonly url: string
  /** How a person calls it. */
  readonly what: string
  readonly path: string
  readonly bytes: number
  readonly algorithm: string
  /** Undefined: nobody knows it before; then only the size is checked. */
  readonly digest: Buffer | undefined
}

interface Options {
  readonly env: Io['env']
  readonly signal: AbortSignal
  readonly onProgress?: Progress
  readonly stallMs?: number
}

/**
 * Streams a URL into a new file and hashes it on the way; throws a ProblemError if it does not arrive whole or is not what
 * it should be (the file is then the caller's to remove). Follows redirects; obeys the usual proxy variables.
 */
export async function download(wanted: Wanted, options: Options): Promise<void> {
  const { interceptors, request } = await import('undici')
  const agent = await openAgent(options.env, options.stallMs ?? 60_000)
  const hash = createHash(wanted.algorithm)
  let received = 0
  let announced: number | undefined
  try {
    const { statusCode, headers, body } = await request(wanted.url, {
      dispatcher: agent.compose(interceptors.redirect({ maxRedirections: 5 })),
      signal: options.signal,
    })
    if (statusCode !== 200) {
      body.on('error', () => undefined).destroy()
      throw new ProblemError(
        statusCode === 404
          ? messages.notFound(wanted.what)
          : messages.refused(wanted.what, String(statusCode)),
      )
    }
    announced = Number(headers['content-length'])
    await pipeline(
      body,
      async function* (chunks: AsyncIterable<Buffer>) {
        for await (const chunk of chunks) {
          received += chunk.length
          // Not one byte more than agreed reaches the disk.
          if (received > wanted.bytes) throw new ProblemError(tooLong(wanted))
          hash.update(chunk)
          options.onProgress?.(received, wanted.bytes)
          yield chunk
        }
      },
      createWriteStream(wanted.path, { flags: 'wx' }),
      { signal: options.signal },
    )
  } catch (error) {
    throw options.signal.aborted ? error : wordsFor(error, wanted, received)
  } finally {
    // Idle connections would keep the program alive.
    await agent.destroy()
  }
  const digest = hash.digest()
  if (wanted.digest === undefined ? received === wanted.bytes : digest.equals(wanted.digest)) return
  if (received < wanted.bytes && announced !== received) {
    throw new ProblemError(messages.cutShort(wanted.what, received, wanted.bytes))
  }
  if (wanted.digest === undefined)
    throw new ProblemError(messages.cutShort(wanted.what, received, wanted.bytes))
  const [want, got] = [wanted.digest, digest].map(bytes => shown(wanted.algorithm, bytes))
  throw new ProblemError(messages.integrityMismatch(wanted.what, want ?? '', got ?? ''))
}

/** npm writes sha512 in base64, everybody else writes hex; a hash is shown as its source shows it. */
function shown(algorithm: string, digest: Buffer): string {
  return algorithm === 'sha512'
    ? `sha512-${digest.toString('base64')}`
    : `${algorithm} ${digest.toString('hex')}`
}

function tooLong({ what, bytes }: Wanted) {
  return messages.integrityMismatch(what, `${bytes} bytes`, 'more')
}

function wordsFor(error: unknown, wanted: Wanted, received: number): unknown {
  const { code } = error as NodeJS.ErrnoException
  switch (code) {
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
      return new ProblemError(messages.stalled(wanted.what))
    case 'UND_ERR_SOCKET':
    case 'ECONNRESET':
    case 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH':
      return new ProblemError(
        received > 0
          ? messages.cutShort(wanted.what, received, wanted.bytes)
          : messages.unreachable(wanted.what, 'the connection was closed'),
      )
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_HAS_EXPIRED':
      return new ProblemError(messages.unreachable(nameOf(wanted), code))
    default:
      return error
  }
}

/** The host, and what was wanted from there if that is not the same. */
function nameOf({ url, what }: Wanted): string {
  const { host } = new URL(url)
  return host === what ? host : `${host} (${what})`
}
