// Longer than others: one engine, and each way in which a server misbehaves, a few lines each.
import assert from 'node:assert/strict'
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import fsPromises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { blockBytes, pieceBytes } from '../../models/download/partial.ts'
import { downloadRig, type DownloadRig } from '../support/download-rig.ts'
import { startHostileServer } from '../support/hostile-server.ts'

const small = 5 * pieceBytes + 1234
const big = 140 * pieceBytes + 1234

test('a file comes whole, is put under its name, recorded, and nothing else is left', async () => {
  await using rig = await downloadRig(small)
  assert.equal(await rig.fetch(), undefined)
  checkRight(rig)
  assert.deepEqual(readdirSync(rig.modelsDir).sort(), ['lock.json', 'm'])
  assert.equal(rig.server.sent, small)
})

test('a big file comes over several connections, each byte once', async () => {
  await using rig = await downloadRig(big)
  assert.equal(await rig.fetch(), undefined)
  checkRight(rig)
  assert.ok(rig.server.asked.length > 2, String(rig.server.asked.length))
  assert.equal(rig.server.sent, big)
})

for (let tenth = 0; tenth < 10; tenth++) {
  test(`a reset at ${tenth} tenths of the file costs no more than a block`, async () => {
    await using rig = await downloadRig(big)
    const at = Math.floor((big * tenth) / 10) + 1
    let done = false
    rig.server.decide = ({ range, start }) => {
      const end = Number(/-(\d+)$/.exec(range ?? '')?.[1])
      if (done || at < start || at > end) return { type: 'none' }
      done = true
      return { type: 'resets', at }
    }
    assert.equal(await rig.fetch(), undefined)
    assert.ok(done)
    checkRight(rig)
    assert.ok(rig.server.sent - big <= blockBytes, `${rig.server.sent - big} bytes twice`)
  })
}

test('a download that was stopped is kept, says how to go on, and goes on', async () => {
  await using rig = await downloadRig(big)
  rig.server.decide = ({ start }) => ({ type: 'stalls', at: start + 4 * pieceBytes - 5 })
  const stop = new AbortController()
  const onProgress = (now: number): void => void (now > 3 * pieceBytes && stop.abort('SIGINT'))
  const first = rig.fetch(rig.model(), { signal: stop.signal, onProgress })
  const problem = await first
  assert.equal(problem?.code, 'interrupted')
  assert.equal(problem?.exit, 130)
  assert.match(problem?.todo ?? '', /Run the same command again/)
  assert.equal(rig.final(), undefined)
  assert.deepEqual(extensions(rig), ['journal', 'partial'])

  rig.server.decide = undefined
  assert.equal(await rig.fetch(), undefined)
  checkRight(rig)
  assert.ok(rig.server.sent - big <= blockBytes, `${rig.server.sent - big} bytes twice`)
  assert.ok(rig.server.asked.every(({ start, ifRange }) => start === 0 || ifRange === '"one"'))
})

test('of a partial file that was damaged only the bad piece comes again', async () => {
  await using rig = await downloadRig(small)
  await stopAfter(rig, 4 * pieceBytes)
  const partial = only(rig, '.partial')
  const file = openSync(partial, 'r+')
  writeSync(file, 'damaged', pieceBytes + 7)
  closeSync(file)
  const [sent, asked] = [rig.server.sent, rig.server.asked.length]
  assert.equal(await rig.fetch(), undefined)
  checkRight(rig)
  assert.deepEqual(
    rig.server.asked.slice(asked).map(({ start }) => start),
    [pieceBytes, 4 * pieceBytes],
  )
  assert.equal(rig.server.sent - sent, 2 * pieceBytes + 1234)
  assert.match(rig.notices.join(), /damaged on this disk/)
})

test('a journal whose last line is torn, or that is garbage, is no harm', async () => {
  for (const tail of ['3 00', '\0\0\0\0\n', '1 ffffffff\n', '99 00000000\nx\n']) {
    await using rig = await downloadRig(small)
    await stopAfter(rig, 3 * pieceBytes)
    const file = openSync(only(rig, '.journal'), 'a')
    writeSync(file, tail)
    closeSync(file)
    assert.equal(await rig.fetch(), undefined)
    checkRight(rig)
  }
})

