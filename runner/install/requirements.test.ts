import assert from 'node:assert/strict'
import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { compareRequirements, parseRequirements, readInstalled, readRequirements } from './requirements.ts'

test('comments, options and continued lines ask for nothing by themselves', () => {
  const text = '# all\n\n--index-url https://example.invalid/x\nnumpy \\\n  >= 1.26 , <3  # why\n'
  assert.deepEqual(parseRequirements(text), [{ type: 'plain', name: 'numpy', specifier: '>=1.26,<3' }])
})

test('names are compared as Python compares them', () => {
  const wanted = parseRequirements('Typing_Extensions==4.12.0\nzope.interface\n')
  const installed = new Map([
    ['typing-extensions', '4.12.0'],
    ['zope-interface', '6.0'],
  ])
  assert.deepEqual(compareRequirements(wanted, installed), { unmet: [], unsure: [] })
})

test('what only pip can judge is not guessed', () => {
  const lines = [
    'tomli>=1; python_version < "3.11"',
    'uvicorn[standard]>=0.30',
    'pkg @ https://example.invalid/p.whl#sha256=00',
    '-e .',
    '-c constraints.txt',
    'numpy==1.26.*',
  ]
  const installed = new Map([['numpy', '1.26.4']])
  assert.deepEqual(compareRequirements(parseRequirements(lines.join('\n')), installed), {
    unmet: [],
    unsure: lines,
  })
})

test('a missing package and one that is too old are unmet', () => {
  const wanted = parseRequirements('a>=2\nb\nc')
  const installed = new Map([
    ['a', '1.9'],
    ['c', '1'],
  ])
  assert.deepEqual(compareRequirements(wanted, installed), { unmet: ['a>=2', 'b'], unsure: [] })
})

test('included files count, files that are not there do not, and a circle ends', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'courante-requirements-'))
  const [main, base, none] = ['requirements.txt', 'base.txt', 'requirements-dev.txt'].map(name =>
    join(folder.path, name),
  )
  assert.ok(main !== undefined && base !== undefined && none !== undefined)
  await writeFile(main, '-r base.txt\na\n')
  await writeFile(base, '-r requirements.txt\nb==1\n')
  assert.deepEqual(readRequirements([main, none]), {
    files: [main, base],
    wanted: [
      { type: 'plain', name: 'a', specifier: '' },
      { type: 'plain', name: 'b', specifier: '==1' },
    ],
  })
})

test('installed packages are read from their METADATA; a folder without it is none', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'courante-requirements-'))
  await mkdir(join(folder.path, 'Foo_Bar-1.2.dist-info'))
  await mkdir(join(folder.path, 'gone-1.dist-info'))
  await writeFile(
    join(folder.path, 'Foo_Bar-1.2.dist-info/METADATA'),
    'Metadata-Version: 2.1\nName: Foo_Bar\nVersion: 1.2\n\nVersion: 9\n',
  )
  assert.deepEqual([...readInstalled(folder.path)], [['foo-bar', '1.2']])
})
