import { open } from 'node:fs/promises'

export type ArchiveKind = 'tar' | 'gzip' | 'bzip2' | 'zip' | 'xz' | 'zstd' | 'unknown'

/** Of what kind a file is, by its first bytes: a name says little. */
export async function kindOf(path: string): Promise<ArchiveKind> {
  await using file = await open(path)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0)
  return kindOfHead(buffer.subarray(0, bytesRead))
}

/** `head`: at least 512 bytes, or all there are. */
export function kindOfHead(head: Buffer): ArchiveKind {
  for (const [kind, magic] of magics) if (magic.test(head.toString('latin1', 0, 10))) return kind
  return isTar(head) ? 'tar' : 'unknown'
}

const magics: readonly (readonly [ArchiveKind, RegExp])[] = [
  ['gzip', /^\x1f\x8b\x08/],
  // The first block, or the end of an empty one.
  ['bzip2', /^BZh[1-9](1AY&SY|\x17rE8P\x90)/],
  // A first entry, or the end of an empty one.
  ['zip', /^PK(\x03\x04|\x05\x06)/],
  ['xz', /^\xfd7zXZ\0/],
  ['zstd', /^\x28\xb5\x2f\xfd/],
]

/** The oldest tars have no magic, and all have a checksum: the sum of the header's bytes with blanks in its own place. */
function isTar(head: Buffer): boolean {
  if (head.length < 512) return false
  const stated = Number.parseInt(head.toString('latin1', 148, 156).replaceAll(/[ \0]/g, ''), 8)
  const sum = head.subarray(0, 512).reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0)
  return stated === sum
}
