/** The hostile archives of archives.test.ts: a table, and therefore long. */
import { gzipSync } from 'node:zlib'
import { paxOf, type TarEntry, tarOf } from '../support/archive-tar.ts'
import { type ZipEntry, zipOf } from '../support/archive-zip.ts'

export interface HostileCase {
  readonly name: string
  readonly bytes: Buffer
  /** What is said of it; undefined: the rest of it is taken, and what is hostile is not. */
  readonly told?: RegExp
}

/** What every case is asked for. */
export const wanted = [
  { path: 'model.bin', entry: 'pkg/model.bin', bytes: 7 },
  { path: 'data', folder: 'pkg/data' },
]

/** Made by bzip2 -9, as the rest can't be here: good.tar, a link in place of the model, the head of a big entry, 45 MB of zeros, a text. */
export const bz2 = {
  good: Buffer.from(
    'QlpoOTFBWSZTWbBMXuoAALfbgMmAQAH/gEqAdu/egAlIMAC4glIIaammmmmQ0xMTGptDDQyZAyMQYmTQ0wFUSmEGmiPKNNkJk0DOHRp1L5h4d+ykNJEKr8MO5iXiw33WzoNQ1yiKESds+hKcYrOEkLC4oDLjlnYRhJZTcTTOYqJ3ldNZJiWlVptyWl9bwfIwHkqEgGyZ+Fhmn3AL2QVM3VMla/y/9tAFuVlUMc1rSHD42ShZEFpwFcQdMInIu5IpwoSFgmL3UA==',
    'base64',
  ),
  link: Buffer.from(
    'QlpoOTFBWSZTWdTk9lkAADLbgMiAQAH3gAoAPq/egACIIABURTeqaMmjQ0AB5R6DJE9RkGgyAAGsfgHzAmHMHBXpOShTa3TNQVcwASaBJrLoyoCwwqDWOfSCQ9R+m3B+P9aaBfiVScolQUxdyRThQkNTk9lk',
    'base64',
  ),
  head: Buffer.from(
    'QlpoOTFBWSZTWfBte8QAACdbgMgAQAD/gACAYsjeAAgAIABUUNJtBMmBo9UGmmqepoaPUA0HcBw16xiATDEHeiDKHAJaU0qUZl1SJu0dz3EZwVAyVzOmpgIgAHv4u5IpwoSHg2veIA==',
    'base64',
  ),
  zeros: Buffer.from('QlpoOTFBWSZTWckBtsgBWKtAIMAAEAAACCAAMMwFKaZSSFJsVJIUni7kinChIZIDbZA=', 'base64'),
  text: Buffer.from('QlpoOTFBWSZTWeVyYboAAAYRgEAAKiPGACAAMQDTTQQNBkZNAVi0sjybxdyRThQkOVyYboA=', 'base64'),
}

const model = { name: 'pkg/model.bin', content: 'weights' }
const part = { name: 'pkg/data/en', content: 'hello' }
const good: (TarEntry & ZipEntry)[] = [model, part]
const evil = { content: 'evil' }

