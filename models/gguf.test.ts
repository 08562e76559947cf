import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { keyValue, text, tinyPlan, u32, u64, writeGguf } from '../test/support/gguf-writer.ts'
import { tempDir } from '../test/support/temp.ts'
import { GgufError, llamaMemory, readGgufHeader } from './gguf.ts'

const starter = join(import.meta.dirname, 'starter/starter.gguf')

suite('the header of a GGUF file', () => {
  test('tells of the starter model', () => {
    const { chatTemplate, ...header } = readGgufHeader(starter)
    ok(chatTemplate?.includes('<|im_start|>'))
    deepEqual(header, {
      version: 3,
      architecture: 'llama',
      name: 'courante-starter',
      blockCount: 6,
      embeddingLength: 192,
      feedForwardLength: 512,
      headCount: 6,
      headCountKv: 6,
      keyLength: 32,
      valueLength: 32,
      contextLength: 1024,
      vocabSize: 2048,
      quantisation: 'Q8_0',
      hasChatTemplate: true,
      ranks: false,
      paints: false,
      isProjector: false,
      embeddingOnly: false,
      tensorBytes: 3_247_872,
      parameters: 3_049_920,
    })
  })

  test('tells of a model without a template', async () => {
    await using dir = await tempDir()
    const path = join(dir.path, 'tiny.gguf')
    writeGguf(path, tinyPlan)
    const header = readGgufHeader(path)
    equal(header.hasChatTemplate, false)
    equal(header.headCountKv, 2)
    equal(header.vocabSize, tinyPlan.vocabulary)
    equal(header.quantisation, 'F16')
  })

  test('is missed wherever a file was cut', async () => {
    await using dir = await tempDir()
    const path = join(dir.path, 'tiny.gguf')
    writeGguf(path, tinyPlan)
    const whole = readFileSync(path)
    for (const length of [5, 8, 20, 24, 100, 5000, whole.length - 1]) {
      writeFileSync(path, whole)
      truncateSync(path, length)
      throws(() => readGgufHeader(path), fault('truncated'), `${length} bytes`)
    }
  })

  const start = Buffer.concat([Buffer.from('GGUF'), u32(3)])
  const huge = 2n ** 62n
  const withValue = (...value: Buffer[]): Buffer =>
    Buffer.concat([start, u64(0), u64(1), text('a.key'), ...value, Buffer.alloc(64)])
  const cases: readonly (readonly [string, Buffer, GgufError['reason']])[] = [
    ['an empty file', Buffer.alloc(0), 'not_gguf'],
    ['a text', Buffer.from('It was a dark and stormy night; the rain fell in torrents.'), 'not_gguf'],
    ['version 1', Buffer.concat([Buffer.from('GGUF'), u32(1), Buffer.alloc(64)]), 'version'],
    [
      'the other byte order',
      Buffer.concat([Buffer.from('GGUF'), Buffer.from([0, 0, 0, 3]), Buffer.alloc(64)]),
      'big_endian',
    ],
    ['too many tensors', Buffer.concat([start, u64(huge), u64(0)]), 'hostile'],
    ['too many keys', Buffer.concat([start, u64(0), u64(4_000_000_000)]), 'hostile'],
    ['a key without an end', Buffer.concat([start, u64(0), u64(1), u64(huge), Buffer.alloc(64)]), 'hostile'],
    ['a text without an end', withValue(u32(8), u64(2n ** 40n)), 'hostile'],
    ['an array without an end', withValue(u32(9), u32(4), u64(2n ** 40n)), 'truncated'],
    ['texts without an end', withValue(u32(9), u32(8), u64(2n ** 40n)), 'truncated'],
    [
      'arrays of arrays',
      withValue(u32(9), ...Array<Buffer>(20).fill(Buffer.concat([u32(9), u64(1)]))),
      'hostile',
    ],
    ['an unknown type', withValue(u32(77)), 'hostile'],
    [
      'an alignment of 0',
      Buffer.concat([start, u64(0), u64(1), keyValue('general.alignment', 0), Buffer.alloc(64)]),
      'hostile',
    ],
    [
      'a tensor that is too large',
      Buffer.concat([
        start,
        u64(1),
        u64(0),
        text('t'),
        u32(2),
        u64(2n ** 40n),
        u64(2n ** 40n),
        u32(0),
        u64(0),
      ]),
      'hostile',
    ],
    [
      'a tensor behind the end',
      Buffer.concat([
        start,
        u64(1),
        u64(0),
        text('t'),
        u32(1),
        u64(8),
        u32(0),
        u64(1_000_000),
        Buffer.alloc(64),
      ]),
      'truncated',
    ],
  ]
  for (const [name, bytes, reason] of cases)
    test(`is refused of ${name}`, async () => {
      await using dir = await tempDir()
      const path = join(dir.path, 'hostile.gguf')
      writeFileSync(path, bytes)
      throws(() => readGgufHeader(path), fault(reason))
    })

  test('is refused of a folder', () => {
    throws(() => readGgufHeader(import.meta.dirname), fault('not_gguf'))
  })
})

suite('the memory that a model takes', () => {
  const header = readGgufHeader(starter)

  test('grows with what is asked of it', () => {
    const one = llamaMemory(header, { contextSize: 1024, sequences: 1 })
    const four = llamaMemory(header, { contextSize: 1024, sequences: 4 })
    // 1024 tokens, 6 layers, 6 heads, a key and a value of 32 halves each.
    equal(four - one, 3 * 1024 * 6 * 6 * 64 * 2)
    ok(one > header.tensorBytes)
  })

  test('is counted for whole blocks of 256 tokens', () => {
    const memory = (contextSize: number): number => llamaMemory(header, { contextSize, sequences: 2 })
    equal(memory(257), memory(512))
  })
})

function fault(reason: GgufError['reason']): (error: unknown) => boolean {
  return error => {
    ok(error instanceof GgufError, String(error))
    equal(error.reason, reason, error.message)
    return true
  }
}
