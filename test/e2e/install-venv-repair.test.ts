import assert from 'node:assert/strict'
import { readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { execa } from 'execa'
import { install } from '../../runner/install/install.ts'
import { sitePackagesOf } from '../../runner/install/installed.ts'
import { look } from '../../runner/install/look.ts'
import { plan } from '../../runner/install/plan.ts'
import { needsConsent } from '../../runner/install/step.ts'
import { mounted, noMounts } from '../chaos/mounted.ts'
import { testIo } from '../support/installer.ts'
import { quickPython } from '../support/quick-python.ts'
import { anyPython, filledRig, noPython, probeVersion, venvRig, type VenvRig } from '../support/venv-rig.ts'
import { writeWheel } from '../support/wheels.ts'

const agreed = { consent: 'yes', environmentGranted: false } as const
const ready = { type: 'ready', notices: [] } as const

const python = (await noPython()) ? undefined : await quickPython(anyPython)
after(() => python?.remove())

async function isConsentNeeded(rig: VenvRig): Promise<boolean> {
  const [first] = plan(await look(rig.environment, rig.env)).environment
  return first?.type === 'make_venv' && needsConsent(first)
}

test('a broken venv is noticed, and made anew with consent', { skip: await noPython() }, async t => {
  await using rig = await filledRig(python?.bin)
  const faultIs = async (type: string) => {
    const seen = await rig.look()
    assert.equal(seen.type === 'unusable' && seen.reason.type, type)
  }
  const madeAnew = async () => {
    assert.deepEqual(await rig.install(), ready)
    assert.deepEqual(await rig.look(), { type: 'ready' })
    assert.equal(await probeVersion(rig.venv), '1.0')
    assert.deepEqual(
      (await readdir(rig.venv)).filter(name => name.startsWith('.courante')),
      ['.courante-stamp.json'],
    )
    assert.deepEqual(
      (await readdir(rig.path)).filter(name => name.startsWith('.')),
      [],
    )
  }

  await t.test('whose Python has gone', async () => {
    await rm(join(rig.venv, 'bin/python'))
    await symlink('/nowhere/python3', join(rig.venv, 'bin/python'))
    await faultIs('no_interpreter')
    assert.ok(await isConsentNeeded(rig))
    await madeAnew()
  })

  await t.test(
    'without pip, as soon as there is something to install; a failure leaves it as it was',
    async () => {
      await rm(join(sitePackagesOf(rig.venv) ?? '', 'pip'), { recursive: true })
      assert.equal((await rig.look()).type, 'ready')
      await rig.ask('courante-probe==1.0\ncourante-nowhere\n')
      await faultIs('no_pip')
      const outcome = await rig.install()
      assert.equal(outcome.type === 'failed' && outcome.problem.code, 'pip_failed')
      assert.match((outcome.type === 'failed' && outcome.problem.todo) || '', /to replace is back/)
      await faultIs('no_pip')
      assert.equal(await probeVersion(rig.venv), '1.0')
      await rig.ask('courante-probe==1.0\n')
      await rm(join(rig.venv, '.courante-stamp.json'))
      assert.equal((await rig.look()).type, 'ready')
    },
  )

  await t.test('that was moved', async () => {
    await rename(rig.venv, join(rig.path, 'elsewhere'))
    await execa('cp', ['-a', join(rig.path, 'elsewhere'), rig.venv])
    assert.equal((await rig.look()).type, 'ready', 'where it was made, it is right')
    const need = rig.environment.python
    assert.ok(need !== undefined)
    const environment = { ...rig.environment, python: { ...need, venv: join(rig.path, 'elsewhere') } }
    const { python } = await look(environment, rig.env)
    assert.deepEqual(python.type === 'needed' && python.venv.type === 'unusable' && python.venv.reason, {
      type: 'moved',
      from: rig.venv,
    })
    assert.deepEqual(await install(environment, agreed, testIo(rig.env)), ready)
    const pip = await readFile(join(rig.path, 'elsewhere/bin/pip'), 'utf8')
    assert.match(pip, new RegExp(`${rig.path}/elsewhere/bin/python`))
  })

  await t.test('that was never finished: without another question', async () => {
    await writeFile(join(rig.venv, '.courante-unfinished'), '')
    await faultIs('unfinished')
    assert.equal(await isConsentNeeded(rig), false)
    await rm(join(rig.venv, '.courante-unfinished'))
  })

  await t.test('whose packages have gone, with their folder', async () => {
    await rm(sitePackagesOf(rig.venv) ?? '', { recursive: true })
    await faultIs('no_packages_folder')
    assert.ok(await isConsentNeeded(rig))
  })
})

test(
  'a disk that can only be read: words, and nothing is lost',
  { skip: (await noPython()) || noMounts() },
  async () => {
    await using rig = await venvRig(python?.bin)
    await writeWheel(rig.wheels, { name: 'courante-probe', version: '1.0' })
    await rig.ask('courante-probe==1.0\n')
    await using disk = await mounted(100e6)
    const need = rig.environment.python
    assert.ok(need !== undefined)
    const environment = { ...rig.environment, python: { ...need, venv: join(disk.path, 'venv') } }
    const go = () => install(environment, agreed, testIo(rig.env))
    disk.remount('ro')
    const first = await go()
    assert.equal(first.type === 'failed' && first.problem.code, 'not_writable')
    assert.match((first.type === 'failed' && first.problem.what) || '', /can't be written \(EROFS\)/)
    disk.remount('rw')
    assert.deepEqual(await go(), ready)
    disk.remount('ro')
    assert.deepEqual(await go(), ready, 'nothing to do, nothing written')
    await rig.ask('courante-probe==1.0\ncourante-nowhere\n')
    const second = await go()
    assert.equal(second.type === 'failed' && second.problem.code, 'not_writable')
    assert.equal(await probeVersion(join(disk.path, 'venv')), '1.0')
  },
)
