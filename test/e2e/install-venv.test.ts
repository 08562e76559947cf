import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { execa } from 'execa'
import type { Environment } from '../../runner/install/environment.ts'
import { install } from '../../runner/install/install.ts'
import { look } from '../../runner/install/look.ts'
import { findPython } from '../../runner/install/python.ts'
import { makeStackFolder, testIo, type Env } from '../support/installer.ts'

const agreed = { consent: 'yes', environmentGranted: false } as const

/** pip as on a machine without an index: it finds only what lies in one folder. */
const offline = (wheels: string): Env => ({
  ...process.env,
  PIP_NO_INDEX: '1',
  PIP_FIND_LINKS: wheels,
  PIP_CONFIG_FILE: '/dev/null',
})

test('a venv is made, filled, compared and kept up to date', async (t: TestContext) => {
  const python = await findPython('>=3.12', process.env)
  if (python.type === 'none') return t.skip('there is no Python >= 3.12 on this machine')
  await using stack = await makeStackFolder()
  const environment = withPython(stack.environment, '>=3.12')
  const [requirements, dev] = environment.python?.requirements ?? []
  assert.ok(requirements !== undefined && dev !== undefined)
  const wheels = join(stack.path, 'wheels')
  await makeWheel(wheels, python.interpreter.path, '1.0')
  await makeWheel(wheels, python.interpreter.path, '1.1')
  const io = testIo(offline(wheels))
  const isReady = async () => {
    const seen = await look(environment, io.env)
    return seen.python.type === 'needed' && seen.python.venv.type
  }

  await t.test(
    'without requirements nothing is downloaded, so consent given in setup.sh is enough',
    async () => {
      await writeFile(requirements, '# the standard library will do\n')
      const outcome = await install(environment, { consent: 'ask', environmentGranted: true }, io)
      assert.deepEqual(outcome, { type: 'ready', notices: [] }, io.text())
      assert.ok(existsSync(join(stack.path, 'venv/bin/pip')))
      assert.equal(await isReady(), 'ready')
    },
  )

  await t.test('a new requirement is seen, and asked about even then', async () => {
    await writeFile(requirements, 'courante-probe>=1.0,<1.1\n')
    assert.equal(await isReady(), 'unmet')
    const outcome = await install(environment, { consent: 'ask', environmentGranted: true }, io)
    assert.equal(outcome.type, 'cannot_ask')
    assert.match(outcome.planText, /Python packages, .*courante-probe>=1\.0,<1\.1\n {6}from pip/)
    assert.equal(await isReady(), 'unmet')
  })

  await t.test('pip installs it into the venv, and the next look is satisfied', async () => {
    assert.deepEqual(await install(environment, agreed, io), { type: 'ready', notices: [] }, io.text())
    assert.equal(await isReady(), 'ready')
    const { stdout } = await execa(join(stack.path, 'venv/bin/python'), [
      '-c',
      'import courante_probe as p; print(p.version)',
    ])
    assert.equal(stdout, '1.0')
    assert.match(
      await readFile(join(stack.path, 'var/logs/pip.log'), 'utf8'),
      /Successfully installed courante-probe-1\.0/,
    )
  })

  await t.test('requirements-dev.txt counts as soon as it is there', async () => {
    await writeFile(requirements, 'courante-probe\n')
    assert.equal(await isReady(), 'ready')
    await writeFile(dev, 'courante-probe==1.1\n')
    assert.equal(await isReady(), 'unmet')
    assert.deepEqual(await install(environment, agreed, io), { type: 'ready', notices: [] }, io.text())
    assert.equal(await isReady(), 'ready')
  })

  await t.test('what only pip can judge is left to it once, and then remembered', async () => {
    await writeFile(requirements, 'courante-probe==1.*\n')
    assert.equal(await isReady(), 'unmet')
    assert.deepEqual(await install(environment, agreed, io), { type: 'ready', notices: [] }, io.text())
    assert.equal(await isReady(), 'ready')
  })

  await t.test('a package that was removed by hand is seen in spite of the stamp', async () => {
    await execa(join(stack.path, 'venv/bin/python'), ['-m', 'pip', 'uninstall', '--yes', 'courante-probe'])
    assert.equal(await isReady(), 'unmet')
  })

  await t.test("pip's failure is told with its last lines and the log", async () => {
    await writeFile(requirements, 'courante-nowhere\n')
    const outcome = await install(environment, agreed, io)
    assert.equal(outcome.type, 'failed')
    assert.equal(outcome.problem.code, 'pip_failed')
    assert.match(outcome.problem.what, /No matching distribution found for courante-nowhere/)
    assert.match(outcome.problem.todo ?? '', /var\/logs\/pip\.log/)
  })

  await t.test('a venv that was never finished, or whose Python has gone, is made anew', async () => {
    await writeFile(requirements, '')
    await writeFile(dev, '')
    assert.equal(await isReady(), 'ready')
    await writeFile(join(stack.path, 'venv/.courante-unfinished'), '')
    assert.equal(await isReady(), 'unusable')
    assert.deepEqual(await install(environment, agreed, io), { type: 'ready', notices: [] }, io.text())
    assert.equal(await isReady(), 'ready')
  })
})