test('without a journal it starts over, and says nothing wrong', async () => {
  await using rig = await downloadRig(small)
  await stopAfter(rig, 3 * pieceBytes)
  const file = openSync(only(rig, '.journal'), 'w')
  closeSync(file)
  assert.equal(await rig.fetch(), undefined)
  checkRight(rig)
})

test('a server that ignores ranges sends it once, over one connection', async () => {
  await using rig = await downloadRig(big)
  rig.server.decide = () => ({ type: 'ignores_range' })
  assert.equal(await rig.fetch(), undefined)
  checkRight(rig)
  assert.equal(rig.server.asked.length, 1)
  assert.equal(rig.server.sent, big)
})

test('a server that ignores ranges on the second try starts over cleanly, and progress does not run backwards', async () => {
  await using rig = await downloadRig(small)
  await stopAfter(rig, 4 * pieceBytes)
  rig.server.decide = () => ({ type: 'ignores_range' })
  assert.equal(await rig.fetch(), undefined)
  checkRight(rig)
  assert.match(rig.notices.join(), /starting over/)
})

test('a server that ignores ranges in the middle starts over cleanly', async () => {
  await using rig = await downloadRig(big)
  rig.server.decide = () => (rig.server.asked.length > 2 ? { type: 'ignores_range' } : { type: 'none' })
  assert.equal(await rig.fetch(), undefined)
  checkRight(rig)
})

test('a file that changed between two tries is fetched anew, none of the old in it', async () => {
  await using rig = await downloadRig(small)
  await stopAfter(rig, 4 * pieceBytes, rig.model({ sha256: undefined }))
  rig.server.content = Buffer.from(rig.server.content.toReversed())
  rig.server.etag = '"two"'
  assert.equal(await rig.fetch(rig.model({ sha256: undefined })), undefined)
  checkRight(rig)
})

test('parts of another version than those before are not mixed with them', async () => {
  await using rig = await downloadRig(small)
  await stopAfter(rig, 4 * pieceBytes, rig.model({ sha256: undefined }))
  rig.server.content = Buffer.from(rig.server.content.toReversed())
  rig.server.etag = '"two"'
  // It knows no If-Range and sends the part.
  const first = rig.server
  await using other = await startHostileServer(first.content)
  other.etag = undefined
  assert.equal(await rig.fetch(rig.model({ sha256: undefined })), undefined)
  checkRight(rig)
})

test('what has neither a hash nor a name for its version is not gone on with', async () => {
  await using rig = await downloadRig(small)
  rig.server.etag = undefined
  await stopAfter(rig, 4 * pieceBytes, rig.model({ sha256: undefined }))
  rig.server.content = Buffer.from(rig.server.content.toReversed())
  assert.equal(await rig.fetch(rig.model({ sha256: undefined })), undefined)
  checkRight(rig)
})

for (const links of [true, false]) {
  const disk = links ? 'a disk' : 'a disk without links'
  test(`what came on ${disk} and can not be put in its place stays, and the next run asks nobody`, async t => {
    if (!links)
      t.mock.method(fsPromises, 'link', () => Promise.reject(Object.assign(new Error(), { code: 'EPERM' })))
    syncBuiltinESMExports()
    t.after(() => {
      t.mock.restoreAll()
      syncBuiltinESMExports()
    })
    await using rig = await downloadRig(small)
    const inTheWay = join(rig.modelsDir, 'm/model.gguf')
    mkdirSync(inTheWay, { recursive: true })
    const problem = await rig.fetch()
    assert.equal(problem?.code, 'not_writable', JSON.stringify(problem))
    assert.match(problem?.what ?? '', /EISDIR/)
    assert.deepEqual(extensions(rig), ['journal', 'partial'])
    assert.deepEqual(readdirSync(join(rig.modelsDir, 'm')), ['model.gguf'])
    const asked = rig.server.asked.length
    rmdirSync(inTheWay)
    assert.equal(await rig.fetch(), undefined)
    checkRight(rig)
    assert.equal(rig.server.asked.length, asked)
  })
}

