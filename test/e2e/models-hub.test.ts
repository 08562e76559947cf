import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { copyFile, mkdir, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { modelsOf, parseHubRef } from '../../models/hub.ts'
import { readLock } from '../../models/lock-file.ts'
import { Machine } from '../support/models-machine.ts'
import { root } from '../support/our-stack.ts'

const starter = join(root, 'models/starter/starter.gguf')
const commit = '0123456789abcdef0123456789abcdef01234567'
const hashOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** A machine whose Hugging Face is a server of the test's, with these files in the repository org/name. */
async function withHub(pc: Machine, files: Map<string, Buffer>, more: Record<string, string> = {}) {
  const asked: { path: string; token: string | undefined }[] = []
  const url = await pc.web((request, response) => {
    const path = decodeURIComponent(request.url ?? '')
    asked.push({ path, token: request.headers.authorization })
    if (path === '/api/models/org/closed?blobs=true') return response.writeHead(401).end()
    if (
      path === '/api/models/org/name?blobs=true' ||
      path === `/api/models/org/name/revision/v1?blobs=true`
    ) {
      const siblings = [...files].map(([rfilename, bytes]) => {
        const isBig = rfilename.endsWith('.gguf')
        const lfs = isBig ? { lfs: { sha256: hashOf(bytes), size: bytes.length } } : {}
        return { rfilename, size: bytes.length, ...lfs }
      })
      return response.end(JSON.stringify({ sha: commit, cardData: { license: 'apache-2.0' }, siblings }))
    }
    const bytes = files.get(path.replace(`/org/name/resolve/${commit}/`, ''))
    if (bytes === undefined) return response.writeHead(404).end()
    response.setHeader('content-length', bytes.length)
    return response.end(request.method === 'HEAD' ? undefined : bytes)
  })
  Object.defineProperty(pc, 'env', { value: { ...pc.env, HF_ENDPOINT: url, ...more } })
  return { url, asked }
}

test('a repository is written in several ways', () => {
  const [repo, none] = ['org/Some.Model-GGUF', { revision: undefined, which: undefined }]
  for (const [text, ref] of [
    ['hf:org/Some.Model-GGUF', { repo, ...none }],
    ['hf.co/org/Some.Model-GGUF:Q4_K_M', { repo, revision: undefined, which: 'Q4_K_M' }],
    ['https://huggingface.co/org/Some.Model-GGUF', { repo, ...none }],
    ['https://huggingface.co/org/Some.Model-GGUF/tree/main', { repo, revision: 'main', which: undefined }],
    ['https://huggingface.co/org/Some.Model-GGUF?library=x', { repo, ...none }],
    ['http://mirror.example:8080/org/Some.Model-GGUF', { repo, ...none }],
    ['hf:org/repo:sub/x-Q8_0.gguf', { repo: 'org/repo', revision: undefined, which: 'sub/x-Q8_0.gguf' }],
  ] as const)
    assert.deepEqual(parseHubRef(text, { HF_ENDPOINT: 'http://mirror.example:8080' }), ref, text)
  for (const text of [
    'org/name',
    'hf:org',
    'hf:a/b/c',
    'https://example.com/org/name',
    './hf.co',
    'hf:../x',
    'hf:a/..',
  ])
    assert.equal(parseHubRef(text, {}), undefined, text)
})

test('a quantisation is found by its name and by a whole word only', () => {
  const models = [
    'M-Q4_K_M.gguf',
    'M-UD-Q4_K_M.gguf',
    'M-IQ4_K_M.gguf',
    'Q8_0/M-Q8_0-00001-of-00002.gguf',
  ].map(path => ({ path, bytes: 1, parts: [] }))
  const found = (which: string): string[] =>
    modelsOf({ licence: undefined, models }, which).map(({ path }) => path)
  assert.deepEqual(found('q4_k_m'), ['M-Q4_K_M.gguf', 'M-UD-Q4_K_M.gguf'])
  assert.deepEqual(found('Q8_0'), ['Q8_0/M-Q8_0-00001-of-00002.gguf'])
  assert.deepEqual(found('M-Q4_K_M.gguf'), ['M-Q4_K_M.gguf'])
  assert.deepEqual(found('(.*)'), [])
})

test('of a repository one model is taken: the only one, the one that is named, or none and the list of them', async () => {
  await using pc = await Machine.make()
  const [gguf, other] = [await readFile(starter), Buffer.alloc(1000, 7)]
  const files = new Map([
    ['README.md', Buffer.from('# M')],
    ['M-Q8_0.gguf', gguf],
    ['mmproj-M-F16.gguf', other],
    ['big/M-F16-00001-of-00002.gguf', gguf],
    ['big/M-F16-00002-of-00002.gguf', other],
    ['broken-00001-of-00002.gguf', other],
  ])
  const { url, asked } = await withHub(pc, files, { HF_TOKEN: 'hf_secret' })
  const list = await pc.ask('add', 'hf:org/name')
  assert.equal(list.exitCode, 2)
  assert.match(
    list.stderr,
    /several GGUF models:\n {2}M-Q8_0\.gguf +3 MB *\n {2}big\/M-F16-00001.* in 2 parts/,
  )
  assert.doesNotMatch(list.stderr, /mmproj|broken/)
  assert.match(
    (await pc.ask('add', 'hf:org/name:Q2_K')).stderr,
    /no GGUF model "Q2_K", and these:\n {2}M-Q8_0/,
  )
  assert.match((await pc.ask('add', 'hf:org/none')).stderr, /org\/none is not there \(404\)/)
  assert.match(
    (await pc.ask('add', 'hf:org/closed')).stderr,
    /does not give .* to everybody \(401\)[^]*HF_TOKEN/,
  )

  const one = await pc.ask('add', `${url}/org/name:Q8_0`, '--yes')
  assert.match(one.stdout, /^m-q8_0 is added/m, one.stderr)
  const from = `https://huggingface.co/org/name/resolve/${commit}/M-Q8_0.gguf`
  const [own] = (await pc.own()).models
  assert.deepEqual(own, {
    id: 'm-q8_0',
    kind: 'llm',
    path: pc.at('models/m-q8_0/M-Q8_0.gguf'),
    from,
    sha256: hashOf(gguf),
    licence: 'apache-2.0',
  })
  const recorded = readLock(pc.at('models')).models['m-q8_0']?.downloads[0]
  assert.deepEqual(
    [recorded?.from, recorded?.trust, recorded?.digest],
    [from, 'hub', `sha256-${hashOf(gguf)}`],
  )

  const parts = await pc.ask('add', 'hf:org/name/tree/v1:F16', '--yes')
  assert.match(parts.stdout, /^m-f16 is added/m, parts.stderr)
  assert.deepEqual((await readdir(pc.at('models/m-f16'))).sort(), [
    'M-F16-00001-of-00002.gguf',
    'M-F16-00002-of-00002.gguf',
  ])
  assert.ok(asked.every(({ token }) => token === 'Bearer hf_secret'))
  assert.doesNotMatch(parts.stdout + parts.stderr + one.stdout + list.stderr, /hf_secret/)

  // Removed by hand from models.yaml and added again, it is not downloaded again.
  await rm(pc.at('home/models.yaml'))
  const before = asked.length
  assert.equal((await pc.ask('add', 'hf:org/name:F16')).exitCode, 0)
  assert.deepEqual(
    asked.slice(before).map(({ path }) => path),
    ['/api/models/org/name?blobs=true'],
  )
  assert.equal((await pc.ask('rm', 'm-f16', '--yes')).exitCode, 0)
  assert.equal(readLock(pc.at('models')).models['m-f16'], undefined)
  assert.ok(!(await readdir(pc.at('models'))).includes('m-f16'))
})

test('what the hub sends now has to be what it sent first, until the model is removed', async () => {
  await using pc = await Machine.make()
  const gguf = await readFile(starter)
  const files = new Map([['M.gguf', gguf]])
  await withHub(pc, files)
  assert.equal((await pc.ask('add', 'hf:org/name', '--yes')).exitCode, 0)
  await rm(pc.at('home/models.yaml'))
  await rm(pc.at('models/m'), { recursive: true })
  files.set('M.gguf', Buffer.concat([gguf, Buffer.alloc(8)]))
  const changed = await pc.ask('add', 'hf:org/name', '--yes')
  assert.equal(changed.exitCode, 1)
  assert.match(changed.stderr, /has changed since it was first downloaded[^]*courante models rm m /)
  assert.ok(!(await readdir(pc.at('models'))).includes('m'))
  assert.match((await pc.ask('rm', 'm')).stdout, /what was remembered of it is removed/)
  assert.equal((await pc.ask('add', 'hf:org/name', '--yes')).exitCode, 0)
})

test('offline, nothing but this machine is asked, and that is said', async () => {
  await using pc = await Machine.make()
  const { asked } = await withHub(pc, new Map(), { HF_ENDPOINT: '', HTTPS_PROXY: '' })
  for (const words of [
    ['add', 'hf:org/name', '--offline'],
    ['add', 'https://huggingface.co/org/name/resolve/main/x.gguf', '--offline'],
    ['pull', 'qwen3-0.6b', '--offline', '--yes'],
  ]) {
    const { exitCode, stderr } = await pc.ask(...words)
    assert.equal(exitCode, 1, stderr)
    assert.match(stderr, /huggingface\.co was not asked, because OFFLINE is set/)
  }
  assert.deepEqual(asked, [])
})

test('a mirror stands for the hub, and gets no token', async () => {
  await using pc = await Machine.make()
  const { url, asked } = await withHub(pc, new Map([['M.gguf', await readFile(starter)]]), {
    HF_ENDPOINT: '',
    HF_TOKEN: 'hf_secret',
  })
  const added = await pc.ask('add', 'hf:org/name', '--mirror', url, '--yes')
  assert.equal(added.exitCode, 0, added.stderr)
  assert.ok(asked.length > 1 && asked.every(({ token }) => token === undefined))
})

test('verify reads every byte, tells each model, and ends with 1 if one is damaged', async () => {
  await using pc = await Machine.make()
  const file = pc.at('models/silero-vad/silero_vad_v5.onnx')
  await mkdir(pc.at('models/silero-vad'))
  await copyFile(join(root, 'models/files/silero-vad/silero_vad_v5.onnx'), file)
  await withHub(pc, new Map([['M.gguf', await readFile(starter)]]))
  await pc.ask('add', 'hf:org/name', '--yes')
  await copyFile(starter, pc.at('user/own.gguf'))
  await pc.ask('add', pc.at('user/own.gguf'))
  const well = await pc.ask('verify')
  assert.equal(well.exitCode, 0, well.stderr)
  for (const line of [
    'starter: as it came',
    'silero-vad: as it came',
    'm: as it came',
    'own: not checked, since',
  ])
    assert.ok(well.stdout.includes(line), well.stdout)
  // Copied there by hand, it is known from now on.
  assert.equal(readLock(pc.at('models')).models['silero-vad']?.downloads[0]?.trust, 'catalog')

  const times = new Date()
  const bytes = await readFile(file)
  bytes.writeUInt8(bytes.readUInt8(1000) ^ 1, 1000)
  await writeFile(file, bytes)
  await utimes(file, times, times)
  const damaged = await pc.ask('verify', 'silero-vad', 'm')
  assert.equal(damaged.exitCode, 1)
  assert.match(
    damaged.stdout,
    /^silero-vad: damaged: the content of .*v5\.onnx is not what came\nm: as it came\n$/,
  )
  assert.match(damaged.stderr, /courante models rm silero-vad.*; courante models pull silero-vad/)
  await truncate(pc.at('models/m/M.gguf'), 100)
  const json = await pc.json('verify')
  assert.deepEqual(
    (json['models'] as { id: string; state: string; reason?: string }[])
      .filter(({ state }) => state === 'damaged')
      .map(({ id, reason }) => [id, reason]),
    [
      ['silero-vad', 'hash'],
      ['m', 'hash'],
    ],
  )
})
