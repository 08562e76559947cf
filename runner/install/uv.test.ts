import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readPipSettings } from './pip-settings.ts'
import { findUv } from './uv.ts'

// Not what this machine itself is set to.
const none = '/dev/null'

/** A machine with uv on its PATH, whose pip.conf has these lines. */
async function machineWith(conf?: string) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'courante-uv-'))
  await writeFile(join(folder.path, 'uv'), '')
  await chmod(join(folder.path, 'uv'), 0o755)
  const config = process.platform === 'darwin' ? 'Library/Application Support/pip' : '.config/pip'
  await mkdir(join(folder.path, config), { recursive: true })
  if (conf !== undefined) await writeFile(join(folder.path, config, 'pip.conf'), conf)
  const env = { PATH: folder.path, HOME: folder.path, XDG_CONFIG_DIRS: folder.path }
  return { path: folder.path, env, [Symbol.asyncDispose]: () => folder.remove() }
}

test("uv is told of pip's wheel folders and index, and not by arguments, which all can read", async () => {
  await using machine = await machineWith(
    '[global]\nfind-links = /a\n    /b\n# x = y\ntimeout: 3\n[freeze]\nall = yes\n',
  )
  const index = 'https://me:secret@index.example.invalid/simple'
  const uv = findUv({ ...machine.env, PIP_INDEX_URL: index, PIP_NO_INDEX: '0', OFFLINE: '1' }, none)
  assert.equal(uv?.path, join(machine.path, 'uv'))
  assert.deepEqual(uv?.args, ['--offline'])
  assert.equal(uv?.env['UV_FIND_LINKS'], '/a,/b')
  assert.equal(uv?.env['UV_INDEX_URL'], index)
  assert.equal(uv?.env['UV_LINK_MODE'], 'copy')
})

test('with a setting that uv would not know, pip does it', async () => {
  await using machine = await machineWith(
    '[install]\nextra-index-url = https://index.example.invalid/simple\n',
  )
  assert.equal(findUv(machine.env, none), undefined)
  assert.equal(
    findUv({ ...machine.env, PIP_CONFIG_FILE: '/dev/null', PIP_FIND_LINKS: '/wheels,new' }, none),
    undefined,
  )
  assert.notEqual(findUv({ ...machine.env, PIP_CONFIG_FILE: '/dev/null' }, none), undefined)
  assert.equal(
    findUv({ ...machine.env, PIP_CONFIG_FILE: '/dev/null', PIP_CONSTRAINT: 'c.txt' }, none),
    undefined,
  )
})

test('without uv there is none', async () => {
  await using machine = await machineWith()
  assert.equal(findUv({ ...machine.env, PATH: '/nowhere' }), undefined)
})

test("variables go over files, of which pip's own can be switched off", async () => {
  await using machine = await machineWith('[global]\nno_index = true\nfind-links = /a\n')
  const env = { ...machine.env, PIP_FIND_LINKS: '/b' }
  const all = Object.fromEntries(readPipSettings(env, none))
  assert.deepEqual([all['no-index'], all['find-links']], ['true', '/b'])
  assert.deepEqual(
    [...readPipSettings({ ...env, PIP_CONFIG_FILE: '/dev/null' }, none)],
    [['find-links', '/b']],
  )
})