for (const isDone of [true, false]) {
  const end = isDone ? 'is what it wanted' : 'is told in words'
  test(`a download that another process took away and ${isDone ? 'finished' : 'did not finish'} ${end}`, async () => {
    for (const size of [small, big]) {
      await using rig = await downloadRig(size)
      let taken = false
      const problem = await rig.fetch(rig.model(), {
        onProgress: () => {
          if (taken) return
          taken = true
          // It is in another container: the lock is of no process that it knows.
          for (const name of rig.partials()) rmSync(join(rig.modelsDir, '.partial', name))
          if (!isDone) return
          mkdirSync(join(rig.modelsDir, 'm'))
          writeFileSync(join(rig.modelsDir, 'm/model.gguf'), rig.server.content)
        },
      })
      assert.equal(problem?.code, isDone ? undefined : 'taken_by_another', JSON.stringify(problem))
      assert.equal(rig.final()?.equals(rig.server.content), isDone ? true : undefined)
    }
  })
}

test('without a lock.json that can be read, nothing is taken that nobody vouches for', async () => {
  await using rig = await downloadRig(small)
  writeFileSync(join(rig.modelsDir, 'lock.json'), '{')
  const problem = await rig.fetch(rig.model({ sha256: undefined }))
  assert.equal(problem?.code, 'bad_lock_file')
  assert.equal(rig.server.asked.length, 0)
  assert.equal(await rig.fetch(), undefined)
  checkRight(rig)
  assert.equal(readFileSync(join(rig.modelsDir, 'lock.json.broken'), 'utf8'), '{')
})

const endings = [
  { type: 'cuts_chunked', at: 3 * pieceBytes },
  { type: 'ends_early', at: 3 * pieceBytes },
  { type: 'resets', at: 0 },
  { type: 'status', status: 500 },
  { type: 'status', status: 408 },
  { type: 'status', status: 503, headers: { 'retry-after': '0' } },
  { type: 'status', status: 429, headers: { 'retry-after': '0' } },
  { type: 'shifts', by: 1 },
  { type: 'status', status: 416, headers: { 'content-range': `bytes */${small}` } },
] as const
for (const misdeed of endings) {
  test(`it goes on after ${JSON.stringify(misdeed)}`, async () => {
    await using rig = await downloadRig(small)
    rig.server.misdeeds.push(misdeed)
    assert.equal(await rig.fetch(), undefined)
    checkRight(rig)
  })
}

test('a connection that stands still is given up and the rest comes over another one', async () => {
  await using rig = await downloadRig(small)
  rig.server.misdeeds.push({ type: 'stalls', at: 2 * pieceBytes })
  assert.equal(await rig.fetch(rig.model(), { stallMs: 2000 }), undefined)
  checkRight(rig)
  assert.ok(rig.server.asked.some(({ start }) => start === 2 * pieceBytes))
})

test('a server that gives two connections and no more gets two', async () => {
  await using rig = await downloadRig(big)
  let open = 0
  rig.server.decide = () => (++open > 2 ? { type: 'status', status: 429 } : { type: 'none' })
  const timer = setInterval(() => (open = 0), 50)
  try {
    assert.equal(await rig.fetch(), undefined)
  } finally {
    clearInterval(timer)
  }
  checkRight(rig)
})

const ends: [string, Parameters<DownloadRig['server']['misdeeds']['push']>[0], string, RegExp][] = [
  [
    'a flipped bit',
    { type: 'flips', at: 1_000_000 },
    'integrity_mismatch',
    /expected sha256 [0-9a-f]{64}, got sha256/,
  ],
  [
    'another total',
    { type: 'other_total', bytes: 77 },
    'size_differs',
    /has 77 bytes there, and \d+ were agreed/,
  ],
  ['404', { type: 'status', status: 404 }, 'not_found', /404/],
  ['403', { type: 'status', status: 403 }, 'download_refused', /403/],
  ['410', { type: 'status', status: 410 }, 'not_found', /./],
  [
    'a short 416',
    { type: 'status', status: 416, headers: { 'content-range': 'bytes */5' } },
    'size_differs',
    /has 5 bytes/,
  ],
  [
    'a far Retry-After',
    { type: 'status', status: 503, headers: { 'retry-after': '86400' } },
    'server_busy',
    /503/,
  ],
  ['a redirect to ftp', { type: 'redirects', to: 'ftp://example.com/x' }, 'bad_redirect', /no http or https/],
  ['a body without a length and too much in it', { type: 'too_much' }, 'integrity_mismatch', /got more/],
]
for (const [name, misdeed, code, words] of ends) {
  test(`${name} is told in words and nothing is kept`, async () => {
    await using rig = await downloadRig(small)
    rig.server.decide = ({ range }) => {
      if (misdeed.type === 'too_much' && range !== undefined) return { type: 'status', status: 416 }
      return misdeed
    }
    const problem = await rig.fetch()
    assert.equal(problem?.code, code, JSON.stringify(problem))
    assert.match(problem?.what ?? '', words)
    assert.equal(rig.final(), undefined)
    assert.deepEqual(rig.partials(), [])
  })
}