/** `outside`: an absolute path that nobody may write to. */
export function hostileCases(outside: string): HostileCase[] {
  const cases: HostileCase[] = []
  const tar = (name: string, entries: readonly TarEntry[], told?: RegExp): void => {
    const bytes = tarOf(entries)
    cases.push({ name: `tar: ${name}`, bytes, ...(told === undefined ? {} : { told }) })
    cases.push({ name: `tar.gz: ${name}`, bytes: gzipSync(bytes), ...(told === undefined ? {} : { told }) })
  }
  const zip = (name: string, entries: readonly ZipEntry[], told?: RegExp, count?: number): void => {
    const bytes = zipOf(entries, count === undefined ? {} : { count })
    cases.push({ name: `zip: ${name}`, bytes, ...(told === undefined ? {} : { told }) })
  }
  const raw = (name: string, bytes: Buffer, told: RegExp): void => void cases.push({ name, bytes, told })

  tar('a path with .. beside', [{ name: '../../evil', ...evil }, ...good])
  tar('an absolute path beside', [{ name: outside, ...evil }, ...good])
  tar('a long name of GNU tar that leads out', [
    { name: '././@LongLink', type: 'L', content: '../../evil\0' },
    { name: 'x', ...evil },
    ...good,
  ])
  tar('a pax path that leads out', [paxOf({ path: '../../evil' }), { name: 'pkg/data/x', ...evil }, ...good])
  tar('.. below a wanted folder', [{ name: 'pkg/data/../../../evil', ...evil }, ...good], /leads elsewhere/)
  tar('an empty name in between', [{ name: 'pkg/data//x', ...evil }, ...good], /leads elsewhere/)
  tar('backslashes', [{ name: 'pkg/data/a\\..\\..\\evil', ...evil }, ...good], /leads elsewhere/)
  tar('a drive', [{ name: 'pkg/data/C:evil', ...evil }, ...good], /leads elsewhere/)
  tar(
    'a NUL in a pax path',
    [paxOf({ path: 'pkg/data/en\0b' }), { name: 'x', ...evil }, ...good],
    /leads elsewhere|in it twice/,
  )
  tar('words for the terminal', [{ name: 'pkg/data/\u001B[2J\r', ...evil }, ...good], /leads elsewhere/)
  tar(
    'a name of 5000 letters',
    [paxOf({ path: `pkg/data/${'a'.repeat(5000)}` }), { name: 'x' }],
    /leads elsewhere/,
  )
  tar(
    'a hundred folders',
    [paxOf({ path: `pkg/data/${'a/'.repeat(100)}x` }), { name: 'x' }],
    /leads elsewhere/,
  )
  tar('a symbolic link for the file', [{ name: 'pkg/model.bin', type: '2', link: outside }], /is a link/)
  tar('a hard link for the file', [{ name: 'pkg/model.bin', type: '1', link: outside }], /is a link/)
  tar(
    'a link for the folder, and a file through it',
    [model, { name: 'pkg/data', type: '2', link: '/tmp' }, part],
    /is no folder/,
  )
  tar(
    'a link in the folder, and a file through it',
    [model, { name: 'pkg/data/l', type: '2', link: '/tmp' }, { name: 'pkg/data/l/evil', ...evil }],
    /is a link/,
  )
  tar('a link on the way to the file', [{ name: 'pkg', type: '2', link: '/tmp' }, ...good])
  tar('a character device', [{ name: 'pkg/model.bin', type: '3' }], /no plain file/)
  tar('a block device', [{ name: 'pkg/model.bin', type: '4' }], /no plain file/)
  tar('a named pipe', [{ name: 'pkg/data/fifo', type: '6' }], /no plain file/)
  tar('a folder for the file', [{ name: 'pkg/model.bin/', type: '5' }], /is a folder/)
  tar('a file for the folder', [model, { name: 'pkg/data', ...evil }], /is no folder/)
  tar('two of one name', [...good, model], /is in it twice/)
  tar('two of one name, once with ./', [...good, { ...model, name: './pkg/model.bin' }], /is in it twice/)
  tar('two names that differ by capitals', [...good, { ...part, name: 'pkg/data/EN' }], /is in it twice/)
  tar(
    'two Unicode forms of a name',
    [model, { ...part, name: 'pkg/data/\u00e9' }, { ...part, name: 'pkg/data/e\u0301' }],
    /is in it twice/,
  )
  tar('a file that is a folder, too', [...good, { name: 'pkg/data/en/x', ...evil }], /is in it twice/)
  tar('a folder that is a file, too', [{ name: 'pkg/data/en/x', ...evil }, ...good], /is in it twice/)
  tar('rights of its choosing', [
    { ...model, mode: 0o6777 },
    { ...part, mode: 0o0 },
  ])
  tar(
    'another size than is known',
    [{ ...model, content: 'weights!' }, part],
    /expected 7 bytes, got 8 bytes/,
  )
  tar('nothing of what is wanted', [part], /holds no file pkg\/model\.bin/)
  tar('an empty folder', [model], /holds no file pkg\/data/)
  tar('a wrong checksum', [{ ...model, checksum: 1 }, part], /is not an archive/)
  tar(
    'eight exabytes',
    [{ ...model, sizeField: Buffer.from([0x80, 0, 0, 0, 0x7f, ...Array(7).fill(255)]) }],
    /./,
  )
  tar('less than nothing', [{ ...model, sizeField: Buffer.alloc(12, 0xff) }], /./)
  tar('a sparse file of GNU tar', [{ ...model, type: 'S' }, part], /holds no file/)
  tar('two megabytes of pax', [paxOf({ comment: 'x'.repeat(2e6) }), ...good])
  tar(
    'more entries than anybody has',
    [...Array<TarEntry>(100_001).fill({ name: 'x' }), ...good],
    /more than 100000/,
  )

  const whole = tarOf(good)
  cases.push({
    name: 'tar.gz: 60 MB behind its end',
    bytes: gzipSync(Buffer.concat([whole, Buffer.alloc(60e6, 1)])),
  })
  raw('tar: cut off in a file', whole.subarray(0, 515), /Truncated|is not an archive/)
  raw('tar: cut off in a header', whole.subarray(0, 1024 + 100), /holds no file|is not an archive/)
  raw('tar: an empty one', tarOf([]), /holds no file|is not an archive/)
  raw('an empty file', Buffer.alloc(0), /no kind that is known/)
  raw('a text', Buffer.from('once upon a time'), /no kind that is known/)
  raw('xz', Buffer.from('fd377a585a000004', 'hex'), /packed with xz/)
  raw('zstd', Buffer.from('28b52ffd04000000', 'hex'), /packed with zstd/)
  const bomb = tarOf([{ name: 'pkg/zeros', content: Buffer.alloc(150e6) }, ...good])
  raw('tar.gz: a bomb', gzipSync(bomb), /unpacks to more than/)
  raw('tar.gz: cut off', gzipSync(whole).subarray(0, 100), /is not an archive/)
  raw('tar.gz: another sum at its end', changed(gzipSync(whole), -6), /is not an archive/)
  raw('tar.gz: packed twice', gzipSync(gzipSync(whole)), /holds no tar/)
  raw('tar.gz: a text', gzipSync('once upon a time'), /holds no tar/)
  raw('tar.gz: a zip', gzipSync(zipOf(good)), /holds no tar/)

  raw(
    'tar.bz2: a bomb',
    Buffer.concat([bz2.head, ...Array<Buffer>(5).fill(bz2.zeros)]),
    /unpacks to more than/,
  )
  raw('tar.bz2: a link', bz2.link, /is a link/)
  raw('tar.bz2: cut off', bz2.good.subarray(0, 150), /cut off/)
  raw('tar.bz2: another sum', changed(bz2.good, 12), /not a valid bzip2 file/)
  raw('tar.bz2: another sum at its end', changed(bz2.good, -3), /not a valid bzip2 file/)
  raw(
    'tar.bz2: something behind it',
    Buffer.concat([bz2.good, Buffer.from('tail')]),
    /not a valid bzip2 file/,
  )
  raw('tar.bz2: a text', bz2.text, /holds no tar/)

  zip('a path with ..', [{ name: '../../evil', ...evil }, ...good], /invalid relative path/)
  zip('an absolute path', [{ name: outside, ...evil }, ...good], /absolute path/)
  zip('backslashes', [{ name: 'pkg\\data\\..\\..\\evil', ...evil }, ...good], /invalid characters/)
  zip(
    '.. below a wanted folder',
    [{ name: 'pkg/data/../../evil', ...evil }, ...good],
    /invalid relative path/,
  )
  zip('a symbolic link', [{ ...model, content: outside, mode: 0o120777 }, part], /is a link/)
  zip('a device', [{ ...model, mode: 0o020666 }, part], /no plain file/)
  zip('rights of its choosing', [{ ...model, mode: 0o106777 }, part])
  zip('two of one name', [...good, model], /is in it twice/)
  zip('two names that differ by capitals', [...good, { ...part, name: 'pkg/data/EN' }], /is in it twice/)
  zip('encrypted', [{ ...model, local: { flags: 1 }, central: { flags: 1 } }, part], /is encrypted/)
  zip('strongly encrypted', [{ ...model, central: { flags: 0x41 } }, part], /encryption/)
  zip('another sum', [{ ...model, local: { crc: 1 }, central: { crc: 1 } }, part], /checksum of .* is wrong/)
  zip(
    'other bytes with the sum of the right ones',
    [{ ...model, content: 'WEIGHTS', ...sums() }, part],
    /checksum/,
  )
  zip('more bytes than stated', [{ ...model, content: 'x'.repeat(1e6), ...sizes(7) }, part], /too many bytes/)
  zip('fewer bytes than stated', [{ ...model, content: 'x', ...sizes(7) }, part], /not enough bytes/)
  zip(
    'a size that both headers lie about',
    [{ ...model, ...sizes(4e9) }, part],
    /expected 7 bytes, got 4000000000/,
  )
  zip(
    'another name before the content',
    [{ ...model, local: { name: 'pkg/wrong.bin' } }, part],
    /different things/,
  )
  zip('another size before the content', [{ ...model, local: { size: 8 } }, part], /different things/)
  zip('another method before the content', [{ ...model, local: { method: 0 } }, part], /different things/)
  zip(
    'a descriptor that only the content knows of',
    [{ ...model, local: { flags: 8 } }, part],
    /different things/,
  )
  zip(
    'a descriptor behind which the directory lies',
    [{ ...model, descriptor: true, central: { size: 6 } }, part],
    /expected 7 bytes, got 6 bytes/,
  )
  zip('entries that share their bytes', [model, { ...part, central: { offset: 0 } }], /shares its bytes/)
  zip('an offset behind the end', [{ ...model, central: { offset: 1e6 } }, part], /is not an archive/)
  zip(
    'a method that nobody knows',
    [{ ...model, local: { method: 99 }, central: { method: 99 } }, part],
    /method/,
  )
  zip('fewer entries than stated', good, /is not an archive/, 5)
  zip('more entries than stated', [part, model], /holds no file pkg\/model/, 1)
  zip('more entries than anybody has', good, /is not an archive/, 65_535)
  zip(
    'broken deflate',
    [{ ...model, stored: true, local: { method: 8 }, central: { method: 8 } }, part],
    /is not an archive/,
  )
  const bigZip = zipOf([{ ...model, name: 'pkg/data/zeros', content: Buffer.alloc(150e6) }, ...good])
  raw('zip: a bomb', bigZip, /unpacks to more than/)
  raw('zip: cut off', zipOf(good).subarray(0, -30), /is not an archive/)
  raw('zip: an empty one', zipOf([]), /holds no file/)
  return cases
}

