import { crc32, deflateRawSync } from 'node:zlib'

/** What a header says, where a test wants it to say something else than what is so. */
interface Lies {
  readonly name?: string
  readonly crc?: number
  readonly compressed?: number
  readonly size?: number
  readonly flags?: number
  readonly method?: number
  readonly offset?: number
}

export interface ZipEntry {
  readonly name: string
  readonly content?: Buffer | string
  readonly stored?: boolean
  /** The type and rights of Unix, such as 0o120777 for a symbolic link. */
  readonly mode?: number
  /** Sizes and sum stand behind the data. */
  readonly descriptor?: boolean
  /** Sizes in 64 bits. */
  readonly zip64?: boolean
  readonly local?: Lies
  readonly central?: Lies
}

/** A zip, byte by byte. `count`: what the end says of the number of entries. */
export function zipOf(entries: readonly ZipEntry[], { count = entries.length } = {}): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const entry of entries) {
    const content = Buffer.from(entry.content ?? '')
    const data = entry.stored === true ? content : deflateRawSync(content)
    const facts = {
      name: entry.name,
      crc: crc32(content),
      compressed: data.length,
      size: content.length,
      flags: 0x800 | (entry.descriptor === true ? 8 : 0),
      method: entry.stored === true ? 0 : 8,
      offset: at,
    }
    const unknown = entry.descriptor === true ? { crc: 0, compressed: 0, size: 0 } : {}
    const local = headerOf({ ...facts, ...unknown, ...entry.local }, entry.zip64 === true)
    const bytes: Buffer[] = [Buffer.from('PK\x03\x04'), local.common, local.name, local.extra, data]
    if (entry.descriptor === true) bytes.push(descriptorOf(facts))
    const central = headerOf({ ...facts, ...entry.central }, entry.zip64 === true)
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 6)
    tail.writeUInt32LE(entry.central?.offset ?? at, 10)
    directory.push(
      Buffer.from('PK\x01\x02\x1e\x03', 'latin1'),
      central.common,
      tail,
      central.name,
      central.extra,
    )
    parts.push(...bytes)
    at += bytes.reduce((sum, part) => sum + part.length, 0)
  }
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06')
  end.writeUInt16LE(count, 8)
  end.writeUInt16LE(count, 10)
  end.writeUInt32LE(
    directory.reduce((sum, part) => sum + part.length, 0),
    12,
  )
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...parts, ...directory, end])
}

/** What the two headers of an entry have in common, from the version on. */
function headerOf(facts: Required<Lies>, zip64: boolean) {
  const name = Buffer.from(facts.name)
  const extra = Buffer.alloc(zip64 ? 20 : 0)
  const common = Buffer.alloc(26)
  common.writeUInt16LE(zip64 ? 45 : 20, 0)
  common.writeUInt16LE(facts.flags, 2)
  common.writeUInt16LE(facts.method, 4)
  common.writeUInt32LE(facts.crc, 10)
  common.writeUInt32LE(zip64 ? 0xffffffff : facts.compressed, 14)
  common.writeUInt32LE(zip64 ? 0xffffffff : facts.size, 18)
  common.writeUInt16LE(name.length, 22)
  common.writeUInt16LE(extra.length, 24)
  if (zip64) {
    extra.writeUInt16LE(1, 0)
    extra.writeUInt16LE(16, 2)
    extra.writeBigUInt64LE(BigInt(facts.size), 4)
    extra.writeBigUInt64LE(BigInt(facts.compressed), 12)
  }
  return { common, name, extra }
}

function descriptorOf({ crc, compressed, size }: Required<Lies>): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.write('PK\x07\x08')
  bytes.writeUInt32LE(crc, 4)
  bytes.writeUInt32LE(compressed, 8)
  bytes.writeUInt32LE(size, 12)
  return bytes
}
