import assert from 'node:assert/strict'
import { test } from 'node:test'
import { History, type Mark, type Page } from './history.ts'
import { MemoryLog } from '../../../../test/support/memory-log.ts'
import { tempDir } from '../../../../test/support/temp.ts'
import { LogFile } from '../../../supervisor/log-file.ts'
import { LogReader } from '../../../supervisor/log-reader.ts'

const forever = new AbortController().signal

test('lines of several services and of the supervisor are merged by time, the same in both directions', () => {
  const history = merged()
  const expected = ['a1', 'a2', '* ready', 'b1', 'a3', 'b2', '* end']
  assert.deepEqual(texts(history.back(history.end, { lines: 100 })), expected)
  assert.deepEqual(texts(history.forward(history.start, { lines: 100 })), expected)
})

test('pages of any size follow each other without a gap, to and fro', () => {
  const history = merged()
  const all = texts(history.forward(history.start, { lines: 100 }))
  for (let size = 1; size < 8; size++) {
    const backward: string[] = []
    for (let place: Mark = history.end; ;) {
      const page = history.back(place, { lines: size })
      backward.unshift(...texts(page))
      assert.deepEqual(texts(history.forward(page.start, { lines: page.lines.length })), texts(page))
      place = page.start
      if (page.stopped === 'edge') break
    }
    assert.deepEqual(backward, all)
    const forward: string[] = []
    for (let place: Mark = history.start; ;) {
      const page = history.forward(place, { lines: size })
      forward.push(...texts(page))
      place = page.end
      if (page.stopped === 'edge') break
    }
    assert.deepEqual(forward, all)
  }
})

test('a place stays where it is when lines come', () => {
  const log = new MemoryLog('one\ntwo\nthree\n', 1000)
  const history = new History([{ service: 'a', log }])
  const { start } = history.back(history.end, { lines: 1 })
  log.append('four\nfive', 2000)
  history.addEvent(2500, 'said')
  assert.deepEqual(texts(history.forward(start, { lines: 2 })), ['three', 'four'])
  assert.deepEqual(texts(history.forward(start, { lines: 9 })), ['three', 'four', 'five', '* said'])
  assert.equal(history.count(start, history.end, 100), 4)
  assert.equal(history.count(start, history.end, 3), 3)
})

test('the place before any line is found by its offset', () => {
  const history = merged()
  const { lines } = history.forward(history.start, { lines: 100 })
  for (const [nth, { service, offset }] of lines.entries()) {
    const mark = history.markOf(service, offset)
    assert.deepEqual(texts(history.forward(mark, { lines: 100 })), texts({ lines: lines.slice(nth) }))
    assert.deepEqual(texts(history.back(mark, { lines: 100 })), texts({ lines: lines.slice(0, nth) }))
  }
})

test('a line without an end is shown, and looked at again when it has one', () => {
  const log = new MemoryLog('one\ntw', 1000)
  const history = new History([{ service: 'a', log }])
  const page = history.forward(history.start, { lines: 9 })
  assert.deepEqual(texts(page), ['one', 'tw'])
  const filtered = history.forward(history.start, { lines: 9, filter: () => true })
  assert.deepEqual(texts(filtered), ['one'])
  log.append('o\nthree\n', 1000)
  for (const { end } of [page, filtered])
    assert.deepEqual(texts(history.forward(end, { lines: 9 })), ['two', 'three'])
})

test('a filter sees the text as it is shown, and a budget bounds how much of it', () => {
  const log = new MemoryLog('\x1b[31mred\x1b[m 1\nplain 2\n 10 %\r100 % 3\n', 1000)
  const history = new History([{ service: 'a', log }])
  const seen: string[] = []
  const filter = (text: string): boolean => seen.push(text) > 0 && /\d$/.test(text)
  assert.equal(history.back(history.end, { lines: 9, filter }).lines.length, 3)
  assert.deepEqual(seen, ['100 % 3', 'plain 2', 'red 1'])
  log.append('nothing here\n'.repeat(10_000), 1000)
  let looks = 0
  let page = history.back(history.end, { lines: 2, filter, budget: 10_000 })
  for (; page.stopped === 'budget'; looks++)
    page = history.back(page.start, { lines: 2, filter, budget: 10_000 })
  assert.equal(looks, 12)
  assert.deepEqual([page.stopped, ...texts(page)], ['full', 'plain 2', ' 10 %\r100 % 3'])
})

