import type { Entry as ZipEntry, ZipFile } from 'yauzl'
import { crc32 } from 'node:zlib'
import { archiveFaults } from '../messages.ts'
import { ArchiveFault, type Entry, type Limits, type OnEntry } from './entry.ts'

/**
 * Reads a zip by its central directory, which is looked through as a whole before anything is taken: no two entries may share
 * bytes, and each has to be called the same in both places.
 */
export async function readZip(
  path: string,
  limits: Limits,
  onEntry: OnEntry,
  signal?: AbortSignal,
): Promise<void> {
  const { openPromise } = (await import('yauzl')).default
  const zip = await asFault(openPromise(path, { autoClose: false, strictFileNames: true }))
  // An error while the file is closed.
  zip.on('error', () => undefined)
  try {
    const entries = await readDirectory(zip, limits, signal)
    for (const entry of entries) {
      signal?.throwIfAborted()
      await onEntry(entryOf(entry), () => contentOf(zip, entry, signal))
    }
  } finally {
    zip.close()
  }
}

async function readDirectory(zip: ZipFile, limits: Limits, signal?: AbortSignal): Promise<ZipEntry[]> {
  if (zip.entryCount > limits.entries) throw new ArchiveFault(archiveFaults.tooMany(limits.entries))
  const entries: ZipEntry[] = []
  let directoryBytes = 0
  const each = zip.eachEntry()[Symbol.asyncIterator]()
  for (;;) {
    signal?.throwIfAborted()
    const next = await asFault(each.next())
    if (next.done === true) break
    const { fileNameLength, extraFieldLength, fileCommentLength } = next.value
    directoryBytes += fileNameLength + extraFieldLength + fileCommentLength
    // All of it is kept in memory.
    if (directoryBytes > 64e6) throw new ArchiveFault(archiveFaults.tooMany(entries.length))
    entries.push(next.value)
  }
  const inOrder = entries.toSorted((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader)
  for (const [i, entry] of inOrder.entries()) {
    const next = inOrder[i + 1]
    // Its own header has at least 30 bytes and the name.
    const end = entry.relativeOffsetOfLocalHeader + 30 + entry.fileNameLength + entry.compressedSize
    if (next !== undefined && next.relativeOffsetOfLocalHeader < end)
      throw new ArchiveFault(archiveFaults.overlap(entry.fileName))
  }
  return entries
}

async function* contentOf(zip: ZipFile, entry: ZipEntry, signal?: AbortSignal): AsyncGenerator<Buffer> {
  if (entry.isEncrypted()) throw new ArchiveFault(archiveFaults.encrypted(entry.fileName))
  const local = await asFault(zip.readLocalFileHeaderPromise(entry))
  if (
    !local.fileName.equals(entry.fileNameRaw) ||
    local.compressionMethod !== entry.compressionMethod ||
    !saysTheSame(local, entry)
  )
    throw new ArchiveFault(archiveFaults.twoStories(entry.fileName))
  const stream = await asFault(zip.openReadStreamPromise(entry))
  let sum = 0
  const chunks = stream[Symbol.asyncIterator]()
  try {
    for (;;) {
      signal?.throwIfAborted()
      const next = (await asFault(chunks.next())) as IteratorResult<Buffer>
      if (next.done === true) break
      sum = crc32(next.value, sum)
      yield next.value
    }
  } finally {
    stream.destroy()
  }
  if (sum !== entry.crc32) throw new ArchiveFault(archiveFaults.badSum(entry.fileName))
}

/** Sizes and sum stand in the local header, too, unless they follow the data (bit 3) or are too big for it. */
function saysTheSame(
  local: { crc32: number; compressedSize: number; uncompressedSize: number; generalPurposeBitFlag: number },
  entry: ZipEntry,
): boolean {
  if ((local.generalPurposeBitFlag & 8) !== 0) return (entry.generalPurposeBitFlag & 8) !== 0
  const isSame = (there: number, here: number): boolean => there === here || there === 0xffffffff
  return (
    local.crc32 === entry.crc32 &&
    isSame(local.compressedSize, entry.compressedSize) &&
    isSame(local.uncompressedSize, entry.uncompressedSize)
  )
}

function entryOf(entry: ZipEntry): Entry {
  const { fileName: name, uncompressedSize: bytes } = entry
  // Programs on Unix (3) keep the file's type in the upper half; with others, what stands there means nothing.
  const isUnix = entry.versionMadeBy >>> 8 === 3
  const mode = isUnix ? (entry.externalFileAttributes >>> 16) & 0o170000 : 0
  const byMode =
    mode === 0o120000 ? 'link' : mode === 0 || mode === 0o100000 || mode === 0o040000 ? 'file' : 'other'
  return { name, bytes, type: name.endsWith('/') ? 'folder' : byMode }
}

/** The library tells of a broken archive by plain errors, and of a broken disk by those of Node. */
async function asFault<T>(result: Promise<T>): Promise<T> {
  try {
    return await result
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== undefined && !code.startsWith('Z_')) throw error
    throw new ArchiveFault(message, { cause: error })
  }
}
