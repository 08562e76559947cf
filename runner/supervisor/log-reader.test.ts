import assert from 'node:assert/strict'
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { setImmediate as breathe } from 'node:timers/promises'
import { Spawned } from '../../test/support/spawned.ts'
import { tempDir } from '../../test/support/temp.ts'
import type { LogLimits } from '../stack/model.ts'
import { LogFile } from './log-file.ts'
import { LogReader } from './log-reader.ts'

function openLog(folder: string, limits: Partial<LogLimits> = {}) {
  const clock = { now: 1_000_000 }
  const log = new LogFile({
    folder,
    service: 'core',
    limits: { maxFile: 20, maxTotal: 1e8, maxAgeMs: 1e9, ...limits },
    now: () => clock.now,
    onTrouble: error => assert.fail(error),
    onAppend: () => undefined,
  })
  /** Half a second passes, then the text comes. */
  const write = (text: string): void => {
    clock.now += 500
    log.append(Buffer.from(text))
  }
  return { log, write, clock }
}

/** Line n of the writer's program begins at byte 12n: any piece of the log tells whether it is what its offset says. */
function expectedAt(offset: number, length: number): string {
  const first = Math.floor(offset / 12)
  const lines = Math.ceil((offset + length) / 12) - first
  const text = Array.from({ length: lines }, (_, at) => `${String(first + at).padStart(11, '0')}\n`).join('')
  return text.slice(offset - first * 12, offset - first * 12 + length)
}

