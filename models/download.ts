import { readdirSync, renameSync, statSync } from 'node:fs'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Io } from '../lib/io.ts'
import { ProblemError } from '../lib/problem.ts'
import { removeIfEmpty } from '../lib/remove-if-empty.ts'
import { accessTo } from './access.ts'
import { openAgent } from './agent.ts'
import { Bringing, type Job } from './download/bring.ts'
import { StartOver } from './download/answer.ts'
import { acquire } from './download/lock.ts'
import { isOrphan, ownerMark } from './download/owner.ts'
import { journalOf, Partial, removePartial } from './download/partial.ts'
import { checkSpace, type Need } from './download/space.ts'
import { linkedHash } from './linked-hash.ts'
import { downloadNotices, messages } from './messages.ts'

export type Progress = (bytes: number, total: number) => void

export interface Wanted {
  readonly url: string
  /** For the origin of `url` alone. */
  readonly headers?: Readonly<Record<string, string>>
  /** What is downloaded, as a person calls it. */
  readonly name: string
  /** Where from, as a person calls it. */
  readonly what: string
  /** Partial downloads lie in `.partial` in there. */
  readonly folder: string
  readonly bytes: number
  readonly algorithm: 'sha256' | 'sha512'
  /** Undefined: nobody knows it before; then the server's own is taken, or else that of what came. */
  readonly digest: Buffer | undefined
  /** What else will be written before the download is removed. */
  readonly alsoWritten?: readonly Need[]
  /** Asked after another process had the same download: whether nothing is left to do. */
  readonly isDone?: () => Promise<boolean>
}

export interface Options {
  readonly env: Io['env']
  readonly signal: AbortSignal
  readonly onProgress?: Progress
  readonly onNotice?: (sentence: string) => void
  readonly stallMs?: number
  readonly pauseMs?: number
}

/** A file that is whole and right. Nobody else touches it until this is disposed of. */
export interface Downloaded extends Disposable {
  readonly path: string
  readonly digest: Buffer
  /** Who said that this is the hash: somebody before, the server's header, or nobody. */
  readonly trust: 'given' | 'hub' | 'first'
  /** Removes what is left of it, after it was put into its place. */
  discard(): void
}

/**
 * Downloads a URL into `<folder>/.partial/<key>.partial` and checks it; goes on with what an earlier run left there, also
 * one that was killed. The key is the hash, or that of the address where no hash is known, so that one file is
 * downloaded once even if several processes want it: the others wait. Undefined: another one did it all.
 * Throws a ProblemError if it does not arrive whole or is not what it should be; then the file is removed, and in all other
 * cases kept. Obeys the usual proxy variables.
 */
export async function download(wanted: Wanted, options: Options): Promise<Downloaded | undefined> {
  const { name, url } = wanted
  const access = accessTo(url, options.env)
  const partials = join(wanted.folder, '.partial')
  const key = wanted.digest?.toString('hex') ?? createHash('sha256').update(url).digest('hex')
  const notice = options.onNotice ?? (() => undefined)
  const lock = await acquire(join(partials, `${key}.lock`), options.signal, () =>
    notice(downloadNotices.waiting(name)),
  )
  const release = (): void => {
    lock?.release()
    removeIfEmpty(partials)
  }
  try {
    if (lock?.waited === true && (await wanted.isDone?.()) === true) {
      // Of one that was killed when all was in its place but this.
      removePartial(join(partials, `${key}.partial`))
      release()
      return undefined
    }
    const path = lock === undefined ? privatePath(partials, key) : join(partials, `${key}.partial`)
    const got = await bring({ ...wanted, access, path }, options)
    return { path, ...got, discard: () => removePartial(path), [Symbol.dispose]: release }
  } catch (error) {
    release()
    throw error
  }
}