const shim = 'echo "pyenv: python3.12: command not found" >&2; exit 127'

test('no Python that fits, and one is needed: every candidate with its reason', async () => {
  await using stack = await makeStackFolder()
  const env = await fakePath(stack.path, { 'python3.12': shim })
  const outcome = await install(withPython(stack.environment, '>=3.12'), agreed, testIo(env))
  assert.equal(outcome.type, 'failed')
  assert.equal(outcome.problem.code, 'no_python')
  assert.match(outcome.problem.what, /python3\.12: does not run \(pyenv: python3\.12: command not found\)/)
  assert.match(outcome.problem.what, /python3\.13: not there/)
  assert.equal(existsSync(join(stack.path, 'venv')), false)
})

test('no Python that fits, and the stack can do without: a notice', async () => {
  await using stack = await makeStackFolder()
  const env = await fakePath(stack.path, { 'python3.12': shim })
  const outcome = await install(withPython(stack.environment, '>=3.12', true), agreed, testIo(env))
  assert.equal(outcome.type, 'ready')
  assert.match(outcome.notices[0] ?? '', /Python is left out/)
})

test("Debian's Python without ensurepip: its package is named, and no half venv stays", async () => {
  await using stack = await makeStackFolder()
  // The probe finds ensurepip, but making the venv fails as on Debian.
  const script = `case "$*" in *venv*) mkdir -p "$4/bin"; echo "The virtual environment was not created because ensurepip is not available."; exit 1;; esac
echo '{"version":"3.12.3","ensurepip":true}'`
  const env = await fakePath(stack.path, { 'python3.12': script })
  const outcome = await install(
    withPython(stack.environment, '>=3.12'),
    agreed,
    testIo({ ...env, PATH: `${env['PATH']}:/usr/bin:/bin` }),
  )
  assert.equal(outcome.type, 'failed')
  assert.equal(outcome.problem.code, 'no_venv_module')
  assert.match(outcome.problem.todo ?? '', /apt install python3-venv/)
  assert.equal(existsSync(join(stack.path, 'venv')), false)
})

test('a folder of the same name that is no venv is not touched', async () => {
  await using stack = await makeStackFolder()
  await mkdir(join(stack.path, 'venv'))
  await writeFile(join(stack.path, 'venv/mine'), '')
  const outcome = await install(withPython(stack.environment, '>=3.12'), agreed, testIo(process.env))
  assert.equal(outcome.type, 'failed')
  assert.equal(outcome.problem.code, 'foreign_venv')
  assert.deepEqual(await readdir(join(stack.path, 'venv')), ['mine'])
})

function withPython(environment: Environment, version: string, optional = false): Environment {
  const { dir } = environment
  const requirements = ['requirements.txt', 'requirements-dev.txt'].map(name => join(dir, name))
  return { ...environment, python: { version, venv: join(dir, 'venv'), requirements, optional } }
}

async function fakePath(dir: string, programs: Record<string, string>): Promise<Env> {
  const bin = join(dir, 'bin')
  await mkdir(bin)
  for (const [name, script] of Object.entries(programs)) {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`)
    await chmod(join(bin, name), 0o755)
  }
  return { PATH: bin, HOME: dir, PYENV_ROOT: join(dir, 'no-pyenv') }
}

/** The smallest wheel there can be; Python's own zipfile packs it. */
async function makeWheel(folder: string, python: string, version: string): Promise<void> {
  const build = join(folder, `build-${version}`)
  const info = `courante_probe-${version}.dist-info`
  await mkdir(join(build, info), { recursive: true })
  await writeFile(join(build, 'courante_probe.py'), `version = "${version}"\n`)
  await writeFile(
    join(build, info, 'METADATA'),
    `Metadata-Version: 2.1\nName: courante-probe\nVersion: ${version}\n`,
  )
  await writeFile(
    join(build, info, 'WHEEL'),
    'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
  )
  const files = ['courante_probe.py', `${info}/METADATA`, `${info}/WHEEL`, `${info}/RECORD`]
  await writeFile(join(build, info, 'RECORD'), files.map(file => `${file},,\n`).join(''))
  const wheel = join(folder, `courante_probe-${version}-py3-none-any.whl`)
  await execa(python, ['-m', 'zipfile', '-c', wheel, 'courante_probe.py', info], { cwd: build })
}
