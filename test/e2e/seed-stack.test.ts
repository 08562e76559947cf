import assert from 'node:assert/strict'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { parse, stringify } from 'yaml'
import { socketDir } from '../../lib/socket-dir.ts'
import { findPython } from '../../runner/install/python.ts'
import { connect } from '../../runner/supervisor/control-client.ts'
import { courante } from '../support/courante.ts'
import { freePort } from '../support/free-port.ts'
import { root } from '../support/our-stack.ts'
import { startRegistry } from '../support/registry.ts'
import { tempDir } from '../support/temp.ts'

const python = await findPython('>=3.12', process.env)
const skip = python.type === 'found' ? false : 'no Python >= 3.12 is here'

test("the seed's stack: Python backend in its venv, npm run dev, its own model files", { skip }, async () => {
  await using folder = await tempDir()
  await using registry = await startRegistry({
    name: 'vosk-small',
    version: '1.0.0',
    files: { 'model.bin': Buffer.from('weights of the test\n') },
  })
  await cp(join(root, 'test/fixtures/seed-stack'), folder.path, { recursive: true })
  const file = join(folder.path, 'stack.yaml')
  const stack = parse(await readFile(file, 'utf8')) as {
    models: unknown[]
    services: { backend: { port: number; ready: { tcp: number } } }
  }
  const { url, sha256, bytes } = registry.tarball
  stack.models = [
    {
      name: 'vosk-small',
      why: 'speech to text',
      licence: 'Apache-2.0',
      from: { url, sha256, bytes },
      files: [{ path: 'models/vosk/model.bin', entry: 'package/model.bin' }],
    },
  ]
  const port = await freePort()
  stack.services.backend.port = port
  stack.services.backend.ready = { tcp: port }
  await writeFile(file, stringify(stack))

  const env = { XDG_RUNTIME_DIR: folder.path }
  const unasked = await courante(['up', '--stack', file], env)
  assert.equal(unasked.exitCode, 2)
  assert.match(unasked.stderr, /Python venv[^]*vosk-small[^]*Apache-2\.0/)

  const up = courante(['up', '--yes', '--stack', file], env)
  const control = join(socketDir(join(folder.path, 'var'), env), 'control.sock')
  for (;;) {
    const connection = await connect(control, 60_000)
    assert.ok(connection.running)
    if (connection.status.ready) break
    await delay(20)
  }
  assert.equal((await courante(['down', '--stack', file], env)).exitCode, 0)
  const { exitCode, stdout } = await up
  assert.equal(exitCode, 0, stdout)
  assert.match(stdout, new RegExp(`^backend +\\| python 3\\.1\\d in ${join(folder.path, 'venv')}$`, 'm'))
  assert.match(stdout, /^backend +\| model weights of the test$/m)
  assert.match(stdout, /^frontend +\| dev server at nowhere$/m)
  assert.match(stdout, /^transcript +\| .*< the backend can write$/m)
})