test('a wrong size is found before the first byte, also where ranges are ignored', async () => {
  await using rig = await downloadRig(small)
  const problem = await rig.fetch(rig.model({ bytes: small + 1 }))
  assert.equal(problem?.code, 'size_differs')
  rig.server.decide = () => ({ type: 'ignores_range' })
  assert.equal((await rig.fetch(rig.model({ bytes: small - 1 })))?.code, 'size_differs')
  assert.deepEqual(rig.progress, [])
})

test('a file that does not fit on the disk is refused before anybody is asked, with both figures', async () => {
  await using rig = await downloadRig(small)
  const problem = await rig.fetch(rig.model({ bytes: 1e15 }))
  assert.equal(problem?.code, 'no_space')
  assert.match(problem?.what ?? '', /has [\d.]+ [MG]B free, and 100\d{4}\.\d\d GB are needed/)
  assert.equal(rig.server.asked.length, 0)
  assert.deepEqual(rig.partials(), [])
})

test('redirects without end, in a circle or in a row, are told', async () => {
  await using rig = await downloadRig(small)
  rig.server.decide = () => ({ type: 'redirects', to: '/model.gguf' })
  assert.match((await rig.fetch())?.what ?? '', /redirects in a circle/)
  let count = 0
  rig.server.decide = () => ({ type: 'redirects', to: `/${++count}` })
  assert.match((await rig.fetch())?.what ?? '', /more than 10 times/)
  assert.equal(count, 11)
})

test('a token goes to the hub and to nobody that the hub redirects to', async () => {
  await using rig = await downloadRig(small)
  await using hub = await startHostileServer(Buffer.alloc(0))
  const { sha256 } = rig.server
  hub.decide = () => ({
    type: 'redirects',
    to: rig.server.file,
    headers: { 'x-linked-etag': `"${sha256}"`, 'x-linked-size': String(small) },
  })
  const env = { HF_ENDPOINT: hub.url, HF_TOKEN: 'hf_secret' }
  const url = 'https://huggingface.co/o/r/resolve/main/model.gguf'
  assert.equal(await rig.fetch(rig.model({ url, sha256: undefined }), { env }), undefined)
  checkRight(rig)
  assert.deepEqual(
    hub.asked.map(({ path, authorization }) => [path, authorization]),
    [['/o/r/resolve/main/model.gguf', 'Bearer hf_secret']],
  )
  assert.ok(rig.server.asked.every(({ authorization }) => authorization === undefined))
  const lock = JSON.parse(readFileSync(join(rig.modelsDir, 'lock.json'), 'utf8')) as { models: object }
  assert.match(JSON.stringify(lock), new RegExp(`"digest":"sha256-${sha256}","trust":"hub"`))
})

test("what the hub's header says is held to", async () => {
  await using rig = await downloadRig(small)
  rig.server.decide = ({ path }) =>
    path === '/model.gguf'
      ? { type: 'redirects', to: '/real', headers: { 'x-linked-etag': `"${'ab'.repeat(32)}"` } }
      : { type: 'none' }
  const url = 'https://huggingface.co/model.gguf'
  const env = { HF_ENDPOINT: rig.server.url }
  const problem = await rig.fetch(rig.model({ url, sha256: undefined }), { env })
  assert.equal(problem?.code, 'integrity_mismatch')
  assert.deepEqual(rig.partials(), [])
  // Anybody else may say so, and vouches for nothing.
  assert.equal(await rig.fetch(rig.model({ sha256: undefined })), undefined)
  assert.match(readFileSync(join(rig.modelsDir, 'lock.json'), 'utf8'), /"trust": "first"/)
})

test("a mirror's name and password go to the mirror, and into no message", async () => {
  await using rig = await downloadRig(small)
  const env = { COURANTE_MIRROR: rig.server.url.replace('//', '//me:se%20cret@') }
  const model = rig.model({ url: 'https://huggingface.co/model.gguf' })
  rig.server.misdeeds.push({ type: 'status', status: 403 })
  assert.doesNotMatch(JSON.stringify(await rig.fetch(model, { env })), /cret/)
  assert.equal(await rig.fetch(model, { env }), undefined)
  checkRight(rig)
  const login = `Basic ${Buffer.from('me:se cret').toString('base64')}`
  assert.ok(rig.server.asked.every(({ authorization }) => authorization === login))
})

