import type { Parser, ReadEntry } from 'tar'
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { archiveFaults } from '../messages.ts'
import { bunzip } from './bunzip.ts'
import { ArchiveFault, type Entry, type Limits, type OnEntry } from './entry.ts'
import { kindOfHead } from './kind.ts'

/** Reads a tar from its beginning to its end, in constant memory. */
export async function readTar(
  path: string,
  packed: 'tar' | 'gzip' | 'bzip2',
  limits: Limits,
  onEntry: OnEntry,
  signal?: AbortSignal,
): Promise<void> {
  let feeding: Promise<void> | undefined
  const parse = (source: AsyncIterable<Buffer>): Promise<void> =>
    (feeding = feed(counted(source, limits), limits, onEntry))
  const options = signal === undefined ? {} : { signal }
  try {
    if (packed === 'bzip2') await pipeline(bunzip(path, signal), parse, options)
    else if (packed === 'gzip')
      await pipeline(createReadStream(path, reading), createGunzip(unzipping), parse, options)
    else await pipeline(createReadStream(path, reading), parse, options)
  } finally {
    // A pipeline that is stopped does not wait for its end, and nothing may be written any more when this returns.
    await Promise.allSettled([feeding])
  }
}

const reading = { highWaterMark: 256 * 1024 }
const unzipping = { chunkSize: 256 * 1024 }

/** Ends what unpacks without end; and what is packed twice, which would get round that. */
async function* counted(source: AsyncIterable<Buffer>, limits: Limits): AsyncGenerator<Buffer> {
  let bytes = 0
  let head: Buffer | undefined = Buffer.alloc(0)
  for await (const chunk of source) {
    bytes += chunk.length
    if (bytes > limits.bytes) throw new ArchiveFault(archiveFaults.tooMuch(limits.bytes))
    if (head === undefined) {
      yield chunk
      continue
    }
    head = Buffer.concat([head, chunk])
    if (head.length < 512) continue
    if (kindOfHead(head) !== 'tar') break
    yield head
    head = undefined
  }
  if (head !== undefined) throw new ArchiveFault(archiveFaults.noTar())
}

async function feed(source: AsyncIterable<Buffer>, limits: Limits, onEntry: OnEntry): Promise<void> {
  const { Parser } = await import('tar')
  const parser: Parser = new Parser({ strict: true, brotli: false })
  let failure: { readonly error: unknown } | undefined
  let current: ReadEntry | undefined
  let wake = (): void => undefined
  const fail = (error: unknown): void => {
    failure ??= { error }
    current?.destroy()
    wake()
  }
  const seen = async (event: 'drain' | 'end'): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    wake = resolve
    parser.once(event, resolve)
    if (event === 'end') parser.end()
    if (failure === undefined) await promise
  }
  const rethrow = (): void => {
    if (failure !== undefined) throw failure.error
  }
  let entries = 0
  const count = (): void => {
    if (++entries > limits.entries) fail(new ArchiveFault(archiveFaults.tooMany(limits.entries)))
  }
  let work = Promise.resolve()
  parser.on('error', fail)
  parser.on('ignoredEntry', count)
  // Entries come one at a time: the next one when this one's content has been read.
  parser.on('entry', (entry: ReadEntry) => {
    count()
    const take = async (): Promise<void> => {
      if (failure !== undefined) return
      current = entry
      await onEntry(entryOf(entry), () => contentOf(entry, rethrow))
      entry.resume()
    }
    work = work.then(take).catch(fail)
  })
  let isOver = false
  parser.on('eof', () => (isOver = true))
  try {
    for await (const chunk of source) {
      // The rest is read for its checksum only: the parser would keep all of it in memory.
      if (!isOver && !parser.write(chunk)) await seen('drain')
      rethrow()
    }
    await seen('end')
  } catch (error) {
    fail(error)
  }
  await work
  rethrow()
}

/** An entry that was destroyed tells it only to whoever is waiting at that moment. */
async function* contentOf(entry: ReadEntry, rethrow: () => void): AsyncGenerator<Buffer> {
  rethrow()
  for await (const chunk of entry) {
    yield chunk
    rethrow()
  }
}

function entryOf({ path, type, size }: ReadEntry): Entry {
  return { name: path, type: types[type] ?? 'other', bytes: size }
}

const types: Readonly<Record<string, Entry['type']>> = {
  File: 'file',
  OldFile: 'file',
  ContiguousFile: 'file',
  Directory: 'folder',
  Link: 'link',
  SymbolicLink: 'link',
}
