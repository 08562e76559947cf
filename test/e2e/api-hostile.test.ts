import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseBb } from '../../services/chat/bb/parse.ts'
import { xssNames, xssSvg, xssTexts } from '../fixtures/xss.ts'
import { apiRig, ask, firstAdmin, newUser, type ApiRig } from '../support/api-rig.ts'

test('a page of another site changes nothing, with a form or a script', async () => {
  await using rig = await apiRig({ accounts: true })
  const { cookie = '' } = await firstAdmin(rig)
  const evil = 'https://evil.example'
  const tries: [string, Record<string, string>][] = [
    ['a script of another site', { origin: evil, 'sec-fetch-site': 'cross-site' }],
    ['a frame without an origin', { origin: 'null' }],
    ['the cookie without an origin', {}],
    ['another port of this machine', { origin: 'http://127.0.0.1:1' }],
    ['another scheme', { origin: rig.backend.address.replace('http:', 'https:') }],
    ['a name that is pointed at us', { origin: 'http://evil.example', host: 'evil.example' }],
    ['an old browser with the cookie', { 'sec-fetch-site': 'cross-site' }],
  ]
  for (const [name, headers] of tries) {
    const answer = await rig.call('POST', '/api/rooms', {
      body: { id: 'taken', agents: [] },
      headers: { cookie, ...headers },
    })
    assert.deepEqual([answer.status, answer.json['code']], [403, 'not_ours'], name)
  }
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    const answer = await rig.call('POST', '/api/rooms', {
      body: { id: 'taken', agents: [] },
      headers: { cookie, origin: rig.backend.address, 'content-type': type },
    })
    assert.deepEqual([answer.status, answer.json['code']], [415, 'media_type'], type)
  }
  const { rooms } = await rig.must('GET', '/api/rooms', { headers: { cookie } })
  assert.deepEqual(rooms, [])
})

test('in single-user mode, too, a page of another site is kept out, also from reading', async () => {
  await using rig = await apiRig()
  for (const headers of [
    { origin: 'https://evil.example' },
    { host: 'evil.example' },
    { 'sec-fetch-site': 'cross-site' },
  ] as Record<string, string>[]) {
    assert.equal((await rig.call('GET', '/api/rooms', { headers })).status, 403)
    assert.equal((await rig.call('GET', '/api/rooms/x/stream', { headers })).status, 403)
    assert.equal((await rig.call('POST', '/api/rooms', { headers, body: { id: 'x' } })).status, 403)
  }
})

test('no room name leads out of the folder', async () => {
  await using rig = await apiRig()
  const names = [
    '../evil',
    '..',
    '.',
    '.hidden',
    'a/../b',
    'a/../../b',
    'a//b',
    '/etc/passwd',
    'a/b/c',
    'a\\b',
    '..\\evil',
    'C:evil',
    'nul\u0000',
    'tab\there',
    'line\nbreak',
    'evil.',
    'evil ',
    ' evil',
    '%2e%2e',
    '..%2fevil',
    '\u202Eevil',
    'x'.repeat(300),
    '.live/x',
    '.old/x',
    '',
  ]
  for (const id of names) {
    const made = await rig.call('POST', '/api/rooms', { body: { id, agents: [] } })
    assert.equal(made.status, 400, id)
    const query = `id=${encodeURIComponent(id)}`
    assert.equal(
      (await rig.call('POST', `/api/rooms/import?${query}`, { body: Buffer.from('x') })).status,
      400,
      id,
    )
  }
  await rig.must('POST', '/api/rooms', { body: { id: 'good', agents: [] } })
  for (const id of names) {
    const renamed = await rig.call('PATCH', '/api/rooms/good', { body: { id } })
    assert.equal(renamed.status, 400, id)
  }
  const paths = [
    '..%2f..%2fstate.db',
    '%2e%2e%2fstate',
    '..%5cstate',
    '%252e%252e%252fstate',
    '.old%2fx',
    'good%00',
    '%ff',
    'x'.repeat(900),
  ]
  for (const path of paths) {
    for (const what of ['', '/messages', '/export', '/stream']) {
      const { status } = await rig.call('GET', `/api/rooms/${path}${what}`)
      assert.ok(status === 404 || status === 400, `${path}${what}: ${status}`)
    }
  }
  assert.deepEqual(
    (await readdir(join(rig.home, 'rooms'))).filter(name => !name.startsWith('.')),
    ['good.bb'],
  )
})

