import assert from 'node:assert/strict'
import { appendFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { Spawned } from '../support/spawned.ts'
import { tempDir } from '../support/temp.ts'

const program = 'scripts/bb2html.ts'
const room = 'Alice:\thello **you**\n\t\n\tmore\n\nit rains\n\nBob:\t<b>hi</b>\n\n'

test('a page with the messages, and nothing that is fetched or run', async () => {
  await using at = await tempDir()
  const file = join(at.path, 'a<b>.bb')
  await writeFile(file, room)
  await using run = new Spawned(program, [file], {})
  assert.equal(await run.ended(), 0, run.stderr)
  assert.match(run.stdout, /^<!doctype html>[^]*<title>a&lt;b&gt;<\/title>[^]*<\/html>\n$/)
  assert.match(run.stdout, /Content-Security-Policy" content="default-src 'none'/)
  assert.equal(run.stdout.match(/<article/g)?.length, 3)
  assert.doesNotMatch(run.stdout, /<script|<link|src=/)
})

test('--fragment is the messages alone, also from stdin', async () => {
  await using run = new Spawned(program, ['--fragment'], {})
  run.child.stdin?.end(room)
  assert.equal(await run.ended(), 0, run.stderr)
  const article = (author: string, html: string): string =>
    `<article class="message"><header class="author"><bdi>${author}</bdi></header><div class="text" dir="auto">${html}</div></article>\n`
  assert.equal(
    run.stdout,
    article('Alice', '<p>hello <strong>you</strong></p>\n<p>more</p>') +
      '<article class="message narrative"><div class="text" dir="auto"><p>it rains</p></div></article>\n' +
      article('Bob', '<p>&#x3C;b>hi&#x3C;/b></p>'),
  )
})

test('--follow gives each message when it is whole, and says when another text begins', async () => {
  await using at = await tempDir()
  const file = join(at.path, 'room.bb')
  await writeFile(file, room)
  await using run = new Spawned(program, ['--fragment', '--follow', file], {})
  await run.saw(/hi&#x3C;\/b><\/p>/)
  await appendFile(file, 'Alice:\thalf')
  await appendFile(file, ' a line\n\nBob:\tend\n\n')
  await run.saw(/<p>half a line<\/p>[^]*<p>end<\/p>/)
  // Edited: copied, changed, renamed.
  await writeFile(`${file}.new`, 'Alice:\tanother text\n\n')
  await rename(`${file}.new`, file)
  await run.saw(/<!-- anew: -->\n[^\n]*<p>another text<\/p>/)
  assert.equal(run.stdout.match(/<article/g)?.length, 6)
  run.child.kill('SIGINT')
  assert.equal(await run.ended(), 130)
})

test('a file that is not there is said, and ends with 1', async () => {
  await using run = new Spawned(program, ['--fragment', '/none.bb'], {})
  assert.equal(await run.ended(), 1)
  assert.match(run.stderr, /\/none\.bb can't be read: there is none/)
})
