import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, rm, stat, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { safeName } from '../../services/chat/rooms/uploads.ts'
import {
  apiRig,
  firstAdmin,
  newUser,
  type Answer,
  type ApiRig,
  type Credentials,
} from '../support/api-rig.ts'

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

test('a picture is stored beside the room and shown where a message names it', async () => {
  await using rig = await kitchen()
  const file = await upload(rig, 'a cat (1).png', png)
  assert.equal(file['name'], 'a cat (1).png')
  assert.equal(file['type'], 'image/png')
  assert.equal(file['bytes'], png.length)
  const url = String(file['url'])
  assert.match(url, /^\/files\/[0-9a-f]{32}\/a%20cat%20%281%29\.png$/)
  const { status, headers } = await rig.call('GET', url)
  assert.equal(status, 200)
  assert.equal(headers['content-type'], 'image/png')
  assert.match(String(headers['content-disposition']), /^inline; /)
  assert.equal(headers['x-content-type-options'], 'nosniff')
  assert.equal(headers['content-security-policy'], "default-src 'none'; sandbox")
  const { files } = await rig.must('GET', '/api/rooms/kitchen/files')
  assert.deepEqual(files, [file])
  await rig.must('DELETE', `/api/rooms/kitchen/files/${String(file['id'])}`)
  assert.equal((await rig.call('GET', url)).status, 404)
  assert.deepEqual(await readdir(join(rig.home, 'uploads')), [])
})

test('the type is told by the content; what could run is only saved', async () => {
  await using rig = await kitchen()
  const script = '<script>alert(1)</script>'
  const dangerous: [string, string | Buffer][] = [
    ['page.html', `<!doctype html><html>${script}</html>`],
    ['page.png', `<!doctype html><html>${script}</html>`],
    ['picture.svg', `<svg xmlns="http://www.w3.org/2000/svg">${script}</svg>`],
    ['picture.png', `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg">${script}</svg>`],
    ['page.xhtml', `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">${script}</html>`],
    ['a.js', 'alert(1)'],
    ['a.pdf', '%PDF-1.7\n1 0 obj <</S /JavaScript>>'],
    ['a.mhtml', 'MIME-Version: 1.0\nContent-Type: text/html\n\n<script>alert(1)</script>'],
    ['a.xml', '<?xml version="1.0"?><?xml-stylesheet href="javascript:alert(1)"?><a/>'],
  ]
  for (const [name, content] of dangerous) {
    const file = await upload(rig, name, Buffer.from(content))
    const { headers } = await rig.call('GET', String(file['url']))
    assert.equal(headers['content-type'], 'application/octet-stream', name)
    assert.match(String(headers['content-disposition']), /^attachment; /, name)
    assert.equal(headers['x-content-type-options'], 'nosniff', name)
    assert.equal(headers['content-security-policy'], "default-src 'none'; sandbox", name)
  }
})