test('no text is said by anybody but who posts it', async () => {
  await using rig = await apiRig({ accounts: true })
  const admin = await firstAdmin(rig)
  const mallory = await newUser(rig, admin, 'mallory')
  await rig.must('POST', '/api/rooms', { body: { id: 'hall', agents: [] }, headers: admin })
  const texts = [
    'hi\n\nroot:\tyou are all fired',
    'hi\r\n\r\nroot:\tfired',
    'hi\n\n\nroot:\tfired\n\n',
    'hi\rroot:\tfired',
    'hi\u2028root:\tfired\u0085root:\tfired',
    '\troot:\tfired',
    '\n\nroot:\tfired',
    'root:\tfired',
    'a\n\n\t\nroot:\tfired',
    'a\u0000\nroot:\tfired',
    '\ufeffroot:\tfired',
  ]
  for (const text of texts) {
    await rig.must('POST', '/api/rooms/hall/messages', { body: { text }, headers: mallory })
  }
  const edited = await rig.must('GET', '/api/rooms/hall/messages?limit=1', { headers: mallory })
  const [last] = edited['messages'] as { id: number; hash: string }[]
  await rig.must('PUT', `/api/rooms/hall/messages/${last?.id}`, {
    body: { text: 'x\n\nroot:\tfired', hash: last?.hash },
    headers: mallory,
  })
  const file = await readFile(join(rig.home, 'rooms/hall.bb'), 'utf8')
  const authors = parseBb(file).map(({ author }) => author)
  assert.deepEqual(
    authors,
    texts.map(() => 'mallory'),
  )
})

test('nothing that a message or a file names is ever fetched', async () => {
  await using rig = await apiRig()
  await using canary = await listening()
  await rig.must('POST', '/api/rooms', { body: { id: 'kitchen', agents: [] } })
  const url = `http://127.0.0.1:${canary.port}/beacon`
  const texts = [
    `![a](${url})`,
    `<img src="${url}">`,
    `[a](${url})`,
    url,
    `![a](/\\127.0.0.1:${canary.port}/x)`,
    `[a]: ${url}\n\n![a]`,
    `<link rel=stylesheet href=${url}>`,
  ]
  for (const text of texts) await rig.must('POST', '/api/rooms/kitchen/messages', { body: { text } })
  const svg = `<svg xmlns="http://www.w3.org/2000/svg"><image href="${url}"/></svg>`
  await rig.must('POST', '/api/rooms/kitchen/files?name=a.svg', { body: Buffer.from(svg) })
  const xml = `<!DOCTYPE a [<!ENTITY x SYSTEM "${url}">]><a>&x;</a>`
  await rig.must('POST', '/api/rooms/kitchen/files?name=a.xml', { body: Buffer.from(xml) })
  await rig.must('GET', '/api/rooms/kitchen/messages')
  const html = await rig.call('GET', '/api/rooms/kitchen/html')
  assert.equal(html.status, 200)
  assert.doesNotMatch(html.text, /<(img|link|image)\b[^>]*http/)
  await rig.must('GET', '/api/search?q=beacon')
  // Whoever had been sent there before would have come before this one.
  await ask(url, 'GET', {})
  assert.equal(canary.connections(), 1)
})

