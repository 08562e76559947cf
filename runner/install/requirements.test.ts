import assert from 'node:assert/strict'
import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { compareRequirements } from './compare.ts'
import { readInstalled, type Installed } from './installed.ts'
import { parseRequirements, readRequirements } from './requirements.ts'

const values = { python_version: '3.12', sys_platform: 'linux' }
const plain = { type: 'plain', extras: [], specifier: '', marker: '' } as const
const packages = (versions: Record<string, string>): Installed =>
  new Map(Object.entries(versions).map(([name, version]) => [name, { version, extras: [], requires: [] }]))
const compare = (text: string, installed: Installed) =>
  compareRequirements(parseRequirements(text), installed, values)

test('comments, options, hashes and continued lines ask for nothing by themselves', () => {
  const text =
    '# all\n\n--index-url https://example.invalid/x\nnumpy \\\n  >= 1.26 , <3 \\\n --hash=sha256:00  # why\n'
  assert.deepEqual(parseRequirements(text), [{ ...plain, name: 'numpy', specifier: '>=1.26,<3' }])
})

test('a line is read with its extras and its marker', () => {
  assert.deepEqual(parseRequirements('Uvicorn[Standard, fast_x] (>=0.30) ; python_version < "4"\r\n'), [
    {
      type: 'plain',
      name: 'uvicorn',
      extras: ['standard', 'fast-x'],
      specifier: '>=0.30',
      marker: 'python_version < "4"',
    },
  ])
})

test('names are compared as Python compares them', () => {
  const installed = packages({ 'typing-extensions': '4.12.0', 'zope-interface': '6.0' })
  assert.deepEqual(compare('Typing_Extensions==4.12.0\nzope.interface\n', installed), {
    unmet: [],
    unsure: [],
  })
})

test('what only pip can judge is not guessed', () => {
  const lines = [
    'pkg @ https://example.invalid/p.whl#sha256=00',
    '-e .',
    '-c constraints.txt',
    './a.whl',
    'a==?',
  ]
  assert.deepEqual(compare(lines.join('\n'), packages({ a: '1' })), { unmet: [], unsure: lines })
})

test('a missing package and one that is too old are unmet, unless a marker says that they do not count', () => {
  const text = 'a>=2\nb\nc\nd; python_version < "3.8"\ne; sys_platform == "linux"'
  assert.deepEqual(compare(text, packages({ a: '1.9', c: '1' })), { unmet: ['a>=2', 'b', 'e'], unsure: [] })
})

test('an extra is met with what its package asks for under it, also in a circle', () => {
  const installed = (more: Record<string, string>): Installed =>
    new Map([
      ...packages(more),
      [
        'web',
        {
          version: '1.0',
          extras: ['fast', 'all'],
          requires: [
            'base>=1',
            'loop>=2; extra == "fast"',
            'old; extra == "fast" and python_version < "3"',
            'web[fast,all]; extra == "all"',
          ],
        },
      ],
    ])
  assert.deepEqual(compare('web[fast]', installed({})), { unmet: ['web[fast]'], unsure: [] })
  assert.deepEqual(compare('web[fast]', installed({ loop: '1' })), { unmet: ['web[fast]'], unsure: [] })
  assert.deepEqual(compare('web[fast]>=1\nweb[all]', installed({ loop: '2' })), { unmet: [], unsure: [] })
  assert.deepEqual(compare('web[nosuch]', installed({})), { unmet: [], unsure: ['web[nosuch]'] })
})

test('included files and constraints count, files that are not there do not, and a circle ends', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'courante-requirements-'))
  const at = (name: string) => join(folder.path, name)
  await writeFile(at('requirements.txt'), '-r base.txt\na\n-c limits.txt\n-e .\n-r gone.txt\n')
  await writeFile(at('base.txt'), '-r requirements.txt\nb==1\n')
  await writeFile(at('limits.txt'), 'b<2\n')
  await writeFile(at('pyproject.toml'), '')
  assert.deepEqual(readRequirements([at('requirements.txt'), at('requirements-dev.txt')]), {
    files: ['requirements.txt', 'limits.txt', 'pyproject.toml', 'base.txt'].map(at),
    wanted: [
      { ...plain, name: 'a' },
      { type: 'not_sure', text: '-c limits.txt' },
      { type: 'not_sure', text: '-e .' },
      { type: 'not_sure', text: '-r gone.txt' },
      { ...plain, name: 'b', specifier: '==1' },
    ],
  })
})

test('installed packages are read from their METADATA; a folder without it is none', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'courante-requirements-'))
  await mkdir(join(folder.path, 'Foo_Bar-1.2.dist-info'))
  await mkdir(join(folder.path, 'gone-1.dist-info'))
  await writeFile(
    join(folder.path, 'Foo_Bar-1.2.dist-info/METADATA'),
    'Metadata-Version: 2.1\nName: Foo_Bar\nVersion: 1.2\nProvides-Extra: Fast\nRequires-Dist: x>=1; extra == "Fast"\n\nVersion: 9\n',
  )
  assert.deepEqual(
    [...readInstalled(folder.path)],
    [['foo-bar', { version: '1.2', extras: ['fast'], requires: ['x>=1; extra == "Fast"'] }]],
  )
})
