import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { appendFile, link, lstat, mkdir, open, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { execa } from 'execa'
import { tempDir } from '../../test/support/temp.ts'
import { type CopyLimits, type CopyOutcome, copyIn, crossesBorder, defaultCopyLimits } from './copy-in.ts'

test('files are copied whole; what an earlier attempt left is not', async () => {
  await using rig = await request()
  const audio = randomBytes(3_000_000)
  await rig.write('audio.wav', audio)
  await rig.write('empty', '')
  for (const name of ['result.json', 'log.txt', 'stream.ndjson', '.hidden']) await rig.write(name, 'old')
  await mkdir(join(rig.from, 'out-2'))
  assert.deepEqual(await rig.copy(), { ok: true, bytes: 3_000_002 })
  assert.deepEqual(await rig.copied(), ['audio.wav', 'empty', 'request.json'])
  assert.ok((await readFile(join(rig.to, 'audio.wav'))).equals(audio))
  assert.equal(await readFile(join(rig.to, 'request.json'), 'utf8'), '{}')
})

test('nothing but a file with one name is copied, and none is waited for', async () => {
  const kinds: Record<string, [string, (path: string, secret: string) => Promise<unknown>]> = {
    link: ['not_a_file', (path, secret) => symlink(secret, path)],
    'link to nothing': ['not_a_file', path => symlink('nothing', path)],
    folder: ['not_a_file', path => mkdir(path)],
    pipe: ['not_a_file', path => execa('mkfifo', [path])],
    'hard link': ['linked', (path, secret) => link(secret, path)],
  }
  for (const [name, [reason, make]] of Object.entries(kinds)) {
    await using rig = await request()
    const secret = join(rig.from, '../secret')
    await writeFile(secret, 'secret')
    await make(join(rig.from, name), secret)
    assert.deepEqual(await rig.copy(), { ok: false, reason, name })
    assert.ok(!(await rig.copied()).includes(name), name)
  }
  await using rig = await request()
  const server = createServer().listen(join(rig.from, 'socket'))
  await once(server, 'listening')
  assert.deepEqual(await rig.copy(), { ok: false, reason: 'not_a_file', name: 'socket' })
  server.close()
})

test('a request has limits', async () => {
  const cases: [Partial<CopyLimits>, string][] = [
    [{ fileBytes: 9 }, 'too_big'],
    [{ totalBytes: 25 }, 'too_much'],
    [{ entries: 3 }, 'too_many'],
  ]
  for (const [limits, expected] of cases) {
    await using rig = await request()
    for (const name of ['a', 'b', 'c']) await rig.write(name, '0123456789')
    const outcome = await rig.copy(limits)
    assert.equal(outcome.ok ? 'ok' : outcome.reason, expected)
    assert.ok((await rig.copied()).length <= 3)
  }
  await using rig = await request()
  for (const name of ['a', 'b', 'c']) await rig.write(name, '0123456789')
  const outcome = await rig.copy({ fileBytes: 10, totalBytes: 32, entries: 4 })
  assert.deepEqual(outcome, { ok: true, bytes: 32 })
})

test('a file that grows as fast as it is read comes to an end', async () => {
  await using rig = await request()
  const chunk = Buffer.alloc(1024 * 1024, 1)
  await rig.write('audio.wav', Buffer.concat([chunk, chunk]))
  let outcome: CopyOutcome | undefined
  const copying = rig.copy().then(it => (outcome = it))
  let written = 2 * chunk.length
  for (; outcome === undefined && written < 500 * chunk.length; written += chunk.length)
    await appendFile(join(rig.from, 'audio.wav'), chunk)
  await copying
  assert.ok(outcome?.ok)
  assert.ok(outcome.bytes <= written + 2)
  assert.equal((await lstat(join(rig.to, 'audio.wav'))).size, outcome.bytes - 2)
})

test('what the client writes into an open file afterwards stays outside', async () => {
  await using rig = await request()
  await using file = await open(join(rig.from, 'request.json'), 'r+')
  assert.ok((await rig.copy()).ok)
  await file.write('[]', 0)
  assert.equal(await readFile(join(rig.to, 'request.json'), 'utf8'), '{}')
})

test('a name that is no text is refused', async t => {
  await using rig = await request()
  try {
    await writeFile(Buffer.concat([Buffer.from(`${rig.from}/`), Buffer.from([0xff, 0x61])]), '')
  } catch {
    return t.skip('this file system takes no such name')
  }
  assert.deepEqual(await rig.copy(), { ok: false, reason: 'bad_name', name: '\uFFFDa' })
})

test('the folder is not followed either, and when it is gone that is an error', async () => {
  await using rig = await request()
  await symlink(rig.from, `${rig.from}-link`)
  const outcome = await copyIn(`${rig.from}-link`, rig.to, defaultCopyLimits)
  assert.deepEqual(outcome, { ok: false, reason: 'not_a_file', name: '.' })
  await assert.rejects(copyIn(`${rig.from}-gone`, `${rig.to}-2`, defaultCopyLimits), { code: 'ENOENT' })
  assert.equal(await crossesBorder(rig.from), false)
})

interface Request extends AsyncDisposable {
  readonly from: string
  readonly to: string
  write(name: string, data: string | Buffer): Promise<void>
  copy(limits?: Partial<CopyLimits>): Promise<CopyOutcome>
  copied(): Promise<string[]>
}

async function request(): Promise<Request> {
  const dir = await tempDir()
  const from = join(dir.path, 'from')
  const to = join(dir.path, 'to')
  await mkdir(from)
  await writeFile(join(from, 'request.json'), '{}')
  return {
    from,
    to,
    write: (name, data) => writeFile(join(from, name), data),
    copy: limits => copyIn(from, to, { ...defaultCopyLimits, ...limits }),
    copied: async () => (await readdir(to)).sort(),
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  }
}
