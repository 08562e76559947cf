import assert from 'node:assert/strict'
import { chmod, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { ProblemError } from '../../lib/problem.ts'
import { tempDir } from '../../test/support/temp.ts'
import { readLocal, writeLocal } from './local-file.ts'

async function folderWith(text?: string) {
  const folder = await tempDir()
  const file = join(folder.path, 'stack.local.yaml')
  if (text !== undefined) await writeFile(file, text)
  const main = join(folder.path, 'stack.yaml')
  return {
    path: folder.path,
    file,
    main,
    choose: async (id: string) => {
      await writeLocal(main, 'language_model', id)
      return await readFile(file, 'utf8')
    },
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  }
}

suite('stack.local.yaml', () => {
  test('is made with a line that says what it is, and read again', async () => {
    await using at = await folderWith()
    assert.equal(await readLocal(at.main, 'language_model'), undefined)
    assert.match(await at.choose('qwen3-4b'), /^# Your own settings, .*\n\nlanguage_model: qwen3-4b\n$/)
    assert.equal(await readLocal(at.main, 'language_model'), 'qwen3-4b')
    assert.deepEqual(await readdir(at.path), ['stack.local.yaml'])
  })

  test('keeps all else that is in it: comments, order, long lines', async () => {
    const long = 'x'.repeat(200)
    const before = `# mine
services: { backend: { port: 8771 } } # the other is taken

# which one
language_model: starter # for now
logs:
  max_file: 1MB # ${long}
`
    await using at = await folderWith(before)
    assert.equal(await at.choose('ollama/qwen3:4b'), before.replace(': starter', ': ollama/qwen3:4b'))
  })

  test('may be empty, or hold nothing but comments', async () => {
    for (const before of ['', '# mine\n', '---\n']) {
      await using at = await folderWith(before)
      assert.match(await at.choose('a'), /^language_model: a$/m)
      assert.equal(await readLocal(at.main, 'language_model'), 'a')
    }
  })

  test('an id that YAML would take for a number stays an id', async () => {
    await using at = await folderWith('language_model: starter\n')
    await at.choose('7')
    assert.equal(await readLocal(at.main, 'language_model'), '7')
  })

  test('takes a list as well', async () => {
    await using at = await folderWith('# mine\nwithout: [a]\n')
    await writeLocal(at.main, 'without', ['a', 'b'])
    assert.equal(await readFile(at.file, 'utf8'), '# mine\nwithout:\n  - a\n  - b\n')
  })

  test('with a mistake in it is left as it is', async () => {
    for (const before of ['services: [', '- a list\n']) {
      await using at = await folderWith(before)
      await assert.rejects(at.choose('a'), ProblemError)
      assert.equal(await readFile(at.file, 'utf8'), before)
    }
  })

  test('stays a link, and stays readable for whom it was', async () => {
    await using at = await folderWith()
    await mkdir(join(at.path, 'dotfiles'))
    const real = join(at.path, 'dotfiles/stack.yaml')
    await writeFile(real, '# mine\n')
    await chmod(real, 0o600)
    await symlink(real, at.file)
    await at.choose('a')
    assert.equal(await readlink(at.file), real)
    assert.equal((await stat(real)).mode & 0o777, 0o600)
  })
})
