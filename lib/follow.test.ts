import assert from 'node:assert/strict'
import { truncateSync, writeSync } from 'node:fs'
import { appendFile, copyFile, mkdir, open, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempDir } from '../test/support/temp.ts'
import { follow, type FollowEvent, type FollowOptions } from './follow.ts'

test('what is there, and what comes', async () => {
  await using at = await files('one\n')
  await using story = at.follow({ by: 'name' })
  await story.tells('found', 'one\n')
  await appendFile(at.path, 'two')
  await story.tells('two')
})

test('a rotation: the rest of the old file, then the new one', async () => {
  await using at = await files('old\n')
  await using story = at.follow({ by: 'name' })
  await story.tells('found', 'old\n')
  await appendFile(at.path, 'rest\n')
  await writeFile(`${at.path}.new`, 'new\n')
  await rename(`${at.path}.new`, at.path)
  await story.tells('rest\n', 'rewind replaced', 'new\n')
})

test('a writer that goes on in the file that was moved away is heard until there is another one', async () => {
  await using at = await files('old\n')
  await using story = at.follow({ by: 'name' })
  await story.tells('found', 'old\n')
  await rename(at.path, `${at.path}.1`)
  await story.tells('gone ENOENT')
  await appendFile(`${at.path}.1`, 'late\n')
  await story.tells('late\n')
  await writeFile(at.path, 'new\n')
  await story.tells('found', 'rewind replaced', 'new\n')
})

test('a file that is moved away and back goes on, and is not told twice', async () => {
  await using at = await files('one\n')
  await using story = at.follow({ by: 'name' })
  await story.tells('found', 'one\n')
  await rename(at.path, `${at.path}.1`)
  await story.tells('gone ENOENT')
  await rename(`${at.path}.1`, at.path)
  await appendFile(at.path, 'two\n')
  await story.tells('found', 'two\n')
})

test('a file truncated and filled past the old place before anybody looked is told from its start', async () => {
  await using at = await files('first\n')
  await using story = at.follow({ by: 'name' })
  await story.tells('found', 'first\n')
  await writeFile(at.path, 'another text, which is longer\n')
  await story.tells(/rewind (?:rewritten|truncated)/, 'another text, which is longer\n')
})

test('a writer that goes on at its old place after a truncation does not bring all those zeros', async () => {
  await using at = await files('')
  const writer = await open(at.path, 'w')
  await writer.write('one\n', 0)
  await using story = at.follow({ by: 'descriptor' })
  await story.tells('found', 'one\n')
  // No event and no look may come between these two.
  truncateSync(at.path, 0)
  writeSync(writer.fd, 'two\n', 4)
  await story.tells('two\n')
  await writer.close()
})

test('the copy of a copytruncate is nobody of ours', async () => {
  await using at = await files('one\n')
  await using story = at.follow({ by: 'name' })
  await story.tells('found', 'one\n')
  await copyFile(at.path, `${at.path}.1`)
  await truncate(at.path, 0)
  await story.tells('rewind truncated')
  await appendFile(at.path, 'two\n')
  await story.tells('two\n')
})

test('by descriptor it is the file that counts, not its name', async () => {
  await using at = await files('one\n')
  await using story = at.follow({ by: 'descriptor' })
  await story.tells('found', 'one\n')
  await mkdir(join(at.folder, 'away'))
  const moved = join(at.folder, 'away', 'moved')
  await rename(at.path, moved)
  await writeFile(at.path, 'another\n')
  await appendFile(moved, 'two\n')
  await story.tells('two\n')
})

test('the target of a link is watched, and another target is another file', async () => {
  await using at = await files('one\n')
  const link = join(at.folder, 'links', 'log')
  await mkdir(join(at.folder, 'links'))
  await symlink(at.path, link)
  await using story = at.follow({ by: 'name' }, link)
  await story.tells('found', 'one\n')
  await appendFile(at.path, 'two\n')
  await story.tells('two\n')
  await writeFile(`${at.path}.other`, 'other\n')
  await symlink(`${at.path}.other`, `${link}.new`)
  await rename(`${link}.new`, link)
  await story.tells('rewind replaced', 'other\n')
})

test('folders may come later, go, and come again', async () => {
  await using at = await files('')
  const path = join(at.folder, 'later', 'log')
  // Of a folder that isn't there nobody is told.
  await using story = at.follow({ by: 'name', rescanMs: 20 }, path)
  await story.tells('gone ENOENT')
  for (const text of ['one\n', 'two\n']) {
    await mkdir(join(at.folder, 'later'))
    await writeFile(path, text)
    await story.tells('found', ...(text === 'two\n' ? ['rewind replaced'] : []), text)
    await rm(join(at.folder, 'later'), { recursive: true })
    await story.tells('gone ENOENT')
  }
})

test('a folder in the place of a file is waited for', async () => {
  await using at = await files('')
  await using story = at.follow({ by: 'name' }, at.folder)
  await story.tells('gone EISDIR')
})

test('many files in one folder', async () => {
  await using at = await files('')
  const paths = Array.from({ length: 200 }, (_, i) => join(at.folder, `log${i}`))
  for (const path of paths) await writeFile(path, '')
  const stop = new AbortController()
  const heard = new Set<string>()
  let found = 0
  for await (const event of follow(paths, { by: 'name', signal: stop.signal, rescanMs })) {
    if (event.type === 'found' && ++found === paths.length)
      for (const path of paths) await appendFile(path, path)
    if (event.type === 'bytes') {
      assert.equal(event.bytes.toString(), event.file)
      heard.add(event.file)
    }
    if (heard.size === paths.length) stop.abort()
  }
})

test('with nothing to follow by descriptor it ends', async () => {
  await using at = await files('')
  await using story = at.follow({ by: 'descriptor' }, join(at.folder, 'none'))
  await story.tells('gone ENOENT', 'end')
})

/** So long that nothing but a watch brings news. */
const rescanMs = 600_000

async function files(text: string) {
  const dir = await tempDir()
  const path = join(dir.path, 'log')
  await writeFile(path, text)
  return {
    folder: dir.path,
    path,
    follow: (options: Pick<FollowOptions, 'by' | 'rescanMs'>, of = path) => new Story(of, options),
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  }
}

/** Events as words, with bytes that came in several pieces put together. */
class Story implements AsyncDisposable {
  readonly #stop = new AbortController()
  readonly #events: AsyncGenerator<FollowEvent, void>

  constructor(path: string, options: Pick<FollowOptions, 'by' | 'rescanMs'>) {
    this.#events = follow([path], { rescanMs, ...options, signal: this.#stop.signal })
  }

  async tells(...expected: (string | RegExp)[]): Promise<void> {
    for (const wanted of expected) {
      let told = await this.#next()
      // A piece of what is wanted.
      while (typeof wanted === 'string' && told !== wanted && wanted.startsWith(told))
        told += await this.#next()
      if (typeof wanted === 'string') assert.equal(told, wanted)
      else assert.match(told, wanted)
    }
  }

  async #next(): Promise<string> {
    const { value, done } = await this.#events.next()
    if (done || value === undefined) return 'end'
    if (value.type === 'bytes') return value.bytes.toString()
    if (value.type === 'gone') return `gone ${value.code}`
    return value.type === 'rewind' ? `rewind ${value.why}` : value.type
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    await this.#events.return(undefined)
  }
}
