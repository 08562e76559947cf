import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ProblemError } from '../lib/problem.ts'
import { tempDir } from '../test/support/temp.ts'
import { accessTo } from './access.ts'

const file = 'https://huggingface.co/o/r/resolve/main/x.gguf'
const bearer = { authorization: 'Bearer hf_a' }
const home = { HOME: '/nowhere' }

test('a token goes to the hub over https and to nobody else', () => {
  const env = { ...home, HF_TOKEN: 'hf_a' }
  assert.deepEqual(accessTo(file, env), { url: file, headers: bearer, hub: true })
  assert.deepEqual(accessTo('https://hf.co/o/r', env).headers, bearer)
  for (const url of [
    'http://huggingface.co/o/r',
    'https://huggingface.co.example.com/o',
    'https://huggingface.co:8443/o',
    'https://cdn-lfs.huggingface.co/o',
    'https://example.com/huggingface.co',
  ])
    assert.deepEqual(accessTo(url, env).headers, {}, url)
})

test('HF_ENDPOINT stands for the hub and gets the token; a mirror does not', () => {
  const env = { ...home, HF_TOKEN: 'hf_a', HF_ENDPOINT: 'https://hub.example.com/hf/' }
  assert.deepEqual(accessTo(file, env), {
    url: 'https://hub.example.com/hf/o/r/resolve/main/x.gguf',
    headers: bearer,
    hub: true,
  })
  const mirrored = accessTo(`${file}?download=true`, {
    ...env,
    COURANTE_MIRROR: 'https://mirror.example.com',
  })
  assert.deepEqual(mirrored, {
    url: 'https://mirror.example.com/o/r/resolve/main/x.gguf?download=true',
    headers: {},
    hub: false,
  })
})

test('mirrors of several hosts', () => {
  const env = {
    ...home,
    COURANTE_MIRROR: 'github.com=https://a.example/gh, huggingface.co=https://b.example',
  }
  assert.equal(accessTo('https://github.com/o/r/releases/x', env).url, 'https://a.example/gh/o/r/releases/x')
  assert.equal(accessTo(file, env).url, 'https://b.example/o/r/resolve/main/x.gguf')
  assert.equal(accessTo('https://other.example/x', env).url, 'https://other.example/x')
  assert.throws(() => accessTo(file, { ...home, COURANTE_MIRROR: 'nonsense' }), ProblemError)
})

test("the token is read where the hub's own programs keep it, and a broken one is none", async () => {
  await using folder = await tempDir()
  const at = (...names: string[]): string => join(folder.path, ...names)
  mkdirSync(at('.cache/huggingface'), { recursive: true })
  writeFileSync(at('.cache/huggingface/token'), 'hf_a\n')
  writeFileSync(at('own'), 'hf_own')
  const env = { HOME: folder.path }
  assert.deepEqual(accessTo(file, env).headers, bearer)
  assert.deepEqual(accessTo(file, { ...home, XDG_CACHE_HOME: at('.cache') }).headers, bearer)
  assert.deepEqual(accessTo(file, { ...home, HF_HOME: at('.cache/huggingface') }).headers, bearer)
  assert.deepEqual(accessTo(file, { ...env, HF_TOKEN_PATH: at('own') }).headers, {
    authorization: 'Bearer hf_own',
  })
  assert.deepEqual(accessTo(file, { ...env, HUGGING_FACE_HUB_TOKEN: 'hf_b' }).headers, {
    authorization: 'Bearer hf_b',
  })
  assert.deepEqual(accessTo(file, { ...env, HF_TOKEN: 'two\nlines' }).headers, {})
})

test('a name and a password of an address become a header, before the token of the hub', () => {
  const login = { authorization: `Basic ${Buffer.from('me:a@b').toString('base64')}` }
  const env = { ...home, HF_TOKEN: 'hf_a' }
  assert.deepEqual(accessTo('https://me:a%40b@example.com/x', env), {
    url: 'https://example.com/x',
    headers: login,
    hub: false,
  })
  for (const name of ['COURANTE_MIRROR', 'HF_ENDPOINT']) {
    const { url, headers } = accessTo(file, { ...env, [name]: 'https://me:a%40b@m.example/hf' })
    assert.deepEqual([url, headers], ['https://m.example/hf/o/r/resolve/main/x.gguf', login])
  }
  assert.equal(accessTo('https://%:x@example.com/', home).url, 'https://example.com/')
})

test('offline only loopback is left', () => {
  const env = { ...home, OFFLINE: '1' }
  for (const host of ['127.0.0.1:1', '127.9.9.9', '[::1]:80', 'localhost:3000', '127.1', '0x7f000001'])
    assert.ok(accessTo(`http://${host}/x`, env).url)
  for (const host of [
    'huggingface.co',
    '10.0.0.1',
    'localhost.example.com',
    '127.0.0.1.example.com',
    '[::2]',
    '0.0.0.0',
  ])
    assert.throws(() => accessTo(`http://${host}/x`, env), /was not asked, because OFFLINE/)
})
