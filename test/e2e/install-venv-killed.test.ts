import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, watch } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { execa } from 'execa'
import { sitePackagesOf } from '../../runner/install/installed.ts'
import { startInstaller } from '../support/installer.ts'
import { filledRig, noPython, probeVersion, type VenvRig } from '../support/venv-rig.ts'
import { writeWheel } from '../support/wheels.ts'

const agreed = { consent: 'yes', environmentGranted: false } as const
const ready = { type: 'ready', notices: [] } as const
const names = Array.from({ length: 60 }, (_, i) => `courante-p${String(i).padStart(2, '0')}`)

test('an installation that is cut off is repaired by the next run', { skip: await noPython() }, async t => {
  await using rig = await filledRig()
  const sitePackages = sitePackagesOf(rig.venv) ?? ''
  for (const name of names) {
    const files = Array.from({ length: 30 }, (_, i) => [
      `${name.replace('-', '_')}_data/f${i}.py`,
      `x = ${i}\n`,
    ])
    await writeWheel(rig.wheels, { name, version: '1.0', files: Object.fromEntries(files) })
  }
  await rig.ask(['courante-probe==1.0', ...names].join('\n'))
  const ours = async () => (await readdir(sitePackages)).filter(name => /^courante_p\d\d/.test(name))

  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    await t.test(`by ${signal} while pip installs`, async () => {
      for (const name of await ours()) await rm(join(sitePackages, name), { recursive: true })
      const some = untilSome(sitePackages)
      const { child } = startInstaller(rig.environment, agreed, rig.env)
      await some
      child.kill(signal)
      await child
      const seen = await rig.look()
      // Unless pip was faster than the signal.
      if (seen.type !== 'ready') assert.equal(seen.type, 'unmet')
      assert.deepEqual(await rig.install(), ready)
      assert.equal((await ours()).filter(name => name.endsWith('.dist-info')).length, names.length)
      assert.deepEqual(await rig.look(), { type: 'ready' })
      const pip = await execa(join(rig.venv, 'bin/python'), ['-I', '-m', 'pip', 'check'])
      assert.equal(pip.stdout, 'No broken requirements found.')
      assert.equal(existsSync(join(rig.venv, '.courante-installing')), false)
    })
  }

  await t.test('and what a killed pip left by half is not taken for installed', async () => {
    await rm(join(sitePackages, 'courante_probe.py'))
    await rm(join(sitePackages, 'courante_probe-1.0.dist-info/RECORD'))
    await mkdir(join(sitePackages, '~ourante_probe'))
    await mkdir(join(rig.venv, '.courante-installing'))
    assert.equal((await rig.look()).type, 'unmet')
    assert.deepEqual(await rig.install(), ready)
    assert.equal(await probeVersion(rig.venv), '1.0')
    assert.equal(existsSync(join(sitePackages, '~ourante_probe')), false)
  })

  await t.test('and a venv that was to be replaced is back', async () => {
    for (const name of [...(await ours()), 'pip']) await rm(join(sitePackages, name), { recursive: true })
    const stop = new AbortController()
    const running = rig.install({}, stop.signal)
    await Promise.race([untilInstalling(rig), running])
    stop.abort('SIGINT')
    const outcome = await running
    // Unless pip was faster.
    if (outcome.type === 'ready') return
    assert.equal(outcome.type === 'failed' && outcome.problem.code, 'interrupted')
    const seen = await rig.look()
    assert.equal(seen.type === 'unusable' && seen.reason.type, 'no_pip')
    assert.equal(await probeVersion(rig.venv), '1.0')
  })
})

/** Until pip has begun to lay packages down. */
async function untilSome(sitePackages: string): Promise<void> {
  const wanted = /^courante_p\d\d-1\.0\.dist-info$/
  for await (const { filename } of watch(sitePackages)) if (wanted.test(filename ?? '')) return
}

async function untilInstalling(rig: VenvRig): Promise<void> {
  const log = join(rig.path, 'var/logs')
  const past = await readFile(join(log, 'pip.log'), 'utf8')
  for await (const _ of watch(log)) {
    const text = await readFile(join(log, 'pip.log'), 'utf8')
    if (text.slice(past.length).includes('Installing collected packages')) return
  }
}
