import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempDir } from '../test/support/temp.ts'
import { npmLogin } from './npm-login.ts'
import { locate } from './registry.ts'

test('the login of a registry is found as npm finds it, and given to nobody else', async () => {
  await using folder = await tempDir()
  const project = join(folder.path, 'project')
  const user = join(folder.path, 'user')
  await mkdir(project)
  await mkdir(user)
  await writeFile(
    join(project, '.npmrc'),
    'registry=https://npm.example.com/main/\n//npm.example.com/main/:_authToken=${TOKEN}\n# //a.example/:_authToken=no\n',
  )
  await writeFile(
    join(user, '.npmrc'),
    [
      '//npm.example.com/:_authToken="of-the-user"',
      '//npm.example.com/main/:_authToken=not-this',
      '//basic.example.com/:_auth = bmFtZTpzZWNyZXQ=',
      '//old.example.com:8443/:username=ann',
      '//old.example.com:8443/:_password=c2VjcmV0',
      '//broken.example.com/:_authToken=a b',
    ].join('\n'),
  )
  const login = (url: string, more = {}): string | undefined =>
    npmLogin(url, { HOME: user, TOKEN: 'abc', ...more }, project)['authorization']
  assert.equal(login('https://npm.example.com/main/pkg/-/pkg-1.0.0.tgz'), 'Bearer abc')
  assert.equal(login('https://npm.example.com/other/pkg.tgz'), 'Bearer of-the-user')
  assert.equal(login('https://basic.example.com/x.tgz'), 'Basic bmFtZTpzZWNyZXQ=')
  assert.equal(login('https://old.example.com:8443/x.tgz'), `Basic ${btoa('ann:secret')}`)
  for (const url of [
    'https://old.example.com/x.tgz',
    'https://example.com/x.tgz',
    'https://npm.example.com.evil.example/main/x.tgz',
    'https://a.example/x.tgz',
    'https://broken.example.com/x.tgz',
  ])
    assert.equal(login(url), undefined, url)
  const set = { 'npm_config_//npm.example.com/:_authToken': 'set' }
  assert.equal(login('https://npm.example.com/x.tgz', set), 'Bearer set')
  const elsewhere = { npm_config_userconfig: join(folder.path, 'none') }
  assert.equal(login('https://basic.example.com/x.tgz', elsewhere), undefined)
})

test('a package of a registry that wants a login is located, with the header for its tarball', async () => {
  await using folder = await tempDir()
  const server = createServer((request, response) => {
    if (request.headers.authorization !== 'Bearer s3cret') return response.writeHead(401).end('{}')
    const dist = { tarball: `${url}/tiny/-/tiny-1.0.0.tgz` }
    const versions = { '1.0.0': { name: 'tiny', version: '1.0.0', dist } }
    return response.end(JSON.stringify({ name: 'tiny', 'dist-tags': { latest: '1.0.0' }, versions }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  try {
    await writeFile(join(folder.path, '.npmrc'), `registry=${url}\n//127.0.0.1:${port}/:_authToken=s3cret\n`)
    await writeFile(join(folder.path, 'package.json'), '{}')
    const { signal } = new AbortController()
    // Offline, a registry of this machine is still asked; and no proxy, which may lie elsewhere.
    const proxy = { https_proxy: 'http://127.0.0.1:1', http_proxy: 'http://127.0.0.1:1' }
    for (const more of [{}, { OFFLINE: '1', ...proxy }]) {
      const env = { PATH: process.env['PATH'], HOME: folder.path, npm_config_cache: folder.path, ...more }
      const located = await locate({ npm: 'tiny', version: '1.0.0' }, { env, cwd: folder.path, signal })
      assert.deepEqual(located, {
        url: `${url}/tiny/-/tiny-1.0.0.tgz`,
        headers: { authorization: 'Bearer s3cret' },
      })
    }
    const env = { PATH: process.env['PATH'], HOME: folder.path, OFFLINE: '1' }
    const scoped = { npm: '@scope/tiny', version: '1.0.0' }
    await writeFile(join(folder.path, '.npmrc'), '@scope:registry=https://npm.example.com\n')
    await assert.rejects(locate(scoped, { env, cwd: folder.path, signal }), /npm\.example\.com was not asked/)
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