test('a signed address that is out of date is asked for anew, with the token again', async () => {
  await using rig = await downloadRig(big)
  let signed = 0
  const uses = new Map<string, number>()
  rig.server.decide = ({ path }) => {
    if (path === '/model.gguf') return { type: 'redirects', to: `/signed-${++signed}` }
    uses.set(path, (uses.get(path) ?? 0) + 1)
    return (uses.get(path) ?? 0) > 2 ? { type: 'status', status: 403 } : { type: 'none' }
  }
  assert.equal(await rig.fetch(), undefined)
  checkRight(rig)
  assert.ok(signed > 1)
})

test('a gated model is explained, and the token is in no message', async () => {
  await using rig = await downloadRig(small)
  rig.server.decide = () => ({ type: 'status', status: 403 })
  const env = { HF_ENDPOINT: rig.server.url, HF_TOKEN: 'hf_secret' }
  const problem = await rig.fetch(rig.model({ url: 'https://huggingface.co/o/r/resolve/main/x' }), { env })
  assert.equal(problem?.code, 'needs_token')
  assert.match(problem?.todo ?? '', /licence.*HF_TOKEN/)
  assert.doesNotMatch(JSON.stringify(problem), /hf_secret/)
})

test('offline, nobody is asked, and loopback is', async () => {
  await using rig = await downloadRig(small)
  const env = { OFFLINE: '1' }
  const problem = await rig.fetch(rig.model({ url: 'https://huggingface.co/o/r/resolve/main/x' }), { env })
  assert.equal(problem?.code, 'offline')
  assert.equal(
    await rig.fetch(rig.model(), { env: { ...env, http_proxy: 'http://192.0.2.1:3128' } }),
    undefined,
  )
  rig.server.decide = () => ({ type: 'redirects', to: 'http://192.0.2.1/x' })
  assert.equal((await rig.fetch(rig.model(), { env }))?.code, 'offline')
})

test('what nobody vouches for has to stay what it was', async () => {
  await using rig = await downloadRig(small)
  assert.equal(await rig.fetch(rig.model({ sha256: undefined })), undefined)
  rig.server.content = Buffer.from(rig.server.content.toReversed())
  rig.server.etag = '"two"'
  const problem = await rig.fetch(rig.model({ sha256: undefined }))
  assert.match(problem?.what ?? '', /has changed since it was first downloaded/)
  assert.ok(!rig.final()?.equals(rig.server.content))
  assert.deepEqual(rig.partials(), [])
})

test('progress never runs backwards and ends with all', async () => {
  await using rig = await downloadRig(big)
  let resets = 0
  rig.server.decide = ({ start }) =>
    ++resets % 3 === 0 ? { type: 'resets', at: start + pieceBytes - 9 } : { type: 'none' }
  assert.equal(await rig.fetch(), undefined)
  checkRight(rig)
  assert.deepEqual(
    rig.progress,
    rig.progress.toSorted((a, b) => a - b),
  )
  assert.equal(rig.progress.at(-1), big)
})

/** Lets a first run come so far, and then stops it. */
async function stopAfter(rig: DownloadRig, at: number, model = rig.model()): Promise<void> {
  rig.server.decide = ({ start }) => ({ type: 'stalls', at: Math.max(start + 1, at) })
  const stop = new AbortController()
  const run = rig.fetch(model, {
    signal: stop.signal,
    onProgress: now => void (now >= at && stop.abort('SIGINT')),
  })
  assert.equal((await run)?.code, 'interrupted')
  rig.server.decide = undefined
  assert.equal(statSync(only(rig, '.partial')).size, rig.server.content.length)
}

function checkRight(rig: DownloadRig): void {
  assert.ok(rig.final()?.equals(rig.server.content), 'the file is not what the server has')
  assert.deepEqual(rig.partials(), [])
}

function extensions(rig: DownloadRig): string[] {
  return rig.partials().map(name => name.split('.').at(-1) ?? '')
}

function only(rig: DownloadRig, extension: string): string {
  const [name = ''] = rig.partials().filter(name => name.endsWith(extension))
  return join(rig.modelsDir, '.partial', name)
}