test('a search goes through everything, nearest first, and tells the place of each hit', async () => {
  const history = merged()
  const found = async (pattern: RegExp, from: Mark, direction: 'back' | 'forward'): Promise<string[]> => {
    const hits: string[] = []
    for await (const { text, mark, service, offset } of history.search(pattern, from, direction, forever)) {
      hits.push(text)
      const [line] = history.forward(mark, { lines: 1 }).lines
      assert.deepEqual([line?.service, line?.offset], [service, offset])
    }
    return hits
  }
  assert.deepEqual(await found(/\d/g, history.end, 'back'), ['b2', 'a3', 'b1', 'a2', 'a1'])
  assert.deepEqual(await found(/\d|ready/, history.start, 'forward'), ['a1', 'a2', 'ready', 'b1', 'a3', 'b2'])
  assert.deepEqual(await found(/none/, history.end, 'back'), [])
})

test('a search in a large log ends soon after it is given up', async () => {
  const log = new MemoryLog('some line of a log\n'.repeat(200_000), 1000)
  const history = new History([{ service: 'a', log }])
  const abort = new AbortController()
  setImmediate(() => abort.abort())
  let hits = 0
  for await (const _hit of history.search(/line/, history.end, 'back', abort.signal)) hits += 1
  assert.ok(hits < 200_000, String(hits))
})

test('of what the supervisor said, the latest thousand lines are kept', () => {
  const history = new History([])
  for (let nth = 0; nth < 5000; nth++) history.addEvent(nth, `said ${nth}`)
  const { lines } = history.back(history.end, { lines: 10_000 })
  assert.ok(lines.length >= 1000 && lines.length < 2000, String(lines.length))
  assert.equal(texts({ lines }).at(-1), '* said 4999')
})

test('logs that rotate are one history, and what was deleted is gone from it', async () => {
  await using folder = await tempDir()
  let now = 1_000_000
  const limits = { maxFile: 2000, maxTotal: 12_000, maxAgeMs: 1e9 }
  const rest = { limits, now: () => now, onTrouble: assert.fail, onAppend: () => undefined }
  const files = ['a', 'b'].map(service => new LogFile({ folder: folder.path, service, ...rest }))
  const readers = ['a', 'b'].map(service => ({ service, log: new LogReader(folder.path, service) }))
  const history = new History(readers)
  const oldest = history.start
  const printed: string[] = []
  for (let nth = 0; nth < 500; nth++, now += 150) {
    const line = `\x1b[32m${'ab'[nth % 2]} says ${nth}\x1b[m`
    files[nth % 2]?.append(Buffer.from(`${line}\r\n`))
    printed.push(line)
  }
  history.refresh()
  const kept = texts(history.back(history.end, { lines: 1000 }))
  assert.ok(kept.length > 100 && kept.length < 500, String(kept.length))
  assert.deepEqual(texts(history.forward(oldest, { lines: 1000 })), kept)
  // Each service has lost its oldest lines, and not as many as the other one.
  const own = (lines: readonly string[], name: string): string[] =>
    lines.filter(line => line.includes(`${name} says`))
  for (const name of ['a', 'b'])
    assert.deepEqual(own(kept, name), own(printed, name).slice(-own(kept, name).length))
  assert.deepEqual(kept.slice(-100), printed.slice(-100))
  const hits: string[] = []
  for await (const { text, mark } of history.search(/ says 4\d5$/, history.end, 'back', forever)) {
    hits.push(text)
    const next = history.forward(mark, { lines: 2 })
    assert.deepEqual(texts(next), printed.slice(Number(text.slice(-3)), Number(text.slice(-3)) + 2))
  }
  assert.deepEqual(
    hits,
    [495, 485, 475, 465, 455, 445, 435, 425, 415, 405].map(nth => `b says ${nth}`),
  )
  for (const { log } of readers) log.close()
  for (const file of files) file.close()
})

/** Two services and the supervisor, one after the other and at the same time. */
function merged(): History {
  const a = new MemoryLog('a1\r\na2\r\n', 1000)
  const b = new MemoryLog('b1\n', 1200)
  const history = new History([
    { service: 'a', log: a },
    { service: 'b', log: b },
  ])
  history.addEvent(1000, 'ready')
  a.append('a3\n', 1300)
  b.append('b2\n', 1300)
  history.addEvent(1400, 'end\n')
  return history
}

function texts({ lines }: Pick<Page, 'lines'>): string[] {
  return lines.map(({ kind, raw }) => `${kind === 'event' ? '* ' : ''}${Buffer.from(raw).toString()}`)
}
