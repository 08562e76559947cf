/** An entry of a tar as a test wants it, true or not. */
export interface TarEntry {
  readonly name: string
  readonly content?: Buffer | string
  /** ustar's letter: 0 file, 1 hard link, 2 symbolic link, 3 and 4 devices, 5 folder, 6 pipe, x and L names of the next. */
  readonly type?: string
  readonly link?: string
  readonly mode?: number
  /** What the header says, if it isn't the content's size. */
  readonly size?: number
  /** The twelve bytes of the size field as they are. */
  readonly sizeField?: Buffer
  readonly checksum?: number
}

/** A tar, byte by byte, with the two blocks of zeros at its end. */
export function tarOf(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.map(entryBytes), Buffer.alloc(1024)])
}

/** The record that gives the next entry another path (POSIX pax). */
export function paxOf(records: Readonly<Record<string, string>>): TarEntry {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = ` ${key}=${value}\n`
    // The length counts its own digits.
    let length = Buffer.byteLength(rest)
    while (String(length).length + Buffer.byteLength(rest) !== length)
      length = String(length).length + Buffer.byteLength(rest)
    return `${length}${rest}`
  })
  return { name: 'PaxHeader', type: 'x', content: lines.join('') }
}

function entryBytes(entry: TarEntry): Buffer {
  const content = Buffer.from(entry.content ?? '')
  const header = Buffer.alloc(512)
  header.write(entry.name, 0, 100)
  header.write(octal(entry.mode ?? 0o644, 8), 100, 'latin1')
  header.write(octal(0, 8), 108, 'latin1')
  header.write(octal(0, 8), 116, 'latin1')
  header.write(octal(entry.size ?? content.length, 12), 124, 'latin1')
  entry.sizeField?.copy(header, 124)
  header.write(octal(1_700_000_000, 12), 136, 'latin1')
  header.write(entry.type ?? '0', 156, 'latin1')
  header.write(entry.link ?? '', 157, 100)
  header.write('ustar\x0000', 257, 'latin1')
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0)
  header.write(octal(entry.checksum ?? sum, 7), 148, 'latin1')
  header.write(' ', 155)
  return Buffer.concat([header, content, Buffer.alloc((512 - (content.length % 512)) % 512)])
}

function octal(value: number, width: number): string {
  return `${value.toString(8).padStart(width - 1, '0')}\0`
}
