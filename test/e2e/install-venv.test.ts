import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { execa } from 'execa'
import { install } from '../../runner/install/install.ts'
import { findPython } from '../../runner/install/python.ts'
import { makeStackFolder, testIo } from '../support/installer.ts'
import { anyPython, fakePath, noPython, venvRig, withPython } from '../support/venv-rig.ts'
import { writeWheel } from '../support/wheels.ts'

const agreed = { consent: 'yes', environmentGranted: false } as const
const ready = { type: 'ready', notices: [] } as const

test('a venv is made, filled, compared and kept up to date', { skip: await noPython() }, async t => {
  await using rig = await venvRig()
  const wheel = (name: string, version: string, more = {}) =>
    writeWheel(rig.wheels, { name, version, ...more })
  await wheel('courante-probe', '1.0')
  await wheel('courante-probe', '1.1')
  await wheel('courante-probe', '2.0rc1')
  await wheel('courante-extra', '1.0', {
    extras: ['fast'],
    requires: [
      'courante-part>=1 ; extra == "fast"',
      'courante-old ; python_version < "3" and extra == "fast"',
    ],
  })
  await wheel('courante-part', '1.0')
  const io = testIo(rig.env)
  const isReady = async () => (await rig.look()).type
  const python = join(rig.venv, 'bin/python')

  await t.test('without requirements, consent given in setup.sh is enough', async () => {
    await rig.ask('# the standard library will do\n')
    const outcome = await install(rig.environment, { consent: 'ask', environmentGranted: true }, io)
    assert.deepEqual(outcome, ready, io.text())
    assert.ok(existsSync(join(rig.venv, 'bin/pip')))
    assert.equal(await isReady(), 'ready')
  })

  await t.test('a new requirement is seen, and asked about even then', async () => {
    await rig.ask('courante-probe>=1.0,<1.1\n')
    assert.deepEqual(await rig.look(), { type: 'unmet', unmet: ['courante-probe>=1.0,<1.1'], unsure: [] })
    const outcome = await install(rig.environment, { consent: 'ask', environmentGranted: true }, io)
    assert.equal(outcome.type, 'cannot_ask')
    assert.match(outcome.planText, /Python packages .*courante-probe>=1\.0,<1\.1\n {6}from pip/)
    assert.equal(await isReady(), 'unmet')
  })

  await t.test('pip installs it into the venv, and the next look is satisfied', async () => {
    assert.deepEqual(await rig.install(), ready)
    assert.equal(await isReady(), 'ready')
    assert.equal(await isMade(rig.venv), true)
    const { stdout } = await execa(python, ['-c', 'import courante_probe as p; print(p.version)'])
    assert.equal(stdout, '1.0')
    assert.match(
      await readFile(join(rig.path, 'var/logs/pip.log'), 'utf8'),
      /Successfully installed courante-probe-1\.0/,
    )
  })

  await t.test('requirements-dev.txt counts as soon as it is there', async () => {
    await rig.ask('courante-probe\n')
    assert.equal(await isReady(), 'ready')
    await rig.askDev('courante-probe==1.1\n')
    assert.deepEqual(await rig.look(), { type: 'unmet', unmet: ['courante-probe==1.1'], unsure: [] })
    assert.deepEqual(await rig.install(), ready)
    assert.equal(await isReady(), 'ready')
    await rig.askDev('')
  })

  await t.test('wildcards and pre-releases are judged without pip', async () => {
    await rig.ask('courante-probe==1.*\n')
    assert.equal(await isReady(), 'ready')
    await rig.ask('courante-probe==2.0rc1\n')
    assert.equal(await isReady(), 'unmet')
    assert.deepEqual(await rig.install(), ready)
    await rig.ask('courante-probe>=2.0.dev0,<2.0.0\n')
    assert.notEqual(await isReady(), 'missing')
    await rig.ask('courante-probe>1.1\n')
    assert.equal(await isReady(), 'ready')
  })

  await t.test('a marker that does not hold asks for nothing', async () => {
    await rig.ask('courante-probe\ncourante-nowhere; python_version < "3" or sys_platform == "win32"\n')
    assert.equal(await isReady(), 'ready')
    await rig.ask(`courante-part; python_version >= "3.9" and sys_platform == "${process.platform}"\n`)
    assert.deepEqual(await rig.look(), { type: 'unmet', unmet: ['courante-part'], unsure: [] })
  })

  await t.test('an extra asks for what its package says', async () => {
    await rig.ask('courante-extra==1.0\n')
    assert.deepEqual(await rig.install(), ready)
    await rig.ask('courante-extra[fast]==1.0\n')
    assert.deepEqual(await rig.look(), { type: 'unmet', unmet: ['courante-extra[fast]==1.0'], unsure: [] })
    assert.deepEqual(await rig.install(), ready)
    assert.equal(await isReady(), 'ready')
    // Also without the stamp.
    await rm(join(rig.venv, '.courante-stamp.json'))
    assert.equal(await isReady(), 'ready')
  })

  await t.test('what only pip can judge is left to it once, and then remembered', async () => {
    const path = await wheel('courante-path', '1.0')
    await rig.ask(`courante-path @ file://${path}\n-c constraints.txt\n`)
    await writeFile(join(rig.path, 'constraints.txt'), 'courante-probe<2\n')
    assert.equal(await isReady(), 'unmet')
    assert.deepEqual(await rig.install(), ready)
    assert.equal(await isReady(), 'ready')
    await appendFile(join(rig.path, 'constraints.txt'), '# changed\n')
    assert.equal(await isReady(), 'unmet')
    assert.deepEqual(await rig.install(), ready)
  })

  await t.test('a package that was removed by hand is seen in spite of the stamp', async () => {
    await rig.ask('courante-part\n')
    assert.deepEqual(await rig.install(), ready)
    await execa(python, ['-m', 'pip', 'uninstall', '--yes', 'courante-part'])
    assert.deepEqual(await rig.look(), { type: 'unmet', unmet: ['courante-part'], unsure: [] })
  })

  await t.test("pip's failure is told with its last lines and the log", async () => {
    await rig.ask('courante-nowhere\n')
    const outcome = await rig.install()
    assert.equal(outcome.type, 'failed')
    assert.equal(outcome.problem.code, 'pip_failed')
    assert.match(outcome.problem.what, /No matching distribution found for courante-nowhere/)
    assert.match(outcome.problem.todo ?? '', /var\/logs\/pip\.log/)
  })

  await t.test('offline, a wheel folder serves, and a failure says that offline was on', async () => {
    const offline = { PIP_NO_INDEX: undefined, OFFLINE: '1' }
    await rig.ask('courante-part\n')
    assert.deepEqual(await rig.install(offline), ready)
    // Never asked for: nobody is at that port of this machine.
    await rig.ask('courante-far @ https://files.example.invalid/courante_far-1.0-py3-none-any.whl\n')
    const outcome = await rig.install(offline)
    assert.equal(outcome.type, 'failed')
    assert.match(outcome.problem.what, /offline was on/)
    assert.match(outcome.problem.what, /127\.0\.0\.1|[Pp]roxy/)
    assert.match(outcome.problem.todo ?? '', /without --offline/)
  })
})

/** Whether the stamp says that Courante made the venv. */
async function isMade(venv: string): Promise<unknown> {
  const text = await readFile(join(venv, '.courante-stamp.json'), 'utf8')
  return (JSON.parse(text) as { made?: unknown }).made
}

test(
  'a venv that a person made stays theirs when packages come into it',
  { skip: await noPython() },
  async () => {
    await using rig = await venvRig()
    await writeWheel(rig.wheels, { name: 'courante-part', version: '1.0' })
    const search = await findPython(anyPython, rig.env)
    assert.equal(search.type, 'found')
    await execa(search.interpreter.path, ['-I', '-m', 'venv', rig.venv], { cwd: '/' })
    await rig.ask('courante-part\n')
    assert.deepEqual(await rig.install(), ready)
    assert.deepEqual(await rig.look(), { type: 'ready' })
    assert.equal(await isMade(rig.venv), false)
  },
)

suite('where no venv can be made', () => {
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
    assert.deepEqual((await readdir(stack.path)).sort(), ['bin', 'var'])
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
})
