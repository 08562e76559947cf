import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { promisify } from 'node:util'
import { programs } from '../../test/support/supervisor-rig.ts'
import { tempDir } from '../../test/support/temp.ts'
import type { LogLimits } from '../stack/model.ts'
import { cutOf } from './log-cut.ts'
import { LogFile } from './log-file.ts'
import { LogReader } from './log-reader.ts'

const day = 24 * 3600 * 1000
const roomy: LogLimits = { maxFile: 1e6, maxTotal: 1e8, maxAgeMs: 14 * day }

/** A log in that folder with a clock that only the test moves. */
function openLog(folder: string, limits: Partial<LogLimits> = {}, clock = { now: 1_000_000 }) {
  const troubles: (string | undefined)[] = []
  const appends: [number, number][] = []
  const log = new LogFile({
    folder,
    service: 'core',
    limits: { ...roomy, ...limits },
    now: () => clock.now,
    onTrouble: ({ code }) => troubles.push(code),
    onAppend: (_chunk, start, end) => appends.push([start, end]),
  })
  const write = (text: string): void => log.append(Buffer.from(text))
  return { log, write, clock, troubles, appends }
}

function contents(folder: string): Record<string, string> {
  const names = readdirSync(folder).sort()
  return Object.fromEntries(names.map(name => [name, readFileSync(join(folder, name), 'utf8')]))
}

