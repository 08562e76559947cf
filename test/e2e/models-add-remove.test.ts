import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { Machine } from '../support/models-machine.ts'
import { root } from '../support/our-stack.ts'

const starter = join(root, 'models/starter/starter.gguf')
const starterHash = '51a6abece52f3e27e499aa8ff57d6a7910973bf4cf66213a7fda9c65d0d9f713'

test('a GGUF file is added where it lies; anything else is refused', async () => {
  await using pc = await Machine.make()
  const file = pc.at('user/Tiny-Q8_0.gguf')
  await copyFile(starter, file)
  await writeFile(pc.at('user/text.gguf'), 'once upon a time')
  await writeFile(pc.at('user/cut.gguf'), (await readFile(starter)).subarray(0, 100_000))
  const added = await pc.ask('add', 'user/Tiny-Q8_0.gguf')
  assert.equal(added.exitCode, 0, added.stderr)
  assert.match(added.stdout, /^tiny-q8_0 is added\..*courante models default tiny-q8_0/)
  assert.deepEqual((await pc.own()).models, [{ id: 'tiny-q8_0', kind: 'llm', path: file }])
  for (const [words, told] of [
    [['add', file], /there is a model "tiny-q8_0" already/],
    [
      ['add', pc.at('user/text.gguf')],
      /can't be added: it does not begin as a GGUF file[^]*What can be: GGUF files/,
    ],
    [['add', pc.at('user/cut.gguf')], /can't be added: it is cut off/],
    [['add', pc.at('user/none.gguf')], /there is no file/],
    [['add', pc.at('user')], /can't be added: it is of no kind that is known/],
    [['add', file, '--id', 'x', '--name', 'y'], /--name is about an endpoint/],
    [['add', pc.at('user/x-00002-of-00002.gguf')], /there is no file .*x-00001-of-00002\.gguf/],
    [['add', 'http://127.0.0.1:1/page.html'], /neither a model's file nor/],
  ] as const) {
    const { exitCode, stderr } = await pc.ask(...words)
    assert.equal(exitCode, 2, stderr)
    assert.match(stderr, told)
  }
})

test('an endpoint is added by its URL, with a name that it has, and never with the key', async () => {
  await using pc = await Machine.make()
  const keys: (string | undefined)[] = []
  let names = ['big-chat']
  const web = await pc.web((request, response) => {
    keys.push(request.headers.authorization)
    if (request.url === '/v1/models') response.end(JSON.stringify({ data: names.map(id => ({ id })) }))
    else response.writeHead(404).end()
  })
  assert.equal((await pc.ask('add', `${web}/v1/`, '--key-env', 'HOME')).exitCode, 0)
  assert.deepEqual(keys, [`Bearer ${pc.at('user')}`])
  names = ['a', 'text-embed-1']
  const several = await pc.ask('add', `${web}/v1`)
  assert.equal(several.exitCode, 2)
  assert.match(several.stderr, /has several models[^]*--name: a, text-embed-1/)
  assert.equal((await pc.ask('add', `${web}/v1`, '--name', 'text-embed-1')).exitCode, 0)
  const unknown = await pc.ask('add', `${web}/v1`, '--name', 'c', '--id', 'other')
  assert.match(unknown.stderr, /does not list a model "c"/)
  const away = await pc.ask('add', 'http://127.0.0.1:1/v1', '--name', 'd')
  assert.deepEqual([away.exitCode, /did not answer \(ECONNREFUSED\)/.test(away.stderr)], [0, true])
  assert.equal((await pc.ask('add', 'http://127.0.0.1:1/v1')).exitCode, 2)
  assert.equal((await pc.ask('add', `${web}/v1`, '--key-env', 'sk-123', '--name', 'e')).exitCode, 2)
  assert.equal((await pc.ask('add', 'http://me:key@127.0.0.1:1/v1', '--name', 'e')).exitCode, 2)
  assert.deepEqual((await pc.own()).models, [
    { id: 'big-chat', kind: 'llm', url: `${web}/v1`, model: 'big-chat', key_env: 'HOME' },
    { id: 'text-embed-1', kind: 'embedding', url: `${web}/v1`, model: 'text-embed-1' },
    { id: 'other', kind: 'llm', url: `${web}/v1`, model: 'c' },
    { id: 'd', kind: 'llm', url: 'http://127.0.0.1:1/v1', model: 'd' },
  ])
})

test('a file by its URL is told with size and host, asked for, checked by the hash that its server tells', async () => {
  await using pc = await Machine.make()
  const weights = await readFile(starter)
  let hash = starterHash
  const asked: string[] = []
  const web = await pc.web((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    const path = request.url ?? ''
    if (path.startsWith('/org/repo/resolve/main/')) {
      // As the hub does it: the facts beside a redirect to its storage.
      response.setHeader('x-linked-size', weights.length).setHeader('x-linked-etag', `"${hash}"`)
      response.writeHead(302, { location: '/storage' }).end()
    } else if (path === '/storage' || path === '/plain/model.gguf') {
      response.setHeader('content-length', weights.length)
      response.end(request.method === 'HEAD' ? undefined : weights)
    } else if (path === '/page.gguf') {
      response.end(request.method === 'HEAD' ? undefined : '<html>')
    } else if (path === '/text.gguf') {
      response.setHeader('content-length', 6).end(request.method === 'HEAD' ? undefined : '<html>')
    } else response.writeHead(404).end()
  })
  Object.defineProperty(pc, 'env', { value: { ...pc.env, HF_ENDPOINT: web } })
  const url = `${web}/org/repo/blob/main/Some-Q8_0.gguf`
  const plan = await pc.ask('add', url)
  assert.equal(plan.exitCode, 2)
  assert.match(
    plan.stderr,
    /some-q8_0 +3\.3 MB +licence unknown[^]*from 127\.0\.0\.1[^]*to .*models\/some-q8_0[^]*the hash that the\s+hub itself states[^]*--yes/,
  )
  assert.deepEqual(await readdir(pc.at('models')), [])

  hash = 'ab'.repeat(32)
  const wrong = await pc.ask('add', url, '--yes')
  assert.equal(wrong.exitCode, 1)
  assert.match(wrong.stderr, new RegExp(`expected sha256 ${hash}, got sha256 ${starterHash}`))
  assert.deepEqual(await readdir(pc.at('models')), [])
  assert.equal(existsSync(pc.at('home/models.yaml')), false)

  hash = starterHash
  const added = await pc.ask('add', url, '--yes')
  assert.equal(added.exitCode, 0, added.stderr)
  const path = pc.at('models/some-q8_0/Some-Q8_0.gguf')
  const from = `${web}/org/repo/resolve/main/Some-Q8_0.gguf`
  assert.deepEqual((await pc.own()).models, [
    { id: 'some-q8_0', kind: 'llm', path, from, sha256: starterHash },
  ])
  assert.equal(
    createHash('sha256')
      .update(await readFile(path))
      .digest('hex'),
    starterHash,
  )
  assert.match((await pc.ask('ls')).stdout, /some-q8_0\s+llm\s+3 MB/)

  // A server that knows no hash: the one of what came is remembered.
  assert.equal((await pc.ask('add', `${web}/plain/model.gguf`, '-y', '--id', 'plain')).exitCode, 0)
  assert.equal((await pc.own()).models.find(({ id }) => id === 'plain')?.id, 'plain')
  assert.match(
    await readFile(pc.at('home/models.yaml'), 'utf8'),
    new RegExp(`sha256: ${starterHash}[^]*sha256: ${starterHash}`),
  )
  // Whichever part is named, all come.
  const inParts = await pc.ask('add', `${web}/org/repo/resolve/main/x-00002-of-00003.gguf`, '--yes')
  assert.match(inParts.stdout, /^x is added\./m, inParts.stderr)
  assert.equal((await readdir(pc.at('models/x'))).length, 3)
  assert.equal((await pc.own()).models.find(({ id }) => id === 'x')?.id, 'x')
  for (const [file, told] of [
    ['page.gguf', /does not say how big/],
    ['text.gguf', /is no model that can be added: .*nothing was kept/],
    ['none.gguf', /does not say what lies at .* \(HTTP 404\)/],
  ] as const) {
    const { exitCode, stderr } = await pc.ask('add', `${web}/${file}`, '--yes')
    assert.equal(exitCode, 1, file)
    assert.match(stderr, told)
  }
  const folders = (await readdir(pc.at('models'))).filter(name => !name.includes('.') || name === 'lock.json')
  assert.deepEqual(folders.sort(), ['lock.json', 'plain', 'some-q8_0', 'x'])
  assert.ok(asked.length > 0)
})

test('what was in the folder before stays when what came is no model', async () => {
  await using pc = await Machine.make()
  const web = await pc.web((request, response) => {
    response.setHeader('content-length', 6).end(request.method === 'HEAD' ? undefined : '<html>')
  })
  await mkdir(pc.at('models/foo'))
  await writeFile(pc.at('models/foo/my-notes.txt'), 'mine')
  const { exitCode, stderr } = await pc.ask('add', `${web}/foo.gguf`, '--yes')
  assert.equal(exitCode, 1)
  assert.match(stderr, /is no model that can be added/)
  assert.deepEqual(await readdir(pc.at('models/foo')), ['my-notes.txt'])
})

test('what an address holds of secrets is used, and neither shown nor kept', async () => {
  await using pc = await Machine.make()
  const weights = await readFile(starter)
  const asked: (string | undefined)[] = []
  const web = await pc.web((request, response) => {
    const { url, method, headers } = request
    asked.push(headers.authorization)
    // Whoever does not vouch for it may say so: it is not believed.
    response.setHeader('x-linked-etag', `"${'ab'.repeat(32)}"`)
    if (url !== '/own.gguf?token=tok-secret') return response.writeHead(404).end()
    response.setHeader('content-length', weights.length)
    return response.end(method === 'HEAD' ? undefined : weights)
  })
  const address = `${web.replace('//', '//me:pass-secret@')}/own.gguf`
  const added = await pc.ask('add', `${address}?token=tok-secret`, '--yes')
  assert.equal(added.exitCode, 0, added.stderr)
  const none = await pc.ask('add', `${address.replace('own', 'none')}?token=tok-secret`, '--yes')
  assert.equal(none.exitCode, 1)
  const kept = await Promise.all(
    ['models/lock.json', 'home/models.yaml'].map(path => readFile(pc.at(path), 'utf8')),
  )
  assert.match(kept[0] ?? '', /\/own\.gguf#query-/)
  const told = [added, none].map(({ stdout, stderr }) => stdout + stderr)
  assert.doesNotMatch([...kept, ...told].join('\n'), /secret/)
  assert.match(none.stderr, /\/none\.gguf/)
  const login = `Basic ${Buffer.from('me:pass-secret').toString('base64')}`
  assert.deepEqual([...new Set(asked)], [login])
})

test('Ctrl-C while a server is silent ends the command, and nothing is added', async () => {
  await using pc = await Machine.make()
  for (const path of ['x.gguf', 'v1']) {
    const abort = new AbortController()
    const web = await pc.web(() => abort.abort('SIGINT'))
    const { exitCode, stderr } = await pc.askUntil(abort.signal, 'add', `${web}/${path}`)
    assert.deepEqual([exitCode, stderr], [130, ''])
  }
  assert.equal(existsSync(pc.at('home/models.yaml')), false)
})

test('pull shows its plan where nobody can be asked, and brings the needs along with --yes', async () => {
  await using pc = await Machine.make()
  const plan = await pc.ask('pull', 'moonshine-tiny')
  assert.equal(plan.exitCode, 2)
  assert.match(plan.stderr, /silero-vad[^]*moonshine-tiny +21\.5 MB +MIT[^]*from npm[^]*Together 27\.0 MB/)
  assert.deepEqual(await readdir(pc.at('models')), [])

  // With what is there already, and this from the npm registry.
  for (const id of ['moonshine-tiny', 'silero-vad'])
    await symlink(join(root, 'models/files', id), pc.at(`models/${id}`))
  assert.match((await pc.ask('pull', 'moonshine-tiny')).stdout, /^installed already: moonshine-tiny\n$/)
  assert.match((await pc.ask('pull', 'starter')).stdout, /^installed already: starter\n$/)
})

test('rm asks, takes only what is ours, and says what it leaves', async () => {
  await using pc = await Machine.make()
  const own = pc.at('user/own.gguf')
  await copyFile(starter, own)
  await pc.ask('add', own)
  await pc.ask('default', 'own')
  const refused = await pc.ask('rm', 'own')
  assert.equal(refused.exitCode, 2)
  assert.match(refused.stderr, /entry own of .*models\.yaml is removed[^]*own\.gguf stays where it is/)
  await pc.coreSays({ models: [{ id: 'own', state: 'ready' }] })
  assert.match((await pc.ask('rm', 'own', '--yes')).stderr, /own is loaded[^]*models unload own/)
  await pc.coreSays({ models: [] })
  const removed = await pc.ask('rm', 'own', '--yes')
  assert.match(
    removed.stdout,
    /own\.gguf stays where it is\.\nown is removed\.\nFor llm, starter is used again/,
  )
  assert.ok(existsSync(own))
  assert.deepEqual([(await pc.own()).models, (await pc.own()).defaults], [[], {}])

  const foreign = pc.at('user/.lmstudio/models/a/b/c.gguf')
  await mkdir(dirname(foreign), { recursive: true })
  await copyFile(starter, foreign)
  const theirs = await pc.ask('rm', 'lmstudio/a/b/c', '--yes')
  assert.deepEqual([theirs.exitCode, /belongs to LM Studio/.test(theirs.stderr)], [2, true])
  assert.ok(existsSync(foreign))
  assert.match((await pc.ask('rm', 'starter', '--yes')).stderr, /comes with Courante itself/)
  assert.equal((await pc.ask('rm', 'qwen3-0.6b', '--yes')).exitCode, 1)

  // A model of the catalog: its files go, what else lies in its folder stays.
  await mkdir(pc.at('models/silero-vad'))
  await copyFile(
    join(root, 'models/files/silero-vad/silero_vad_v5.onnx'),
    pc.at('models/silero-vad/silero_vad_v5.onnx'),
  )
  await writeFile(pc.at('models/silero-vad/notes.txt'), 'mine')
  assert.equal((await pc.ask('rm', 'silero-vad', '--yes')).exitCode, 0)
  assert.deepEqual(await readdir(pc.at('models/silero-vad')), ['notes.txt'])
  // A link to another disk: the link goes.
  await mkdir(pc.at('user/disk'))
  await copyFile(
    join(root, 'models/files/silero-vad/silero_vad_v5.onnx'),
    pc.at('user/disk/silero_vad_v5.onnx'),
  )
  await using other = await Machine.make()
  await symlink(pc.at('user/disk'), other.at('models/silero-vad'))
  assert.match((await other.ask('rm', 'silero-vad', '--yes')).stdout, /user\/disk stays where it is/)
  assert.deepEqual(
    [await readdir(pc.at('user/disk')), await readdir(other.at('models'))],
    [['silero_vad_v5.onnx'], []],
  )
})
