import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, mkdtempDisposable, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { identify } from '../../lib/process-identity.ts'
import { abandonVenv, beginPackages, beginVenv, busyWith, commitVenv, isUnfinished } from './venv-swap.ts'

/** A folder that may hold a venv, which says which one it is. */
async function makeRig() {
  const folder = await mkdtempDisposable(join(tmpdir(), 'courante-swap-'))
  const venv = join(folder.path, 'venv')
  const make = async (name: string, at = venv) => {
    await mkdir(at, { recursive: true })
    await writeFile(join(at, 'pyvenv.cfg'), name)
  }
  return {
    path: folder.path,
    venv,
    make,
    /** Which venv is there, and that nothing lies beside or in it that does not belong there. */
    found: async () => {
      assert.deepEqual(await readdir(folder.path), existsSync(venv) ? ['venv'] : [])
      if (!existsSync(venv)) return 'none'
      assert.deepEqual(await readdir(venv), ['pyvenv.cfg'])
      return readFile(join(venv, 'pyvenv.cfg'), 'utf8')
    },
    [Symbol.asyncDispose]: () => folder.remove(),
  }
}

test('a new venv takes the place of the old one only when it works', async () => {
  await using rig = await makeRig()
  await rig.make('old')
  await beginVenv(rig.venv)
  await rig.make('new')
  assert.ok(isUnfinished(rig.venv))
  await commitVenv(rig.venv)
  assert.equal(await rig.found(), 'new')
})

test('what came into an empty folder since the look stays', async () => {
  await using rig = await makeRig()
  await mkdir(rig.venv)
  await writeFile(join(rig.venv, 'letter'), 'dear')
  assert.equal(await beginVenv(rig.venv), false)
  assert.deepEqual(await readdir(rig.venv), ['letter'])
  assert.deepEqual(await readdir(rig.path), ['venv'])
})

test('an empty folder, and a link to one, give way', async () => {
  await using rig = await makeRig()
  await mkdir(rig.venv)
  assert.equal(await beginVenv(rig.venv), true)
  await abandonVenv(rig.venv)
  await mkdir(join(rig.path, 'disk'))
  await symlink(join(rig.path, 'disk'), rig.venv)
  assert.equal(await beginVenv(rig.venv), true)
  assert.deepEqual(await readdir(join(rig.path, 'disk')), [])
  await abandonVenv(rig.venv)
  await writeFile(join(rig.path, 'disk/letter'), 'dear')
  await symlink(join(rig.path, 'disk'), rig.venv)
  assert.equal(await beginVenv(rig.venv), false)
  assert.deepEqual(await readdir(rig.venv), ['letter'])
})

test('one that fails leaves the old one, or nothing where there was none', async () => {
  await using rig = await makeRig()
  await beginVenv(rig.venv)
  await rig.make('new')
  await abandonVenv(rig.venv)
  assert.equal(await rig.found(), 'none')
  await rig.make('old')
  await beginVenv(rig.venv)
  await rig.make('new')
  await abandonVenv(rig.venv)
  assert.equal(await rig.found(), 'old')
})

/** What a kill leaves, by the moment; `oldIsSafe`: a failure of the next try brings the old one back. */
const moments: Record<string, (rig: Awaited<ReturnType<typeof makeRig>>) => Promise<void>> = {
  'before the old one was moved': async rig => {
    await rig.make('old')
    await mkdir(join(rig.path, '.venv.courante-new'))
    await writeFile(join(rig.path, '.venv.courante-new/.courante-unfinished'), '')
  },
  'when the old one was moved, and the new one was not in its place': async rig => {
    await rig.make('old')
    await beginVenv(rig.venv)
    await rename(rig.venv, join(rig.path, '.venv.courante-new'))
  },
  'while the new one was made': async rig => {
    await rig.make('old')
    await beginVenv(rig.venv)
    await rig.make('half')
  },
  'while the second try moved the old one on': async rig => {
    await rig.make('old')
    await beginVenv(rig.venv)
    await rig.make('half')
    const beside = join(rig.path, '.venv.courante-new')
    await mkdir(beside)
    await rename(join(rig.venv, '.courante-old'), join(beside, '.courante-old'))
  },
  'while the new one was given up': async rig => {
    await rig.make('old')
    await beginVenv(rig.venv)
    await rig.make('half')
    await rename(rig.venv, join(rig.path, '.venv.courante-new'))
  },
}
for (const [moment, arrange] of Object.entries(moments)) {
  test(`killed ${moment}: the next try ends with the new one, or with the old one`, async () => {
    for (const [end, expected] of [
      [commitVenv, 'new'],
      [abandonVenv, 'old'],
    ] as const) {
      await using rig = await makeRig()
      await arrange(rig)
      await beginVenv(rig.venv)
      await rig.make('new')
      await end(rig.venv)
      assert.equal(await rig.found(), expected)
    }
  })
}

test('killed while the old one was removed: the new one is whole, and the rest goes with the next change', async () => {
  await using rig = await makeRig()
  await rig.make('new')
  await rig.make('old', join(rig.venv, '.courante-old'))
  assert.equal(isUnfinished(rig.venv), false)
  await commitVenv(rig.venv)
  assert.equal(await rig.found(), 'new')
})

test('who is at work in a venv is known as long as it lives', async () => {
  await using rig = await makeRig()
  assert.equal(busyWith(rig.venv), undefined)
  await beginVenv(rig.venv)
  assert.equal(busyWith(rig.venv), undefined, 'that is this process itself')
  const pid = process.ppid
  const mark = join(rig.venv, '.courante-unfinished')
  await writeFile(mark, JSON.stringify(identify(pid)))
  assert.equal(busyWith(rig.venv), pid)
  await writeFile(mark, JSON.stringify({ ...identify(pid), started: 'long ago' }))
  assert.equal(busyWith(rig.venv), undefined)
  await commitVenv(rig.venv)
  const scratch = await beginPackages(rig.venv)
  await writeFile(join(scratch, 'owner'), JSON.stringify(identify(pid)))
  assert.equal(busyWith(rig.venv), pid)
})
