import assert from 'node:assert/strict'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { brotliDecompressSync, gunzipSync, brotliCompressSync, gzipSync } from 'node:zlib'
import { request } from 'undici'
import { builtPage } from '../support/built-page.ts'
import { RoomsBackend } from '../support/rooms-backend.ts'
import { Spawned } from '../support/spawned.ts'
import { tempDir } from '../support/temp.ts'

const script = `console.log(${JSON.stringify('x'.repeat(5000))})`

test('the page and its parts: compressed as the browser takes it, kept for ever where the name says the content', async () => {
  await using at = await served()
  const document = await at.get('/')
  assert.equal(document.status, 200)
  assert.equal(document.headers['content-type'], 'text/html; charset=utf-8')
  assert.equal(document.headers['cache-control'], 'no-cache')
  assert.equal(document.bytes.toString(), 'the page')
  const etag = String(document.headers['etag'])
  assert.equal((await at.get('/', { 'if-none-match': etag })).status, 304)
  for (const path of ['/rooms/a%2Fb?m=3', '/models', '/admin', '/login'])
    assert.equal((await at.get(path)).bytes.toString(), 'the page', path)
  const head = await at.get('/models', {}, 'HEAD')
  assert.deepEqual([head.status, head.headers['content-length'], head.bytes.length], [200, '8', 0])
  for (const [encoding, decode] of [
    ['br', brotliDecompressSync],
    ['gzip', gunzipSync],
    [undefined, (bytes: Buffer) => bytes],
  ] as const) {
    const asset = await at.get(
      '/assets/a-1234.js',
      encoding === undefined ? {} : { 'accept-encoding': encoding },
    )
    assert.equal(asset.headers['content-encoding'], encoding)
    assert.equal(asset.headers['vary'], 'accept-encoding')
    assert.equal(asset.headers['cache-control'], 'public, max-age=31536000, immutable')
    assert.match(String(asset.headers['content-type']), /javascript/)
    assert.equal(decode(asset.bytes).toString(), script)
  }
})

test('the document may run its own scripts and nothing else; the frame of diagrams may write styles and reach nobody', async () => {
  await using at = await served()
  const { headers } = await at.get('/')
  const policy = String(headers['content-security-policy'])
  assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self';/)
  assert.match(policy, /; connect-src 'self';/)
  assert.doesNotMatch(policy, /unsafe|https?:|wss?:/)
  assert.equal(headers['x-frame-options'], 'DENY')
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.equal(headers['referrer-policy'], 'no-referrer')
  const frame = await at.get('/mermaid.html')
  assert.equal(
    frame.headers['content-security-policy'],
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src data:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'",
  )
  assert.equal(frame.headers['x-frame-options'], 'SAMEORIGIN')
  assert.match(
    String((await at.get('/api/rooms')).headers['content-security-policy']),
    /^default-src 'none';/,
  )
})

test('an address that is none: the page for a person, problem details for a program', async () => {
  await using at = await served()
  const person = await at.get('/nowhere', { accept: 'text/html,*/*' })
  assert.deepEqual([person.status, person.bytes.toString()], [404, 'the page'])
  for (const [path, accept] of [
    ['/nowhere', '*/*'],
    ['/assets/gone-1234.js', 'text/html'],
    ['/api/nothing', 'text/html'],
    ['/files/x/y', 'text/html'],
    ['/..%2f..%2fpackage.json', '*/*'],
    ['//mermaid.html', '*/*'],
    ['/%00', '*/*'],
    ['/%2e%2e/package.json', '*/*'],
    ['/assets/', '*/*'],
    ['/assets', '*/*'],
    ['/assets/a-1234.js.br', '*/*'],
    ['/assets/a-1234.js.gz', '*/*'],
  ] as const) {
    const { status, headers, bytes } = await at.get(path, { accept })
    assert.equal(status, 404, path)
    assert.equal(headers['content-type'], 'application/problem+json; charset=utf-8', path)
    assert.match(bytes.toString(), /"code":"no_such_(route|file)"/, path)
  }
})

test('without a page a person is told where it is; a folder without one ends the start in words', async () => {
  await using backend = await RoomsBackend.start({ COURANTE_PORT_FRONTEND: '5199' })
  const answer = await request(`http://127.0.0.1:${backend.env['COURANTE_PORT_BACKEND']}/`)
  assert.match(
    await answer.body.text(),
    /^This is the API\. The page is at http:\/\/127\.0\.0\.1:5199\/ in this run\.\n$/,
  )
  await using home = await tempDir()
  const env = { COURANTE_HOME: home.path, COURANTE_SOCKETS: home.path, PORT: '0', COURANTE_PAGE: home.path }
  await using failed = new Spawned('services/backend/main.ts', [], env)
  assert.equal(await failed.ended(), 1)
  assert.match(failed.stderr, /there is no built page in [^]*up --prod/)
})

test('a build lays both compressed forms beside each of its scripts and styles', async () => {
  const assets = await readdir(join(await builtPage(), 'assets'))
  const main = assets.filter(name => /^index-[\w-]+\.(js|css)$/.test(name))
  assert.ok(main.length >= 2, assets.join(' '))
  for (const name of main) {
    const path = join(await builtPage(), 'assets', name)
    const plain = await readFile(path)
    assert.ok(brotliDecompressSync(await readFile(`${path}.br`)).equals(plain))
    assert.ok(gunzipSync(await readFile(`${path}.gz`)).equals(plain))
  }
})

/** A backend that serves a page of three files. */
async function served() {
  await using cleanup = new AsyncDisposableStack()
  const page = cleanup.use(await tempDir()).path
  await mkdir(join(page, 'assets'))
  await writeFile(join(page, 'index.html'), 'the page')
  await writeFile(join(page, 'mermaid.html'), 'the frame')
  await writeFile(join(page, 'assets/a-1234.js'), script)
  await writeFile(join(page, 'assets/a-1234.js.br'), brotliCompressSync(script))
  await writeFile(join(page, 'assets/a-1234.js.gz'), gzipSync(script))
  const backend = cleanup.use(await RoomsBackend.start({ COURANTE_PAGE: page }))
  const url = `http://127.0.0.1:${backend.env['COURANTE_PORT_BACKEND']}`
  const all = cleanup.move()
  return {
    get: async (path: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') => {
      const answer = await request(`${url}${path}`, { method, headers })
      const bytes = Buffer.from(await answer.body.arrayBuffer())
      return { status: answer.statusCode, headers: answer.headers, bytes }
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}
