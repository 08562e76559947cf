import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { PictureType } from '../../../lib/picture-type.ts'
import { png } from '../../../test/support/png.ts'
import { tempDir } from '../../../test/support/temp.ts'
import { type ChatMessage, EngineError } from '../../core/engine.ts'
import { pixelsOf } from './picture-size.ts'
import { readPictures } from './pictures.ts'

const red = png(2, 2, [255, 0, 0])

async function faultOf(images: readonly string[], folder: string): Promise<string> {
  const asked = [{ role: 'user', content: 'What is it?', images: [...images] }] satisfies ChatMessage[]
  const { signal } = new AbortController()
  try {
    return [...(await readPictures(asked, { folder, signal })).values()].join()
  } catch (error) {
    if (!(error instanceof EngineError) || error.failure.reason !== 'bad_image') throw error
    return `${error.failure.file} ${error.failure.fault}`
  }
}

const webp = (chunk: string, size: readonly number[]): Buffer =>
  Buffer.concat([Buffer.from(`RIFF\0\0\0\0WEBP${chunk}\0\0\0\0`), Buffer.from(size), Buffer.alloc(10)])
/** Each of 300 by 200 pixels, as encoders wrote them; what follows is nobody's business here. */
const heads: Readonly<Record<string, Buffer>> = {
  'image/png': png(300, 200, [0, 0, 0]),
  'image/gif': Buffer.from([...Buffer.from('GIF89a'), 0x2c, 0x01, 0xc8, 0x00]),
  // A filled-up marker and a table come before the frame.
  'image/jpeg': Buffer.from('ffd8ffe000044a46ffffc4000300ffc200110800c8012c03', 'hex'),
  'image/webp lossy': webp('VP8 ', [0, 0, 0, 0x9d, 0x01, 0x2a, 0x2c, 0x01, 0xc8, 0x00]),
  'image/webp lossless': webp('VP8L', [0x2f, 0x2b, 0xc1, 0x31, 0x00]),
  'image/webp extended': webp('VP8X', [0, 0, 0, 0, 0x2b, 0x01, 0x00, 0xc7, 0x00, 0x00]),
}

test('pictures are told by their first bytes, whatever their names, with their size', async () => {
  await using dir = await tempDir()
  for (const [name, bytes] of Object.entries(heads)) {
    const [type = ''] = name.split(' ')
    assert.equal(pixelsOf(bytes, type as PictureType), 60_000, name)
    await writeFile(join(dir.path, 'a.txt'), bytes)
    assert.equal(await faultOf(['a.txt'], dir.path), `data:${type};base64,${bytes.toString('base64')}`)
  }
})

test('one that ends before its size, or would fill the memory, is refused', async () => {
  await using dir = await tempDir()
  const at = join(dir.path, 'a')
  for (const [name, bytes] of Object.entries(heads)) {
    for (let length = 12; length < Math.min(bytes.length, 24); length++) {
      const type = name.split(' ')[0] as PictureType
      // However it is cut: an answer, or none.
      const pixels = pixelsOf(bytes.subarray(0, length), type)
      assert.ok(pixels === undefined || pixels === 60_000, `${name} ${length}`)
    }
  }
  await writeFile(at, heads['image/png']!.subarray(0, 20))
  assert.equal(await faultOf(['a'], dir.path), 'a unreadable')
  const bomb = Buffer.from(heads['image/png']!)
  bomb.writeUInt32BE(0x7fff_ffff, 16)
  await writeFile(at, bomb)
  assert.equal(await faultOf(['a'], dir.path), 'a too_large')
})

test('what is no picture is refused, and nothing is read through a link or from a pipe', async () => {
  await using dir = await tempDir()
  const at = (name: string): string => join(dir.path, name)
  await writeFile(at('empty'), '')
  await writeFile(at('text'), 'RIFF and WEBP are words, too')
  await writeFile(at('real'), red)
  await symlink(at('real'), at('link'))
  await mkdir(at('folder'))
  execFileSync('mkfifo', [at('pipe')])
  await writeFile(at('huge'), red)
  await truncate(at('huge'), 20_000_001)
  for (const [name, fault] of Object.entries({
    empty: 'empty',
    text: 'unknown_format',
    link: 'missing',
    folder: 'missing',
    pipe: 'missing',
    gone: 'missing',
    huge: 'too_large',
  }))
    assert.equal(await faultOf(['real', name], dir.path), `${name} ${fault}`)
})

test('a picture counts as often as it is named: bytes, pixels and pictures have a limit of all together', async () => {
  await using dir = await tempDir()
  const times = (count: number, name: string): string[] => Array.from({ length: count }, () => name)
  const large = Buffer.from(red)
  // 49 megapixels, as its header says.
  large.writeUInt32BE(7000, 16)
  large.writeUInt32BE(7000, 20)
  await writeFile(join(dir.path, 'large'), large)
  assert.match(await faultOf(times(2, 'large'), dir.path), /^data:/)
  assert.equal(await faultOf(times(3, 'large'), dir.path), 'large too_large')
  await writeFile(join(dir.path, 'heavy'), red)
  await truncate(join(dir.path, 'heavy'), 19_900_000)
  assert.match(await faultOf(times(5, 'heavy'), dir.path), /^data:/)
  assert.equal(await faultOf(times(6, 'heavy'), dir.path), 'heavy too_large')
  await writeFile(join(dir.path, 'red'), red)
  assert.match(await faultOf(times(64, 'red'), dir.path), /^data:/)
  await assert.rejects(
    faultOf(times(65, 'red'), dir.path),
    error => error instanceof EngineError && error.failure.reason === 'bad_request',
  )
})

test('many large pictures are too much together, and one that is named twice is read once', async () => {
  await using dir = await tempDir()
  const names = Array.from({ length: 6 }, (_, at) => `${at}.png`)
  for (const name of names) {
    await writeFile(join(dir.path, name), red)
    await truncate(join(dir.path, name), 19_000_000)
  }
  assert.equal(await faultOf(names, dir.path), '5.png too_large')
  const asked = [0, 1].map(() => ({ role: 'user' as const, content: '', images: ['0.png', '0.png'] }))
  const read = await readPictures(asked, { folder: dir.path, signal: AbortSignal.timeout(60_000) })
  assert.equal(read.size, 1)
})
