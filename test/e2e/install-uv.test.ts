import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { sitePackagesOf } from '../../runner/install/installed.ts'
import { noPython, probeVersion, venvRig } from '../support/venv-rig.ts'
import { writeWheel } from '../support/wheels.ts'

const ready = { type: 'ready', notices: [] } as const

/** In uv's place: notes how it was called, makes a venv without pip as uv does, and lays one wheel down. */
const standIn = (calls: string, wheel: string) => `#!/bin/sh
echo "$* link=$UV_LINK_MODE wheels=$UV_FIND_LINKS" >>'${calls}'
for last; do :; done
case "$1 $2" in
  'venv --python') exec "$3" -m venv --without-pip "$last" ;;
  'pip install') exec "$4" -c 'import sys, sysconfig, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sysconfig.get_paths()["purelib"])' '${wheel}' ;;
esac
exit 1
`

test(
  'with uv on PATH, it makes the venv and fills it, under the settings of pip',
  { skip: await noPython() },
  async () => {
    await using rig = await venvRig()
    const wheel = await writeWheel(rig.wheels, { name: 'courante-probe', version: '1.0' })
    const calls = join(rig.path, 'uv-calls')
    const tools = join(rig.path, 'tools')
    await mkdir(tools)
    await writeFile(join(tools, 'uv'), standIn(calls, wheel))
    await chmod(join(tools, 'uv'), 0o755)
    const withUv = { PATH: `${tools}:${rig.env['PATH']}`, OFFLINE: '1' }
    await rig.ask('courante-probe==1.0\n')
    assert.deepEqual(await rig.install(withUv), ready)
    assert.deepEqual(await rig.look(withUv), { type: 'ready' })
    assert.equal(await probeVersion(rig.venv), '1.0')
    const [made, filled] = (await readFile(calls, 'utf8')).trim().split('\n')
    assert.match(
      made ?? '',
      new RegExp(`^venv --python /.* --no-project --allow-existing ${rig.venv} link=copy wheels=`),
    )
    assert.equal(
      filled,
      `pip install --python ${rig.venv}/bin/python --no-index --offline -r ${rig.path}/requirements.txt link=copy wheels=${rig.wheels}`,
    )
    assert.equal(existsSync(join(sitePackagesOf(rig.venv) ?? '', 'pip')), false)

    // Without uv, nothing could be installed in it any more: as soon as something has to be, it is made anew, by pip.
    assert.deepEqual(await rig.look(), { type: 'ready' })
    await writeWheel(rig.wheels, { name: 'courante-more', version: '1.0' })
    await rig.ask('courante-probe==1.0\ncourante-more\n')
    const seen = await rig.look()
    assert.equal(seen.type === 'unusable' && seen.reason.type, 'no_pip')
    assert.deepEqual(await rig.install(), ready)
    assert.deepEqual(await rig.look(), { type: 'ready' })
    assert.equal(await probeVersion(rig.venv), '1.0')
  },
)