suite('log reader', () => {
  test('without files there is nothing; what comes later is seen', async () => {
    await using folder = await tempDir()
    const reader = new LogReader(folder.path, 'core')
    assert.deepEqual([reader.start, reader.end, reader.read(0, 10).length], [0, 0, 0])
    assert.deepEqual([reader.offsetOfLastLines(3), reader.timeAt(0), reader.offsetAt(5)], [0, undefined, 0])
    const { log, write } = openLog(folder.path)
    write('hello\n')
    assert.equal(reader.read(0, 100).toString(), 'hello\n')
    log.close()
    reader.close()
  })

  test('reads across segments, from any offset', async () => {
    await using folder = await tempDir()
    const { log, write } = openLog(folder.path)
    let all = ''
    for (let at = 0; at < 40; at += 1) {
      const line = `line ${at}${'.'.repeat(at % 7)}\n`
      write(line)
      all += line
    }
    log.close()
    const reader = new LogReader(folder.path, 'core')
    assert.deepEqual([reader.start, reader.end], [0, all.length])
    for (let offset = 0; offset <= all.length; offset += 7)
      for (const length of [0, 1, 19, 1000])
        assert.equal(reader.read(offset, length).toString(), all.slice(offset, offset + length))
    for (const count of [1, 3, 39, 40, 41])
      assert.equal(
        reader.offsetOfLastLines(count),
        all.length - all.trimEnd().split('\n').slice(-count).join('\n').length - 1,
      )
    const middle = all.indexOf('line 20')
    assert.equal(reader.offsetOfLastLines(2, middle), all.indexOf('line 18'))
    assert.equal(reader.offsetOfLastLines(1, middle + 3), middle, 'half a line is one')
    reader.close()
  })

  test('knows when a byte came, and what came since', async () => {
    await using folder = await tempDir()
    const { log, write, clock } = openLog(folder.path, { maxFile: 5000 })
    const begin = clock.now
    const reader = new LogReader(folder.path, 'core')
    for (let at = 0; at < 3000; at += 1) {
      write('123456789\n')
      if (at % 400 === 0) assert.equal(reader.timeAt(at * 10 + 5), clock.now, 'while it grows')
    }
    for (const line of [0, 1, 7, 499, 500, 501, 1234, 2999]) {
      assert.equal(reader.timeAt(line * 10), begin + (line + 1) * 500)
      assert.equal(reader.timeAt(line * 10 + 9), begin + (line + 1) * 500)
      assert.equal(reader.offsetAt(begin + (line + 1) * 500), line * 10)
      assert.equal(reader.offsetAt(begin + (line + 1) * 500 - 200), line * 10)
    }
    assert.equal(reader.offsetAt(0), 0)
    assert.equal(reader.offsetAt(clock.now + 1), 30_000)
    assert.equal(reader.timeAt(30_000), undefined)
    assert.equal(reader.timeAt(-1), undefined)
    log.close()
    reader.close()
  })

  test('a damaged index costs only its own times', async () => {
    await using folder = await tempDir()
    const { log, write, clock } = openLog(folder.path)
    const begin = clock.now
    write('1234567890123456789\n')
    write('1234567890123456789\n')
    write('12345')
    log.close()
    rmSync(join(folder.path, 'core.000000000000000.index'))
    writeFileSync(
      join(folder.path, 'core.index'),
      `start 40 ${begin}\n4x\n\n40 ${begin + 7}\n43 ${begin + 9}`,
    )
    const reader = new LogReader(folder.path, 'core')
    assert.deepEqual(
      [0, 20, 40, 44].map(offset => reader.timeAt(offset)),
      [undefined, begin + 1000, begin + 7, begin + 7],
    )
    assert.equal(reader.offsetAt(0), 0)
    rmSync(join(folder.path, 'core.index'))
    const again = new LogReader(folder.path, 'core')
    assert.deepEqual([again.start, again.end], [0, 45], 'the names and sizes tell the offsets too')
    again.close()
    reader.close()
  })

  test('a segment that is deleted under it moves the start up', async () => {
    await using folder = await tempDir()
    const { log, write } = openLog(folder.path)
    for (let at = 0; at < 10; at += 1) write(`1234567890123456${String(at).padStart(3, '0')}\n`)
    const reader = new LogReader(folder.path, 'core')
    for (const start of ['000', '020', '040']) rmSync(join(folder.path, `core.000000000000${start}.log`))
    assert.equal(reader.read(10, 20).toString(), '1234567890123456003\n')
    assert.equal(reader.start, 60)
    assert.equal(reader.offsetOfLastLines(100), 60)
    reader.close()
    log.close()
  })

  test('between two renames of the writer, what was there still is', async () => {
    await using folder = await tempDir()
    const { log, write } = openLog(folder.path)
    write('1234567890123456789\n')
    write('abc\n')
    log.close()
    const reader = new LogReader(folder.path, 'core')
    const path = (name: string): string => join(folder.path, name)
    renameSync(path('core.log'), path('core.000000000000020.log'))
    const late = new LogReader(folder.path, 'core')
    for (const one of [reader, late]) {
      one.refresh()
      assert.equal(one.read(0, 100).toString(), '1234567890123456789\nabc\n')
      assert.notEqual(one.timeAt(21), undefined)
    }
    renameSync(path('core.index'), path('core.000000000000020.index'))
    const next = openLog(folder.path)
    next.write('xyz\n')
    for (const one of [reader, late]) {
      assert.equal(one.read(18, 100).toString(), '9\nabc\nxyz\n')
      assert.notEqual(one.timeAt(25), undefined)
      one.close()
    }
    next.log.close()
  })

  test('a writer that rotated often and was killed between two renames leaves nothing unread', async () => {
    await using folder = await tempDir()
    const { log, write } = openLog(folder.path)
    const reader = new LogReader(folder.path, 'core')
    let all = ''
    for (let at = 0; at < 5; at += 1) {
      const line = `1234567890123456${String(at).padStart(3, '0')}\n`
      write(line)
      all += line
      if (at === 1) assert.equal(reader.read(0, 1000).toString(), all)
    }
    log.close()
    renameSync(join(folder.path, 'core.log'), join(folder.path, 'core.000000000000080.log'))
    assert.equal(reader.read(0, 1000).toString(), all)
    assert.notEqual(reader.timeAt(99), undefined)
    reader.refresh()
    assert.deepEqual([reader.start, reader.end], [0, 100])
    const next = openLog(folder.path)
    next.write('next\n')
    assert.equal(reader.read(90, 100).toString(), `${all.slice(90)}next\n`)
    next.log.close()
    reader.close()
  })

  test('goes on over runs whose writer was killed in the middle of a flood; no byte is lost', async () => {
    await using folder = await tempDir()
    const reader = new LogReader(folder.path, 'flood')
    let at = 0
    for (let run = 0; run < 5; run += 1) {
      const begin = at
      const until = begin + 50_000 + run * 7919
      {
        await using _ = new Spawned(
          'test/support/programs/log-writer.ts',
          [folder.path, '9000', '1000000000', '100000000'],
          {},
        )
        for (; at < until; await breathe()) at += reader.read(at, 65_536).length
      }
      // It is dead by now; what it had written before is still to be read.
      for (let more = reader.read(at, 65_536); more.length > 0; more = reader.read(at, 65_536))
        at += more.length
      const all = reader.read(begin, at - begin).toString()
      assert.equal(all, expectedAt(0, all.length), `run ${run}`)
    }
    const late = new LogReader(folder.path, 'flood')
    assert.deepEqual([late.start, late.end], [0, at])
    late.close()
    reader.close()
  })

  for (const { name, maxFile, maxTotal, lines } of [
    {
      name: 'loses nothing while another process floods and rotates',
      maxFile: 8000,
      maxTotal: 1e9,
      lines: 150_000,
    },
    {
      name: 'is right about what is left under a tight cap',
      maxFile: 8000,
      maxTotal: 60_000,
      lines: 150_000,
    },
  ]) {
    test(name, async () => {
      await using folder = await tempDir()
      const reader = new LogReader(folder.path, 'flood')
      await using writer = new Spawned(
        'test/support/programs/log-writer.ts',
        [folder.path, String(maxFile), String(maxTotal), String(lines)],
        {},
      )
      let at = 0
      let read = 0
      let ended = false
      void writer.ended().then(() => (ended = true))
      for (;;) {
        const done = ended
        const bytes = reader.read(at, 65_536)
        const begin = Math.max(at, reader.start)
        assert.equal(bytes.toString(), expectedAt(begin, bytes.length), `at ${begin}`)
        at = begin + bytes.length
        read += bytes.length
        // One that begins anew in the middle of it finds the same.
        if (bytes.length > 0 && at % 5 === 0) {
          const fresh = new LogReader(folder.path, 'flood')
          const last = fresh.read(fresh.end - 30, 30)
          const from = Math.max(fresh.end - 30, fresh.start)
          assert.equal(last.toString(), expectedAt(from, last.length))
          fresh.close()
        }
        if (bytes.length > 0) continue
        if (done) break
        await breathe()
      }
      assert.equal(writer.stdout, `end ${at}\n`)
      assert.equal(at, lines * 12)
      if (maxTotal > 1e8) assert.equal(read, at, 'every byte was read, once')
      else assert.ok(readdirSync(folder.path).length < 40)
      reader.close()
    })
  }
})
