import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'

export interface WheelContent {
  readonly name: string
  readonly version: string
  /** Lines for Requires-Dist. */
  readonly requires?: readonly string[]
  readonly extras?: readonly string[]
  /** More files, by their path in site-packages. */
  readonly files?: Readonly<Record<string, string>>
}

/** Writes a wheel that pip takes: a module that knows its version, and what a wheel must have. Returns its path. */
export async function writeWheel(folder: string, content: WheelContent): Promise<string> {
  const { name, version, requires = [], extras = [], files = {} } = content
  const module = name.replaceAll('-', '_')
  const info = `${module}-${version}.dist-info`
  const metadata = [
    'Metadata-Version: 2.1',
    `Name: ${name}`,
    `Version: ${version}`,
    ...extras.map(extra => `Provides-Extra: ${extra}`),
    ...requires.map(line => `Requires-Dist: ${line}`),
  ]
  const all: Record<string, string> = {
    [`${module}.py`]: `version = "${version}"\n`,
    ...files,
    [`${info}/METADATA`]: metadata.join('\n') + '\n',
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
  }
  const record = `${info}/RECORD`
  all[record] = [...Object.keys(all), record].map(path => `${path},,\n`).join('')
  await mkdir(folder, { recursive: true })
  const path = join(folder, `${module}-${version}-py3-none-any.whl`)
  await writeFile(path, zip(all))
  return path
}

/** A zip file without compression. */
function zip(files: Readonly<Record<string, string>>): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const [name, text] of Object.entries(files)) {
    const [path, data] = [Buffer.from(name), Buffer.from(text)]
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    // 1980-01-01, the first day that the format knows.
    common.writeUInt16LE(0x21, 8)
    common.writeUInt32LE(crc32(data), 10)
    common.writeUInt32LE(data.length, 14)
    common.writeUInt32LE(data.length, 18)
    common.writeUInt16LE(path.length, 22)
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), common, path, data])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE((0o100_644 << 16) >>> 0, 6)
    tail.writeUInt32LE(offset, 10)
    directory.push(Buffer.concat([Buffer.from('PK\u0001\u0002\u0014\u0003'), common, tail, path]))
    parts.push(local)
    offset += local.length
  }
  const central = Buffer.concat(directory)
  const end = Buffer.alloc(18)
  end.writeUInt16LE(parts.length, 4)
  end.writeUInt16LE(parts.length, 6)
  end.writeUInt32LE(central.length, 8)
  end.writeUInt32LE(offset, 12)
  return Buffer.concat([...parts, central, Buffer.from('PK\u0005\u0006'), end])
}
