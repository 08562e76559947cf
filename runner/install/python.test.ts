import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { findPython } from './python.ts'

/** Folders with programs that answer as a Python would, or fail as a shim does. */
async function fakePythons(programs: Record<string, string>) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'courante-python-'))
  for (const [path, script] of Object.entries(programs)) {
    const file = join(folder.path, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, `#!/bin/sh\n${script}\n`)
    await chmod(file, 0o755)
  }
  const env = { PATH: join(folder.path, 'bin'), PYENV_ROOT: join(folder.path, 'pyenv') }
  return { path: folder.path, env, [Symbol.asyncDispose]: () => folder.remove() }
}

const answers = (version: string, ensurepip = true) => `echo '${JSON.stringify({ version, ensurepip })}'`
const shim = 'echo "pyenv: python3.12: command not found" >&2; exit 127'

test('a shim that fails is not a Python: the next candidate is taken', async () => {
  await using fakes = await fakePythons({ 'bin/python3.12': shim, 'bin/python3.13': answers('3.13.0') })
  assert.deepEqual(await findPython('>=3.12', fakes.env), {
    type: 'found',
    interpreter: { path: join(fakes.path, 'bin/python3.13'), version: '3.13.0' },
  })
})

test("pyenv's own versions are looked at when PATH has none that fits", async () => {
  await using fakes = await fakePythons({
    'bin/python3': answers('3.11.7'),
    'pyenv/versions/3.8.18/bin/python': answers('3.8.18'),
    'pyenv/versions/3.12.1/bin/python': answers('3.12.1'),
  })
  const search = await findPython('>=3.12', fakes.env)
  assert.equal(search.type === 'found' && search.interpreter.version, '3.12.1')
})

test('none: each candidate is named with the reason', async () => {
  await using fakes = await fakePythons({
    'bin/python3.12': shim,
    'bin/python3.13': answers('3.13.0', false),
    'bin/python3': answers('3.11.7'),
    'bin/python': 'echo hello',
  })
  assert.deepEqual(await findPython('>=3.12,<3.14', fakes.env), {
    type: 'none',
    tried: [
      { candidate: 'python3.12', reason: 'does_not_run', detail: 'pyenv: python3.12: command not found' },
      { candidate: 'python3.13', reason: 'no_ensurepip', version: '3.13.0' },
      { candidate: 'python3', reason: 'wrong_version', version: '3.11.7' },
      { candidate: 'python', reason: 'does_not_run', detail: 'it does not answer like a Python 3' },
    ],
  })
})