suite('log file', () => {
  test('bytes stand in the file as they came, the times beside them, at most every 100 ms', async () => {
    await using folder = await tempDir()
    const { log, write, clock, appends } = openLog(folder.path)
    clock.now += 5000
    write('\u001b[31mone')
    clock.now += 50
    write('\u001b[0m\r\n')
    clock.now += 50
    write('two\n')
    clock.now += 3000
    write('three\n')
    log.close()
    assert.deepEqual(contents(folder.path), {
      'core.index': 'start 0 1000000\n0 1005000\n14 1005100\n18 1008100\n',
      'core.log': '\u001b[31mone\u001b[0m\r\ntwo\nthree\n',
    })
    assert.deepEqual(appends, [
      [0, 8],
      [8, 14],
      [14, 18],
      [18, 24],
    ])
  })

  test('it rotates at a line end; names and indexes tell the logical offsets', async () => {
    await using folder = await tempDir()
    const { log, write, clock } = openLog(folder.path, { maxFile: 10 })
    write('1234\n1234\n12')
    clock.now += 500
    write('34\n')
    clock.now += 500
    write('56789\nthe next')
    log.close()
    assert.deepEqual(contents(folder.path), {
      'core.000000000000000.index': 'start 0 1000000\n0 1000000\n',
      'core.000000000000000.log': '1234\n1234\n',
      'core.000000000000010.index': 'start 10 1000000\n10 1000000\n12 1000500\n',
      'core.000000000000010.log': '1234\n',
      'core.000000000000015.index': 'start 15 1001000\n15 1001000\n',
      'core.000000000000015.log': '56789\n',
      'core.index': 'start 21 1001000\n21 1001000\n',
      'core.log': 'the next',
    })
    assert.equal(log.end, 29)
  })

  test('where a chunk is cut: at lines, and in an endless one neither in a sequence nor in a character', () => {
    const cases: [string, number, boolean, number | undefined][] = [
      ['abc\n', 4, true, undefined],
      ['ab\ncd\nef\n', 7, true, 6],
      ['abcdef\nx', 3, true, 0],
      ['abcdef\nx', 3, false, 7],
      ['abcdef', 3, false, undefined],
      ['abcdef', -1e6, false, 6],
      [`abc\u001b[38;5;1`, -1e6, false, 3],
      ['abcé', -1e6, false, 3],
      ['abcdé'.slice(0, 4), -1e6, false, 4],
    ]
    for (const [text, room, atLineStart, expected] of cases)
      assert.equal(cutOf(Buffer.from(text), room, atLineStart), expected, text)
  })

  test('a line without an end does not keep a file from rotating for ever', async () => {
    await using folder = await tempDir()
    const { log } = openLog(folder.path, { maxFile: 1000 })
    const chunk = Buffer.from('\r50 %'.repeat(1000))
    for (let at = 0; at < 40; at += 1) log.append(chunk)
    log.close()
    const segments = readdirSync(folder.path).filter(name => /\d{15}\.log/.test(name))
    assert.ok(segments.length >= 2)
    for (const name of segments) assert.ok(statSync(join(folder.path, name)).size <= 1000 + 65_536 + 5000)
  })

  test('it rotates after a day, or earlier where logs are kept for less', async () => {
    await using folder = await tempDir()
    for (const [maxAgeMs, age] of [
      [14 * day, day],
      [3_600_000, 3_600_000],
    ] as const) {
      const { log, write, clock } = openLog(folder.path, { maxAgeMs })
      const before = readdirSync(folder.path).length
      write('old\n')
      clock.now += age
      write('not too old\nhalf a ')
      clock.now += 1
      assert.equal(readdirSync(folder.path).length, before)
      write('line\nnew\n')
      log.close()
      assert.equal(readFileSync(join(folder.path, 'core.log'), 'utf8'), 'new\n')
    }
  })

  test('a clock that is set back begins a new segment, so that the times of an index never fall', async () => {
    await using folder = await tempDir()
    const { log, write, clock } = openLog(folder.path)
    write('one\n')
    clock.now -= 10_000
    write('two\n')
    assert.equal(readFileSync(join(folder.path, 'core.index'), 'utf8'), 'start 4 990000\n4 990000\n')
    log.close()
  })

  test('a new run begins a new segment and goes on counting; an empty one leaves none behind', async () => {
    await using folder = await tempDir()
    const first = openLog(folder.path)
    first.write('first\n')
    first.log.close()
    openLog(folder.path).log.close()
    const third = openLog(folder.path)
    third.write('third\n')
    assert.deepEqual([third.log.runStart, third.log.end, third.log.start], [6, 12, 0])
    assert.equal(third.log.read(0, 100).toString(), 'first\nthird\n')
    assert.deepEqual(
      [third.log.offsetOfLastLines(1), third.log.offsetOfLastLines(2), third.log.offsetOfLastLines(0)],
      [6, 0, 12],
    )
    third.log.close()
  })

  test('the offset is found again without the index, after a kill between two renames, and after a deletion', async () => {
    await using folder = await tempDir()
    const path = (name: string): string => join(folder.path, name)
    const begin = (text: string): number => {
      const { log, write } = openLog(folder.path)
      write(text)
      log.close()
      return log.runStart
    }
    assert.equal(begin('one\n'), 0)
    rmSync(path('core.index'))
    assert.equal(begin('two\n'), 4)
    writeFileSync(path('core.index'), 'start 4')
    assert.equal(begin('three\n'), 8, 'half a first line is none')
    // Killed after the log was renamed and before its index was.
    writeFileSync(path('core.000000000000008.log'), readFileSync(path('core.log')))
    rmSync(path('core.log'))
    assert.equal(begin('four\n'), 14)
    assert.ok(readFileSync(path('core.000000000000008.index'), 'utf8').startsWith('start 8 '))
    for (const name of readdirSync(folder.path)) if (name.endsWith('.log')) rmSync(path(name))
    assert.ok(begin('five\n') >= 14, 'no offset is given out twice')
  })

  test('a full disk is told once; bytes that found no room do not count', async () => {
    await using folder = await tempDir()
    symlinkSync('/dev/full', join(folder.path, 'core.log'))
    const { log, write, troubles, appends } = openLog(folder.path)
    write('lost\n')
    write('lost too\n')
    assert.deepEqual(troubles, ['ENOSPC'])
    assert.deepEqual(appends, [
      [0, 0],
      [0, 0],
    ])
    assert.equal(log.end, 0)
    log.close()
  })

  test('what still found room counts, to the byte', async () => {
    await using folder = await tempDir()
    // The system lets a file grow to 4 KiB (or 8) and then takes part of a write, as a disk does that fills up.
    const line = `ulimit -f 8; exec "$0" "$@"`
    const writer = join(programs, 'log-writer.ts')
    const words = ['-c', line, process.execPath, writer, folder.path, '1000000', '1000000', '2000']
    const { stdout } = await promisify(execFile)('sh', words)
    const { size } = statSync(join(folder.path, 'flood.log'))
    assert.equal(stdout, `trouble EFBIG\nend ${size}\n`)
    assert.ok(size < 24_000)
  })

  test('it goes on in a file that can be found when somebody deletes or empties its file', async () => {
    await using folder = await tempDir()
    const { log, write, clock } = openLog(folder.path)
    rmSync(join(folder.path, 'core.log'))
    write('one\n')
    assert.equal(readFileSync(join(folder.path, 'core.log'), 'utf8'), 'one\n')
    rmSync(join(folder.path, 'core.log'))
    clock.now += 100
    write('two\n')
    assert.equal(readFileSync(join(folder.path, 'core.log'), 'utf8'), 'two\n')
    truncateSync(join(folder.path, 'core.log'))
    clock.now += 100
    write('three\n')
    const reader = new LogReader(folder.path, 'core')
    assert.deepEqual([reader.start, reader.end, reader.read(0, 99).toString()], [8, 14, 'three\n'])
    reader.close()
    log.close()
  })

  test('a folder that can not be written any more costs no byte of the file that is open', async () => {
    await using folder = await tempDir()
    const { log, write, clock, troubles } = openLog(folder.path, { maxFile: 10 })
    write('one two 3\n')
    rmSync(folder.path, { recursive: true })
    write('four\n')
    write('five\n')
    assert.deepEqual([troubles, log.end], [['ENOENT'], 20])
    clock.now += 999
    write('six\n')
    assert.deepEqual(troubles, ['ENOENT'], 'told once')
    mkdirSync(folder.path)
    clock.now += 1
    write('seven\n')
    assert.equal(readFileSync(join(folder.path, 'core.log'), 'utf8'), 'seven\n')
    rmSync(folder.path, { recursive: true })
    clock.now += 100
    write('eight\n')
    assert.deepEqual([troubles, log.end], [['ENOENT', 'ENOENT'], 36], 'and again after it had worked')
    log.close()
  })

  test('the last words are lines without colours, none empty', async () => {
    await using folder = await tempDir()
    const { log, write } = openLog(folder.path, { maxFile: 16 })
    write('before\n')
    const start = log.end
    write('a\r\n\u001b[31mTypeError\u001b[0m: no\r\n\r\n  at x\nlast')
    assert.deepEqual(log.lastLines(start, 3), ['TypeError: no', '  at x', 'last'])
    assert.deepEqual(log.lastLines(start, 9)[0], 'a')
    log.close()
  })

  test('10 million lines: the disk stays below the cap, the heap flat', async () => {
    await using folder = await tempDir()
    const limits = { maxFile: 2e6, maxTotal: 12e6 }
    const { log } = openLog(folder.path, limits, { now: Date.now() })
    const chunk = Buffer.from('hello world\n'.repeat(50_000))
    const used = (): number => process.memoryUsage().heapUsed + process.memoryUsage().external
    const sizes: number[] = []
    log.append(chunk)
    const before = used()
    for (let at = 1; at < 200; at += 1) {
      log.append(chunk)
      if (at % 20 !== 0) continue
      const names = readdirSync(folder.path)
      sizes.push(names.reduce((sum, name) => sum + statSync(join(folder.path, name)).size, 0))
    }
    assert.equal(log.end, 120_000_000)
    assert.ok(Math.max(...sizes) <= limits.maxTotal, `${Math.max(...sizes)}`)
    assert.ok(log.end - log.start > limits.maxTotal - 2 * limits.maxFile, 'and what may be kept is kept')
    assert.ok(used() - before < 8e6, `${used() - before} bytes of heap`)
    log.close()
  })
})
