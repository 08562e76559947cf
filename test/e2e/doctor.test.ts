import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, mkdir, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { suite, test } from 'node:test'
import { identify } from '../../lib/process-identity.ts'
import { socketDir } from '../../lib/socket-dir.ts'
import type { Check } from '../../runner/doctor/check.ts'
import { fastChecks } from '../../runner/doctor/fast.ts'
import { runContext } from '../../runner/run-context.ts'
import { courante } from '../support/courante.ts'
import { freePort } from '../support/free-port.ts'
import { testIo } from '../support/installer.ts'
import { root } from '../support/our-stack.ts'
import { SmallStack } from '../support/small-stack.ts'
import { modelsDir } from '../support/speech.ts'

const plain = `
version: 1
services:
  one: { command: "echo ready; exec sleep 1000", ready: { log: ready } }
`

/** As downloads name theirs. */
const partial = `${'0f'.repeat(32)}.partial`

/** Nothing of this machine's: no proxies, no other models than the stack's. */
const quiet = { http_proxy: '', https_proxy: '', HTTP_PROXY: '', HTTPS_PROXY: '', COURANTE_MODELS: '' }

async function doctor(stack: SmallStack, words: string[] = [], env: Record<string, string> = {}) {
  const all = ['doctor', '--json', '--stack', stack.file, ...words]
  const models = { COURANTE_MODELS: join(stack.folder, 'models/files') }
  const { stdout, stderr, exitCode } = await courante(all, { ...quiet, ...models, ...stack.env, ...env })
  assert.equal(stderr, '')
  const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: Check[] }
  assert.equal(exitCode, ok ? 0 : 1)
  return { checks, exitCode, of: (id: string) => checks.filter(check => check.id === id) }
}

async function write(stack: SmallStack, files: Record<string, string>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(stack.folder, path)), { recursive: true })
    await writeFile(join(stack.folder, path), text)
  }
}

