/** What an archive says of one of its entries. None of it is to be believed. */
export interface Entry {
  /** As it stands there; a folder's ends in a slash in most archives. */
  readonly name: string
  readonly type: 'file' | 'folder' | 'link' | 'other'
  readonly bytes: number
}

/** Gets the entries one after the other; the content of one that nobody asks for is passed over. */
export type OnEntry = (entry: Entry, content: () => AsyncIterable<Buffer>) => Promise<void>

/** Something is wrong with an archive; `message` is a part of a sentence, out of the table of messages. */
export class ArchiveFault extends Error {}

export interface Limits {
  readonly entries: number
  /** Of all that comes out of it, wanted or not. */
  readonly bytes: number
}

/**
 * Nobody's model has more files. Weights hardly shrink and text does by a factor of 3 to 10, so that what is 100 times as
 * big as its archive, and a good deal more, was made to fill disks.
 */
export function limitsFor(archiveBytes: number): Limits {
  return { entries: 100_000, bytes: Math.min(100 * archiveBytes + 100e6, 256 * 2 ** 30) }
}