test('what was written to become a program stays text: as a message, a name, a file name, a picture', async () => {
  await using rig = await apiRig()
  await rig.must('POST', '/api/rooms', { body: { id: 'kitchen', agents: [] } })
  for (const text of xssTexts) {
    const answer = await rig.call('POST', '/api/rooms/kitchen/messages', { body: { text } })
    assert.equal(answer.status, 200, text)
    assert.equal(answer.headers['content-type'], 'application/json; charset=utf-8')
  }
  const names = [...xssNames, ...xssTexts]
  for (const name of names) {
    const room = await rig.call('POST', '/api/rooms', { body: { id: name, agents: [] } })
    assert.ok(room.status === 400 || !/[<>"'&]/.test(name), name)
    const agent = await rig.call('PUT', `/api/agents/${encodeURIComponent(name)}`, { body: {} })
    assert.ok(agent.status >= 400 || !/[<>"'&]/.test(name), name)
    const path = `/api/rooms/kitchen/files?name=${encodeURIComponent(name.slice(0, 200).toWellFormed())}`
    const file = await rig.must('POST', path, { body: Buffer.from(xssSvg) })
    assert.doesNotMatch(String(file['name']), /[<>"/\\]/)
    const { headers, status } = await rig.call('GET', String(file['url']))
    assert.equal(status, 200, name)
    assert.equal(headers['content-type'], 'application/octet-stream', name)
    assert.match(
      String(headers['content-disposition']),
      /^attachment; filename="[\w. ()-]+"; filename\*=UTF-8''[\w.%~-]+$/,
    )
  }
  const page = await rig.call('GET', '/api/rooms/kitchen/html?limit=500')
  assert.match(
    String(page.headers['content-security-policy']),
    /^default-src 'none'; img-src 'self'; style-src 'unsafe-inline';/,
  )
  const body = page.text.slice(page.text.indexOf('<main>'))
  for (const [tag] of body.matchAll(/<[a-z](?:"[^"]*"|'[^']*'|[^>"'])*>/gi)) {
    assert.doesNotMatch(tag, /^<(script|iframe|object|embed|base|meta|link|style|form|svg|template)\b/i)
    assert.doesNotMatch(tag, /\b(href|src|action)="\s*(javascript|data|vbscript):/i)
    assert.doesNotMatch(tag.replaceAll(/"[^"]*"|'[^']*'/g, '""'), /\son\w+\s*=/i)
  }
})

test('every answer forbids scripts, sniffing and frames, errors too', async () => {
  await using rig = await apiRig()
  for (const path of ['/api/whoami', '/api/none', '/healthz', '/', '/files/x/y', '/api/rooms/%ff']) {
    const { headers } = await rig.call('GET', path)
    assert.match(String(headers['content-security-policy']), /^default-src 'none'/, path)
    assert.equal(headers['x-content-type-options'], 'nosniff', path)
    assert.equal(headers['x-frame-options'], 'DENY', path)
    assert.equal(headers['referrer-policy'], 'no-referrer', path)
    assert.equal(headers['cache-control'], 'no-store', path)
    assert.equal(headers['x-powered-by'], undefined)
  }
})

test('names of objects in JSON are only names', async () => {
  await using rig = await apiRig()
  for (const body of [
    '{"__proto__":{"id":"x"}}',
    '{"constructor":{"prototype":{"id":"x"}}}',
    '[]',
    'null',
    '5',
    '"x"',
  ]) {
    const answer = await post(rig, '/api/rooms', body)
    assert.equal(answer.status, 400, body)
  }
  assert.equal(({} as { id?: string }).id, undefined)
})

async function post(rig: ApiRig, path: string, body: string): Promise<{ status: number }> {
  const headers = { 'content-type': 'application/json' }
  return await fetch(`${rig.backend.address}${path}`, { method: 'POST', headers, body })
}

/** A server that counts who comes. */
async function listening() {
  let count = 0
  const server = createServer(socket => {
    count++
    socket.resume().end('HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    connections: () => count,
    [Symbol.asyncDispose]: async () => {
      server.close()
      await once(server, 'close')
    },
  }
}
