import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Model } from '../../models/model.ts'
import { itemsOf } from './item.ts'
import { describe } from './screen.ts'

test('what a stranger wrote on a hub can steer no terminal from the question', () => {
  const model: Model = {
    id: 'a',
    why: 'a \u001B[2K\rmodel',
    licence: 'MIT\u001B[1A\u001B]0;x\u0007',
    from: { url: 'https://example.invalid/a.bin', sha256: '00'.repeat(32), bytes: 7 },
    base: '/s/models/files',
    folder: '/s/models/files/a',
    files: [{ path: 'a.bin' }],
  }
  const items = itemsOf([
    { type: 'fetch_model', model, dir: '/s', modelsDir: '/s/models/files', repair: false },
  ])
  const faults = new Map([['a', 'npm said \u009B2J']])
  const text = describe(items, { dir: '/s', env: {}, faults })
  assert.match(text, /MIT\?\[1A\?\]0;x\?/)
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
})