export function goodArchives(): HostileCase[] {
  const tar = tarOf([
    ...good,
    { name: 'pkg/data/lang/', type: '5' },
    { name: 'pkg/data/lang/de', content: 'hallo' },
  ])
  const entries = [...good, { name: 'pkg/data/lang/' }, { name: 'pkg/data/lang/de', content: 'hallo' }]
  return [
    { name: 'tar', bytes: tar },
    { name: 'tar.gz', bytes: gzipSync(tar) },
    {
      name: 'tar.gz in two pieces',
      bytes: Buffer.concat([tar.subarray(0, 700), tar.subarray(700)].map(one => gzipSync(one))),
    },
    { name: 'tar.bz2', bytes: bz2.good },
    { name: 'zip', bytes: zipOf(entries) },
    { name: 'zip, stored', bytes: zipOf(entries.map(one => ({ ...one, stored: true }))) },
    { name: 'zip, with descriptors', bytes: zipOf(entries.map(one => ({ ...one, descriptor: true }))) },
    { name: 'zip, in 64 bits', bytes: zipOf(entries.map(one => ({ ...one, zip64: true }))) },
  ]
}

function changed(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  const index = (at + copy.length) % copy.length
  copy.writeUInt8(copy.readUInt8(index) ^ 0x55, index)
  return copy
}

function sizes(size: number) {
  return { local: { size }, central: { size } }
}

/** Of "weights". */
function sums() {
  return { local: { crc: 0x9c0f_4d4e }, central: { crc: 0x9c0f_4d4e } }
}
