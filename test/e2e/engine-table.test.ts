import assert from 'node:assert/strict'
import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from '../support/our-stack.ts'

test('docs/engines.md has a row for every engine that there is, and all of them hold to the contract', async () => {
  const rows = (await readFile(join(root, 'docs/engines.md'), 'utf8'))
    .split('\n')
    .filter(line => line.startsWith('| `'))
  for await (const path of glob('services/engines/*/*.ts', { cwd: root, exclude: ['**/node_modules/**'] })) {
    const text = await readFile(join(root, path), 'utf8')
    if (!text.includes('engineProgram(')) continue
    const name = path.slice('services/engines/'.length, -'.ts'.length)
    assert.ok(
      rows.some(row => row.startsWith(`| \`${name}\``)),
      `${name} has no row: run node test/engine-table.ts`,
    )
  }
  assert.deepEqual(
    rows.filter(row => row.includes('**no**')),
    [],
  )
})