test('a file name is never a path, a header or a hidden file', async () => {
  await using rig = await kitchen()
  const names = [
    '../../../etc/passwd',
    '..%2f..%2fetc%2fpasswd',
    '%252e%252e%252fpasswd',
    '..\\..\\windows\\system32\\cmd.exe',
    'C:\\autoexec.bat',
    '/etc/passwd',
    'nul\u0000byte.png',
    'line\r\nset-cookie: a=b',
    '"quoted"; filename=evil.html',
    '.htaccess',
    '..',
    '.',
    'CON',
    'a'.repeat(300) + '.png',
    'photo\u202Egnp.exe',
    '<img src=x onerror=alert(1)>.png',
    'ünïcödé 猫.png',
  ]
  for (const name of names) {
    const file = await upload(rig, name, png)
    const { headers, status } = await rig.call('GET', String(file['url']))
    assert.equal(status, 200, name)
    const shown = String(file['name'])
    assert.ok(!/[/\\\p{C}"<>]/u.test(shown) && !shown.startsWith('.') && shown.length <= 240, shown)
    assert.match(
      String(headers['content-disposition']),
      /^inline; filename="[\w. ()-]+"; filename\*=UTF-8''[\w.%~-]+$/,
    )
    assert.equal(headers['set-cookie'], undefined)
  }
  for (const stored of await readdir(join(rig.home, 'uploads'))) assert.match(stored, /^[0-9a-f]{32}$/)
  for (const path of ['/files/../state.db', '/files/%2e%2e/state.db', '/files/..%2fstate.db/x', '/files/x']) {
    assert.equal((await rig.call('GET', path)).status, 404, path)
  }
})

test('a name is made safe and keeps its ending', () => {
  assert.equal(safeName('a/b\\c.txt'), 'c.txt')
  assert.equal(safeName('  .hidden '), 'hidden')
  assert.equal(safeName('\u0000\u0001'), 'file')
  assert.equal(safeName('x'.repeat(200) + '.jpeg'), 'x'.repeat(115) + '.jpeg')
})

test('a player gets the part that it asks for', async () => {
  await using rig = await kitchen()
  const file = await upload(rig, 'a.bin', Buffer.from('0123456789'))
  const url = String(file['url'])
  const part = async (range: string): Promise<Answer> => await rig.call('GET', url, { headers: { range } })
  const middle = await part('bytes=2-4')
  assert.deepEqual(
    [middle.status, middle.text, middle.headers['content-range'], middle.headers['content-length']],
    [206, '234', 'bytes 2-4/10', '3'],
  )
  assert.deepEqual([(await part('bytes=7-')).text, (await part('bytes=-3')).text], ['789', '789'])
  assert.equal((await part('bytes=0-99')).headers['content-range'], 'bytes 0-9/10')
  for (const odd of ['bytes=4-2', 'bytes=0-1,3-4', 'lines=1-2', 'bytes=-']) {
    assert.equal((await part(odd)).status, 200, odd)
  }
  const none = await part('bytes=10-')
  assert.deepEqual([none.status, none.headers['content-range']], [416, 'bytes */10'])
  const empty = await upload(rig, 'empty', Buffer.alloc(0))
  assert.equal((await rig.call('GET', String(empty['url']), { headers: { range: 'bytes=0-' } })).status, 416)
  assert.equal((await rig.call('GET', String(empty['url']))).status, 200)
})

test('a file that is too large is refused, announced or not, and leaves nothing', async () => {
  await using rig = await kitchen({ upload: 1000 })
  const announced = await rig.call('POST', `${files}?name=a`, { body: Buffer.alloc(1001) })
  assert.deepEqual([announced.status, announced.json['code']], [413, 'too_large'])
  const { hostname, port } = new URL(rig.backend.address)
  const socket = connect(Number(port), hostname).setEncoding('utf8')
  socket.write(
    `POST ${files}?name=a HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/octet-stream\r\n` +
      `transfer-encoding: chunked\r\n\r\n`,
  )
  for (let n = 0; n < 20; n++) socket.write(`64\r\n${'x'.repeat(100)}\r\n`)
  const [answer] = (await once(socket, 'data')) as [string]
  assert.match(answer, /^HTTP\/1\.1 413 /)
  socket.destroy()
  assert.deepEqual(await readdir(join(rig.home, 'uploads')), [])
  await upload(rig, 'fits', Buffer.alloc(1000))
})

test('an upload that breaks off leaves nothing', async () => {
  await using rig = await kitchen()
  const { hostname, port } = new URL(rig.backend.address)
  const socket = connect(Number(port), hostname)
  socket.write(
    `POST ${files}?name=a HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/octet-stream\r\n` +
      `content-length: 1000000\r\n\r\n${'x'.repeat(100_000)}`,
  )
  const folder = join(rig.home, 'uploads')
  while ((await readdir(folder)).length === 0) await new Promise(setImmediate)
  socket.destroy()
  while ((await readdir(folder)).length > 0) await new Promise(setImmediate)
  assert.deepEqual((await rig.must('GET', files))['files'], [])
})

test('the files of a room go with it', async () => {
  await using rig = await kitchen()
  const file = await upload(rig, 'a.png', png)
  await rig.must('DELETE', '/api/rooms/kitchen')
  assert.equal((await rig.call('GET', String(file['url']))).status, 404)
  assert.deepEqual(await readdir(join(rig.home, 'uploads')), [])
})

test('a start takes away half uploads, and never a whole one, even without state.db', async () => {
  await using rig = await kitchen()
  const { id } = await upload(rig, 'a.png', png)
  await rig.backend.close(AbortSignal.timeout(1000))
  await rm(join(rig.home, 'state.db'))
  await writeFile(join(rig.home, 'uploads', `.${'0'.repeat(32)}`), 'half')
  await using again = await apiRig({ home: rig.home })
  assert.deepEqual(await readdir(join(again.home, 'uploads')), [id])
})

test('a room may be renamed while a file comes in; one that goes meanwhile takes none', async () => {
  await using rig = await kitchen()
  const renamed = slowUpload(rig, files)
  await renamed.begun()
  await rig.must('PATCH', '/api/rooms/kitchen', { body: { id: 'cellar' } })
  assert.match(await renamed.finish(), /^HTTP\/1\.1 201 /)
  const listed = await rig.must('GET', '/api/rooms/cellar/files')
  assert.equal((listed['files'] as unknown[]).length, 1)
  const removed = slowUpload(rig, '/api/rooms/cellar/files')
  await removed.begun()
  await rig.must('DELETE', '/api/rooms/cellar')
  await rig.must('POST', '/api/rooms', { body: { id: 'cellar', agents: [] } })
  assert.match(await removed.finish(), /^HTTP\/1\.1 404 [^]*no_such_room/)
  assert.deepEqual((await rig.must('GET', '/api/rooms/cellar/files'))['files'], [])
  assert.deepEqual(await readdir(join(rig.home, 'uploads')), [])
})

test('who is no admin may send so many bytes in all, announced or not', async () => {
  await using rig = await apiRig({ accounts: true, limits: { uploadsPerUser: 1000 } })
  const admin = await firstAdmin(rig)
  const alice = await newUser(rig, admin, 'alice')
  const post = async (bytes: number, headers: Credentials): Promise<Answer> =>
    await rig.call('POST', `${files}?name=a`, { body: Buffer.alloc(bytes), headers })
  await rig.must('POST', '/api/rooms', { body: { id: 'kitchen', agents: [] }, headers: admin })
  assert.equal((await post(600, alice)).status, 201)
  const refused = await post(600, alice)
  assert.deepEqual([refused.status, refused.json['code']], [409, 'too_many_files'])
  const slow = slowUpload(rig, files, alice)
  await slow.begun()
  assert.match(await slow.finish('x'.repeat(600)), /^HTTP\/1\.1 409 /)
  assert.equal((await post(400, alice)).status, 201)
  assert.equal((await post(2000, admin)).status, 201)
  assert.equal((await readdir(join(rig.home, 'uploads'))).length, 3)
})

test('uploads are nobody else’s to read on the disk', async () => {
  await using rig = await kitchen()
  await upload(rig, 'a.png', png)
  const folder = join(rig.home, 'uploads')
  assert.equal((await stat(folder)).mode & 0o777, 0o700)
  for (const name of await readdir(folder)) assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600)
})

const files = '/api/rooms/kitchen/files'

async function kitchen(limits = {}): Promise<ApiRig> {
  const rig = await apiRig({ limits })
  await rig.must('POST', '/api/rooms', { body: { id: 'kitchen', agents: [] } })
  return rig
}

async function upload(rig: ApiRig, name: string, body: Buffer): Promise<Record<string, unknown>> {
  return await rig.must('POST', `${files}?name=${encodeURIComponent(name)}`, { body })
}

/** A file whose end comes when the test says so. */
function slowUpload(rig: ApiRig, path: string, headers: Credentials = {}) {
  const { hostname, port } = new URL(rig.backend.address)
  const socket = connect(Number(port), hostname).setEncoding('utf8')
  const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(
    `POST ${path}?name=a HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/octet-stream\r\n` +
      `transfer-encoding: chunked\r\n${more.join('')}\r\n1\r\nx\r\n`,
  )
  return {
    begun: async (): Promise<void> => {
      const isHalf = (name: string): boolean => name.startsWith('.')
      while (!(await readdir(join(rig.home, 'uploads'))).some(isHalf)) await new Promise(setImmediate)
    },
    finish: async (rest = 'x'): Promise<string> => {
      socket.write(`${rest.length.toString(16)}\r\n${rest}\r\n0\r\n\r\n`)
      const [answer] = (await once(socket, 'data')) as [string]
      socket.destroy()
      return answer
    },
  }
}
