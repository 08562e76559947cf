import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { builtPage } from '../support/built-page.ts'

const most = 200 * 1024

test('the first load is at most 200 KB compressed; formulas, diagrams and colours of code come later', async context => {
  const folder = await builtPage()
  const document = await readFile(join(folder, 'index.html'), 'utf8')
  const entries = [...document.matchAll(/(?:src|href)="\/([^"]+\.(?:js|css))"/g)].map(([, file = '']) => file)
  const sizes = new Map<string, number>()
  // What the document names, and what those files import at once.
  for (const file of entries) await measure(folder, file, sizes)
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  const lines = [...sizes].toSorted(([, a], [, b]) => b - a).map(([file, size]) => `${size} ${file}`)
  context.diagnostic(`first load: ${total} bytes`)
  assert.ok(entries.some(file => file.endsWith('.css')) && entries.length > 2, document)
  assert.ok(total <= most, `${total} bytes are more than ${most}:\n${lines.join('\n')}`)

  const later = ['typeset', 'colours', 'mermaid']
  const all = await readdir(join(folder, 'assets'))
  for (const name of later) {
    const chunk = all.find(file => file.startsWith(`${name}-`) && file.endsWith('.js'))
    assert.ok(chunk !== undefined, `${name} is a part of its own`)
    assert.ok(!sizes.has(`assets/${chunk}`), `${name} is not loaded at first`)
  }
})

async function measure(folder: string, file: string, sizes: Map<string, number>): Promise<void> {
  if (sizes.has(file)) return
  const text = await readFile(join(folder, file))
  sizes.set(file, gzipSync(text).length)
  if (!file.endsWith('.js')) return
  for (const [, imported = ''] of text.toString().matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g))
    await measure(folder, `assets/${imported}`, sizes)
}