suite('courante doctor', { concurrency: 2 }, () => {
  test('says of a stack that could come up that nothing is broken, and writes nothing', async () => {
    await using stack = await SmallStack.make(plain)
    const before = await readdir(stack.folder, { recursive: true })
    const { checks, exitCode } = await doctor(stack)
    assert.equal(exitCode, 0, JSON.stringify(checks))
    assert.deepEqual(await readdir(stack.folder, { recursive: true }), before)
    for (const { state, mend } of checks)
      assert.equal(mend !== undefined, state === 'warn' || state === 'fail')
  })

  test('for a person: a line a finding with its mark, below it what to do, and the sum', async () => {
    await using stack = await SmallStack.make(plain)
    await write(stack, { 'var/models.yaml': 'schema: 2\n' })
    const { stdout, exitCode } = await courante(['doctor', '--stack', stack.file], { ...quiet, ...stack.env })
    assert.equal(exitCode, 1)
    assert.match(stdout, /^The stack\n {2}ok {4}.+stack\.yaml: 1 service$/m)
    assert.match(stdout, /^ {2}FAIL {2}.*models\.yaml:1:9.*\n {8}→ /m)
    assert.match(stdout, /\n\n1 thing is broken\.$/)
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(stdout, /\u001b/)
  })

  test('comes to its end with a broken stack file, and says where that is broken', async () => {
    await using stack = await SmallStack.make('services: [\n')
    const { of, exitCode } = await doctor(stack)
    assert.equal(exitCode, 1)
    assert.match(of('stack_file')[0]?.found ?? '', /stack\.yaml:\d+:\d+/)
    assert.equal(of('node').length + of('disk').length, 2)
  })

  test('tells who holds a port; of our own run it is no fault', async () => {
    const port = await freePort()
    const program = `require('node:net').createServer().listen(${port}, '127.0.0.1', () => console.log('ready'))`
    const command = JSON.stringify([process.execPath, '-e', program])
    await using stack = await SmallStack.make(
      `version: 1\nservices:\n  one: { command: ${command}, port: ${port} }\n`,
    )
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening')
    const taken = await doctor(stack)
    assert.equal(taken.exitCode, 1)
    assert.match(taken.of('port')[0]?.found ?? '', new RegExp(`${port}.*pid ${process.pid}`))
    server.close()
    await once(server, 'close')
    const up = await stack.ask('up', '-d', '--yes')
    assert.equal(up.exitCode, 0, up.all)
    const running = await doctor(stack)
    assert.equal(running.exitCode, 0, JSON.stringify(running.checks))
    assert.match(running.of('port')[0]?.found ?? '', /as it should be/)
    await write(stack, { 'stack.local.yaml': 'services: { one: { env: { A: b } } }\n' })
    assert.match((await doctor(stack)).of('run')[1]?.found ?? '', /has changed since/)
  })

  test('notices what a killed supervisor has left', async () => {
    await using stack = await SmallStack.make(plain)
    const own = identify(process.pid)
    const identity = { ...own, started: '1' }
    const left = { version: 1, identity, run: 'none-such', sockets: socketDir(stack.home, stack.env) }
    await write(stack, { 'var/run/supervisor.json': JSON.stringify(left) })
    const { of, exitCode } = await doctor(stack)
    assert.equal(exitCode, 0)
    assert.match(of('run')[0]?.found ?? '', /a supervisor was killed/)
  })

  test('tells of models that are missing, damaged and half downloaded', async () => {
    await using stack = await SmallStack.make(`models: [moonshine-tiny, silero-vad]\n${plain.trim()}\n`)
    await mkdir(join(stack.folder, 'models/files/silero-vad'), { recursive: true })
    const names = await readdir(join(modelsDir, 'silero-vad'))
    for (const name of names) await write(stack, { [`models/files/silero-vad/${name}`]: 'x' })
    await write(stack, { [`models/files/.partial/${partial}`]: 'half', 'models/files/lock.json': '{' })
    const file = join(stack.folder, 'models/files/.partial', partial)
    await truncate(file, 1e9)
    const { of, exitCode } = await doctor(stack, ['--fast'])
    assert.equal(exitCode, 1)
    assert.match(
      of('model')
        .map(({ state, found }) => `${state} ${found}`)
        .join('\n'),
      /warn moonshine-tiny is not/,
    )
    assert.match(
      of('model')
        .map(({ state, found }) => `${state} ${found}`)
        .join('\n'),
      /fail silero-vad is damaged/,
    )
    // It is sparse: what has come counts, not what will.
    assert.match(of('partials')[0]?.found ?? '', /1 download not finished, \d+ kB/)
    assert.equal(of('lock_file')[0]?.state, 'warn')
    assert.equal(of('network')[0]?.state, 'skip')
  })

  test('--deep reads every byte', async () => {
    await using stack = await SmallStack.make(`models: [silero-vad]\n${plain.trim()}\n`)
    await mkdir(join(stack.folder, 'models/files/silero-vad'), { recursive: true })
    for (const name of await readdir(join(modelsDir, 'silero-vad'))) {
      const bytes = await readFile(join(modelsDir, 'silero-vad', name))
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
      await writeFile(join(stack.folder, 'models/files/silero-vad', name), bytes)
    }
    assert.equal((await doctor(stack)).exitCode, 0)
    const deep = await doctor(stack, ['--deep'])
    assert.equal(deep.exitCode, 1)
    assert.match(deep.of('model')[0]?.found ?? '', /another content/)
  })

  test('offline it asks nobody; online it says which source does not answer, within its three seconds', async () => {
    // Takes connections and says nothing.
    const silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as { port: number }
    const model = (name: string, port: number): string =>
      `  - { name: ${name}, why: test, licence: MIT, files: [${name}.bin], from: { url: 'http://127.0.0.1:${port}/${name}', bytes: 5, sha256: ${'a'.repeat(64)} } }`
    const closed = await freePort()
    await using stack = await SmallStack.make(
      `models:\n${model('mute', port)}\n${model('gone', closed)}\n${plain.trim()}\n`,
    )
    try {
      const offline = await doctor(stack, [], { OFFLINE: '1' })
      assert.match(offline.of('network')[0]?.found ?? '', /offline/, JSON.stringify(offline.checks))
      const asked = await doctor(stack, [], { https_proxy: 'http://me:secret@proxy.invalid:3128' })
      const found = asked.of('source').map(({ found }) => found)
      assert.match(found[0] ?? '', /mute: .* not answered within 3 s/)
      assert.match(found[1] ?? '', /gone can't be downloaded/)
      assert.equal(asked.of('proxy')[0]?.found, 'https_proxy=http://***@proxy.invalid:3128')
    } finally {
      silent.close()
    }
  })

  test('Ctrl-C while sources are asked ends it with 130, and says nothing of them', async () => {
    const silent = createServer().listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const { port } = silent.address() as { port: number }
    await using stack = await SmallStack.make(
      `models:\n  - { name: m, why: test, licence: MIT, files: [m.bin], from: { url: 'http://127.0.0.1:${port}/m', bytes: 5, sha256: ${'a'.repeat(64)} } }\n${plain.trim()}\n`,
    )
    try {
      const child = courante(['doctor', '--stack', stack.file], { ...quiet, ...stack.env })
      await once(silent, 'connection')
      child.kill('SIGINT')
      const { exitCode, all } = await child
      assert.deepEqual([exitCode, all], [130, ''])
    } finally {
      silent.close()
    }
  })

  test('a home that is open to others, sockets that are not ours, a chosen model that is gone', async () => {
    await using stack = await SmallStack.make(plain)
    await write(stack, {
      'var/logs/one.log': '',
      'var/models.yaml': 'schema: 1\ndefaults: { llm: ollama/none-such }\n',
    })
    await chmod(join(stack.home, 'logs'), 0o755)
    await symlink('/nowhere', socketDir(stack.home, stack.env))
    const { of, exitCode } = await doctor(stack)
    assert.equal(exitCode, 1)
    assert.match(of('home')[1]?.mend ?? '', /^chmod go= .*var\/logs$/)
    assert.equal(of('sockets')[0]?.state, 'fail')
    assert.match(of('language_model')[0]?.found ?? '', /ollama\/none-such, is not here/)
    const long = await doctor(stack, [], { XDG_RUNTIME_DIR: join(stack.folder, 'x'.repeat(100)) })
    assert.match(long.of('sockets')[0]?.found ?? '', /would take \d+ bytes/)
  })
})

suite('the fast form, which each start runs', () => {
  test('says nothing where nothing is wrong', async () => {
    await using stack = await SmallStack.make(plain)
    const io = testIo({ ...stack.env, HOME: stack.folder })
    assert.deepEqual(await fastChecks(await runContext({ stack: stack.file }, io), io), [])
  })

  test('tells of what up itself would not see', async () => {
    await using stack = await SmallStack.make(plain)
    await write(stack, {
      [`models/files/.partial/${partial}`]: 'half',
      'var/models.yaml': 'schema: 1\nmemory: 1MB\ndefaults: { llm: starter }\n',
    })
    const io = testIo({ ...stack.env, HOME: stack.folder })
    const checks = await fastChecks(await runContext({ stack: stack.file }, io), io)
    assert.deepEqual(checks.map(({ id }) => id).sort(), ['language_model', 'partials'])
    for (const { state } of checks) assert.equal(state, 'warn')
  })
})

test('the whole of it on this checkout finds its packages in order', async () => {
  const { stdout } = await courante(['doctor', '--json', '--fast', '--stack', join(root, 'stack.yaml')])
  const { checks } = JSON.parse(stdout) as { checks: Check[] }
  assert.equal(checks.find(({ id }) => id === 'node')?.state, 'ok')
})
