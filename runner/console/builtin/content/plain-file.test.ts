import assert from 'node:assert/strict'
import { appendFile, rename, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { tempDir } from '../../../../test/support/temp.ts'
import { PlainFile } from './plain-file.ts'

suite('a plain file as a log', () => {
  test('may appear later, grow, be truncated and be replaced', async () => {
    await using folder = await tempDir()
    const path = join(folder.path, 'notes.txt')
    const file = new PlainFile(path)
    const text = (): string => {
      file.refresh()
      return Buffer.from(file.read(0, 100)).toString()
    }
    assert.equal(text(), '')
    await writeFile(path, 'one\n')
    assert.equal(text(), 'one\n')
    await appendFile(path, 'two\n')
    assert.equal(text(), 'one\ntwo\n')
    assert.equal(Buffer.from(file.read(4, 2)).toString(), 'tw')
    await truncate(path, 3)
    assert.equal(text(), 'one')
    await writeFile(join(folder.path, 'next'), 'another')
    await rename(join(folder.path, 'next'), path)
    assert.equal(text(), 'another')
    file.close()
  })
})