async function bring(
  wanted: Wanted & { readonly access: ReturnType<typeof accessTo>; readonly path: string },
  options: Options,
): Promise<Pick<Downloaded, 'digest' | 'trust'>> {
  const { name, what, url, bytes, algorithm, path } = wanted
  const { env, signal } = options
  const isSameOrigin = new URL(wanted.access.url).origin === new URL(url).origin
  const headers = { ...(isSameOrigin ? wanted.headers : {}), ...wanted.access.headers }
  let linked: Buffer | undefined
  const isKnown = wanted.digest !== undefined
  // The file has holes: what of it takes room already is not needed once more.
  const taken = (statSync(path, { throwIfNoEntry: false })?.blocks ?? 0) * 512
  checkSpace([{ folder: wanted.folder, bytes: Math.max(0, bytes - taken) }, ...(wanted.alsoWritten ?? [])])
  const { partial, damaged } = await Partial.open(path, { url, bytes, isKnown }, signal)
  let keep = true
  try {
    if (damaged > 0) options.onNotice?.(downloadNotices.damagedPieces(name, damaged))
    const agent = await openAgent(env, options.stallMs ?? 30_000)
    const job = {
      name,
      what,
      bytes,
      algorithm,
      env,
      agent,
      signal,
      access: { ...wanted.access, headers },
      pauseMs: options.pauseMs ?? 500,
      onProgress: (now: number) => options.onProgress?.(now, bytes),
      onNotice: options.onNotice ?? (() => undefined),
      onFirstHead: (head: { readonly headers: Readonly<Record<string, string | undefined>> }) => {
        if (!wanted.access.hub) return
        linked = linkedHash(head.headers['x-linked-etag'])
        const size = Number(head.headers['x-linked-size'] ?? bytes)
        if (size !== bytes) throw new ProblemError(messages.sizeDiffers(what, bytes, size))
      },
    }
    const digest = await run(partial, job)
    const expected = wanted.digest ?? linked
    if (expected !== undefined && !digest.equals(expected)) {
      const [want, got] = [expected, digest].map(bytes => shown(algorithm, bytes))
      throw new ProblemError(messages.integrityMismatch(what, want ?? '', got ?? ''))
    }
    return { digest, trust: isKnown ? 'given' : linked === undefined ? 'first' : 'hub' }
  } catch (error) {
    // Nothing came yet, or what came is wrong.
    if (partial.pieces.written === 0) keep = false
    if (error instanceof ProblemError && error.problem.code === 'integrity_mismatch') keep = false
    if (error instanceof StartOver)
      throw new ProblemError(messages.cutShort(what, partial.pieces.written, bytes), { cause: error })
    throw error
  } finally {
    await partial.close()
    if (!keep) removePartial(path)
  }
}

async function run(partial: Partial, job: Job): Promise<Buffer> {
  try {
    await using bringing = new Bringing(partial, job)
    return await bringing.run()
  } finally {
    // Idle connections would keep the program alive.
    await job.agent.destroy()
  }
}

/** npm writes sha512 in base64, everybody else writes hex; a hash is shown as its source shows it. */
function shown(algorithm: string, digest: Buffer): string {
  return algorithm === 'sha512'
    ? `sha512-${digest.toString('base64')}`
    : `${algorithm} ${digest.toString('hex')}`
}

/** Where there can't be a lock: a name that only this process uses, for what a process that has ended had, if there is such. */
function privatePath(partials: string, key: string): string {
  const own = join(partials, `${key}.${ownerMark(process.pid)}.partial`)
  for (const name of readdirSync(partials)) {
    if (!name.startsWith(`${key}.`) || !name.endsWith('.partial')) continue
    if (!isOrphan(name.slice(key.length + 1))) continue
    const its = join(partials, name)
    // Whoever is second finds nothing to rename.
    if (renamed(its, own)) renamed(journalOf(its), journalOf(own))
    break
  }
  return own
}

function renamed(from: string, to: string): boolean {
  try {
    renameSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
