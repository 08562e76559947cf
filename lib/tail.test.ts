import assert from 'node:assert/strict'
import { appendFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { tail, type TailOptions } from './tail.ts'

test('the last lines come first, then what is added', async () => {
  await using file = await fileOf('one\ntwo\nthree\n')
  await using lines = follow(file.path, { lines: 2 })
  assert.deepEqual(await lines.next(), { offset: 8, line: 'two' })
  assert.deepEqual(await lines.next(), { offset: 14, line: 'three' })
  await appendFile(file.path, 'four\n')
  assert.deepEqual(await lines.next(), { offset: 19, line: 'four' })
})

test('an offset goes on behind its line', async () => {
  await using file = await fileOf('one\ntwo\nthree\n')
  await using lines = follow(file.path, { offset: 4, orLines: 1 })
  assert.equal((await lines.next()).line, 'two')
})

test('an offset inside a line, or past the end, is of another file: the last lines come', async () => {
  await using file = await fileOf('one\ntwo\nthree\n')
  for (const offset of [5, 999]) {
    await using lines = follow(file.path, { offset, orLines: 1 })
    assert.equal((await lines.next()).line, 'three')
  }
})

test('half a line is held back until its newline', async () => {
  await using file = await fileOf('ha')
  await using lines = follow(file.path, { lines: 5 })
  const next = lines.next()
  await appendFile(file.path, 'lf é\r')
  await appendFile(file.path, '\nnext\n')
  assert.equal((await next).line, 'half é\r')
  assert.equal((await lines.next()).line, 'next')
})

test('a file, and its folder, may come later', async () => {
  await using file = await fileOf(undefined)
  const path = join(file.path, '..', 'later', 'log')
  await using lines = follow(path, { lines: 1 })
  const next = lines.next()
  await mkdir(join(path, '..'))
  await writeFile(path, 'first\nsecond\n')
  assert.equal((await next).line, 'first')
  assert.equal((await lines.next()).line, 'second')
})

test('a truncated file is read from its start', async () => {
  await using file = await fileOf('a long first line\n')
  await using lines = follow(file.path, { lines: 1 })
  await lines.next()
  await writeFile(file.path, 'new\n')
  assert.deepEqual(await lines.next(), { offset: 4, line: 'new' })
})

test('a file replaced by rename is read to its end, then the new one from its start', async () => {
  await using file = await fileOf('old\n')
  await using lines = follow(file.path, { lines: 1 })
  await lines.next()
  await appendFile(file.path, 'last words\n')
  await writeFile(`${file.path}.new`, 'new one\n')
  await rename(`${file.path}.new`, file.path)
  assert.equal((await lines.next()).line, 'last words')
  assert.deepEqual(await lines.next(), { offset: 8, line: 'new one' })
})

test('lines longer than a read, and more lines than a read holds, are found', async () => {
  const long = 'x'.repeat(200_000)
  await using file = await fileOf(`first\n${long}\n${'short\n'.repeat(20_000)}`)
  await using lines = follow(file.path, { lines: 20_001 })
  assert.equal((await lines.next()).line, long)
  for (let i = 0; i < 20_000; i++) assert.equal((await lines.next()).line, 'short')
})

test('abort ends the wait', async () => {
  await using file = await fileOf('')
  const stop = new AbortController()
  const lines = tail(file.path, { from: { lines: 1 }, signal: stop.signal, rescanMs: 60_000 })
  const next = lines.next()
  stop.abort()
  assert.equal((await next).done, true)
})

async function fileOf(text: string | undefined): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'courante-tail-'))
  const path = join(folder, 'log')
  if (text !== undefined) await writeFile(path, text)
  return { path, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}

function follow(path: string, from: TailOptions['from']) {
  const stop = new AbortController()
  const lines = tail(path, { from, signal: stop.signal, rescanMs: 50 })
  return {
    next: async () => {
      const { value } = await lines.next()
      assert.ok(value)
      return value
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await lines.return(undefined)
    },
  }
}
