import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ProblemError } from '../../../lib/problem.ts'
import { type TempDir, tempDir } from '../../../test/support/temp.ts'
import { parseAgent } from './agent-file.ts'
import { Agents } from './agents.ts'

/** Agents of a home whose log can be waited for. */
async function opened(files: Readonly<Record<string, string>> = {}) {
  const dir: TempDir = await tempDir()
  const folder = join(dir.path, 'agents')
  await mkdir(folder)
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  const lines: string[] = []
  const told = new EventTarget()
  const log = (line: string): void => {
    lines.push(line)
    told.dispatchEvent(new Event('line'))
  }
  const agents = await Agents.open({ home: dir.path, log })
  return {
    agents,
    folder,
    lines,
    nextLine: () => once(told, 'line'),
    /** Resolves when the watch has seen a change. */
    changed: async (isIt: () => boolean): Promise<void> => {
      while (!isIt()) await new Promise(resolve => setImmediate(resolve))
    },
    [Symbol.asyncDispose]: async () => {
      await agents.close()
      await dir[Symbol.asyncDispose]()
    },
  }
}

const codeOf = (code: string) => (error: unknown) =>
  error instanceof ProblemError && error.problem.code === code

test('the shipped agent is there, and a file with its name takes its place until it is removed', async () => {
  await using home = await opened()
  const { agents } = home
  assert.deepEqual(
    agents.list().map(({ name }) => name),
    ['Courante'],
  )
  assert.equal(agents.get('courante')?.turns, 'natural')
  assert.equal(agents.isShipped('COURANTE'), true)
  await agents.save({ name: 'courante', system: 'Mine.', turns: 'mention' })
  assert.equal(agents.get('Courante')?.system, 'Mine.')
  assert.equal(agents.isShipped('Courante'), false)
  assert.equal(agents.list().length, 1)
  await agents.save({ name: 'Bob' })
  assert.deepEqual(agents.defaults(), ['courante'])
  await agents.remove('Courante')
  assert.equal(agents.isShipped('Courante'), true)
  await assert.rejects(agents.remove('Courante'), codeOf('agent_shipped'))
  await assert.rejects(agents.remove('nobody'), codeOf('no_such_agent'))
})

test('a fault is told with file, line and column', () => {
  const fault = (text: string): string => {
    const read = parseAgent(text, 'a.yaml')
    return 'problem' in read ? read.problem : 'none'
  }
  assert.equal(fault('name: Bob'), 'none')
  assert.equal(fault('system: hi\n'), 'a.yaml:1:1: name: missing')
  assert.match(fault('name: Bob\nturns: sometimes\n'), /^a\.yaml:2:8: turns: .*"mention"\|"always"/)
  assert.equal(fault('name: Bob\ncontext:\n  token: 5\n'), 'a.yaml:3:3: context.token: unknown key')
  assert.match(fault('name: Bob\n  x: 1'), /^a\.yaml:\d+:\d+: /)
  assert.match(fault('name: Every:one\n'), /^a\.yaml:1:7: name: letters/)
  assert.match(fault('name: EVERYONE\n'), /^a\.yaml:1:7: name: @everyone means all/)
  assert.match(fault('- a\n'), /^a\.yaml:1:1: expected object/)
  assert.match(fault('name: Bob\ntemperature: 3\ncooldown: -1\n'), /^a\.yaml:2:14: .*\na\.yaml:3:11: /)
})

test('what is written counts at once; a broken file goes on as it was, and is told', async () => {
  await using home = await opened({ 'bob.yaml': 'name: Bob\nsystem: one\n' })
  const { agents, folder } = home
  const write = async (text: string): Promise<void> => {
    await writeFile(join(folder, '.new'), text)
    await rename(join(folder, '.new'), join(folder, 'bob.yaml'))
  }
  await write('name: Bob\nsystem: two\n')
  await home.changed(() => agents.get('Bob')?.system === 'two')
  const line = home.nextLine()
  await write('name: Bob\nsystem: three\nturns: never\n')
  await line
  await home.changed(() => agents.problems().length === 1)
  assert.equal(agents.get('Bob')?.system, 'two')
  assert.match(home.lines[0] ?? '', /bob\.yaml:3:8: turns: .* \(Bob goes on as it was\)/)
  assert.equal(agents.problems()[0]?.agent, 'Bob')
  await write('name: Bob\nsystem: four\n')
  await home.changed(() => agents.get('Bob')?.system === 'four')
  assert.deepEqual(agents.problems(), [])
})

test('of two files with one name the first counts, and the other is told', async () => {
  await using home = await opened({
    'a.yaml': 'name: Bob\nsystem: first\n',
    'b.yaml': 'name: bOB\nsystem: second\n',
    '.hidden.yaml': 'nonsense',
    'notes.txt': 'nonsense',
  })
  assert.equal(home.agents.get('bob')?.system, 'first')
  assert.deepEqual(
    home.agents.problems().map(({ problem }) => problem),
    [`${join(home.folder, 'b.yaml')}: a.yaml has the name bOB already`],
  )
})

test('what is no file of an agent is told, and holds nobody up', async () => {
  await using home = await opened({ 'big.yaml': `name: Big\nsystem: ${'x'.repeat(300_000)}\n` })
  await mkdir(join(home.folder, 'folder.yaml'))
  await symlink('nowhere', join(home.folder, 'link.yaml'))
  await writeFile(join(home.folder, 'real'), 'name: Linked\n')
  await symlink('real', join(home.folder, 'linked.yaml'))
  await home.changed(() => home.agents.get('Linked') !== undefined)
  const words = home.agents.problems().map(({ problem }) => problem.slice(home.folder.length + 1))
  assert.deepEqual(words, ['big.yaml: larger than 262144 bytes', 'folder.yaml: no plain file'])
})

test('an agent is saved whole into a file of its own, and nothing broken is', async () => {
  await using home = await opened({ 'Eva.yaml': 'name: Other\n' })
  await home.agents.save({ name: 'Eva', system: 'Line one.\nLine two: #3\n', context: { tokens: 100 } })
  assert.deepEqual((await readdir(home.folder)).sort(), ['Eva-2.yaml', 'Eva.yaml'])
  assert.equal(home.agents.get('eva')?.system, 'Line one.\nLine two: #3\n')
  await home.agents.save({ name: 'EVA' })
  assert.match(await readFile(join(home.folder, 'Eva-2.yaml'), 'utf8'), /^name: EVA\n/)
  await assert.rejects(home.agents.save({ name: '../x' }), codeOf('bad_agent'))
  await assert.rejects(home.agents.save({ name: 'Eva', temperature: 9 }), codeOf('bad_agent'))
})
