import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { tempDir } from '../../test/support/temp.ts'
import { LogFile } from './log-file.ts'
import { colouredText, lineText, logLines } from './log-lines.ts'
import { LogReader } from './log-reader.ts'

const never = new AbortController().signal

async function logged(folder: string, text: string, maxFile = 1e9): Promise<LogReader> {
  const limits = { maxFile, maxTotal: 1e10, maxAgeMs: 1e9 }
  const rest = { now: Date.now, onTrouble: assert.fail, onAppend: () => undefined }
  const log = new LogFile({ folder, service: 'core', limits, ...rest })
  log.append(Buffer.from(text))
  log.close()
  return new LogReader(folder, 'core')
}

interface Match {
  offset: number
  end: number
  text: string
}

/** The lines that match, nearest first. */
async function found(
  reader: LogReader,
  pattern: RegExp,
  direction: 'back' | 'forward',
  from = direction === 'back' ? reader.end : 0,
  signal = never,
): Promise<Match[]> {
  const matches: Match[] = []
  for await (const block of logLines(reader, { from, direction, signal }))
    for (const { offset, end, raw } of block)
      if (pattern.test(lineText(raw))) matches.push({ offset, end, text: lineText(raw) })
  return matches
}

suite('log lines', () => {
  test('finds lines forward and back, with their offsets, without their escape sequences', async () => {
    await using folder = await tempDir()
    const reader = await logged(
      folder.path,
      'alpha\r\n\u001b[31mbe\u001b[1mta\u001b[0m\r\n\u001b]8;;http://x\u0007alpha link\u001b]8;;\u0007\nlast alpha',
      20,
    )
    const forward = await found(reader, /alpha/, 'forward')
    assert.deepEqual(
      forward.map(({ text }) => text),
      ['alpha', 'alpha link', 'last alpha'],
    )
    for (const { offset, end, text } of forward)
      assert.equal(
        lineText(
          reader
            .read(offset, end - offset)
            .toString()
            .replace(/\n$/, ''),
        ),
        text,
      )
    assert.deepEqual(await found(reader, /alpha/, 'back'), forward.toReversed())
    assert.deepEqual((await found(reader, /^beta$/, 'back')).length, 1)
    const [first, second] = forward as [Match, Match]
    assert.deepEqual(await found(reader, /alpha/, 'forward', first.end), forward.slice(1))
    assert.deepEqual(await found(reader, /alpha/, 'back', second.offset), [first])
    reader.close()
  })

  test('lines that are longer than a block, and blocks that end anywhere', async () => {
    await using folder = await tempDir()
    const long = (size: number, name: string): string => `${name}${'.'.repeat(size)}${name}é`
    const lines = [long(10, 'a'), long(600_000, 'b'), '', long(262_143, 'c'), long(262_144, 'd'), 'e']
    const numbered = Array.from({ length: 50_000 }, (_, at) => `n${at}`)
    const reader = await logged(folder.path, [...lines, ...numbered].join('\n'), 100_000)
    const all = (await found(reader, /(?:)/, 'forward')).map(({ text }) => text)
    assert.deepEqual(all, [...lines, ...numbered])
    assert.deepEqual((await found(reader, /(?:)/, 'back')).map(({ text }) => text).toReversed(), all)
    reader.close()
  })

  test('what never ends is cut, so that nothing grows without bound', async () => {
    await using folder = await tempDir()
    const reader = await logged(folder.path, `x${'.'.repeat(5_000_000)}y\nz\n`)
    for (const direction of ['forward', 'back'] as const) {
      const matches = await found(reader, /(?:)/, direction)
      assert.ok(matches.every(({ text }) => text.length <= 1_500_000))
      assert.equal(
        matches.reduce((sum, { offset, end }) => sum + end - offset, 0),
        reader.end,
      )
    }
    assert.equal((await found(reader, /y$/, 'back')).length, 1)
    reader.close()
  })

  test('stops when it is told to, and lets others run meanwhile', async () => {
    await using folder = await tempDir()
    const reader = await logged(folder.path, 'some line\n'.repeat(200_000))
    const stop = new AbortController()
    setImmediate(() => stop.abort())
    assert.deepEqual(await found(reader, /no such/, 'forward', 0, stop.signal), [])
    assert.ok(stop.signal.aborted, 'an immediate ran before its end')
    let blocks = 0
    for await (const _ of logLines(reader, { from: reader.end, direction: 'back', signal: never }))
      blocks += 1
    assert.ok(blocks > 8)
    reader.close()
  })

  test('a line looks as on a terminal: progress bars leave their last state', () => {
    const cases: [string, string][] = [
      ['plain', 'plain'],
      ['windows\r', 'windows'],
      ['pty of a windows program\r\r', 'pty of a windows program'],
      ['10 %\r50 %\r100 %', '100 %'],
      ['10 %\r100 %\r', '100 %'],
      ['10 %\r\u001b[K\u001b[32m100 %\u001b[0m\r', '100 %'],
      ['\r', ''],
      ['', ''],
      ['é \u{1F600} 漢', 'é \u{1F600} 漢'],
    ]
    for (const [raw, text] of cases) assert.equal(lineText(raw), text, JSON.stringify(raw))
    assert.equal(
      colouredText(
        'x\r\u001b[2J\u001b[H\u001b[?25l\u001b]0;title\u0007\u001b(B\u001b7\u001b[38;5;1mred\u001b[0m é\u001b[K\r',
      ),
      '\u001b[38;5;1mred\u001b[0m é\u001b[0m',
    )
    assert.equal(colouredText('plain\r'), 'plain')
  })
})
