/** Bytes from the start of a file that `pictureType` needs. */
export const pictureHead = 12

const signatures: readonly (readonly [type: PictureType, pattern: RegExp])[] = [
  ['image/png', /^\x89PNG\r\n\x1a\n/],
  ['image/jpeg', /^\xff\xd8\xff/],
  ['image/gif', /^GIF8[79]a/],
  ['image/webp', /^RIFF[^]{4}WEBP/],
]

export type PictureType = 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp'

/** By its first bytes; undefined for anything else. */
export function pictureType(head: Buffer): PictureType | undefined {
  const text = head.subarray(0, pictureHead).toString('latin1')
  return signatures.find(([, pattern]) => pattern.test(text))?.[0]
}
