import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listKey } from './list-key.ts'

const plain = { ctrlKey: false, metaKey: false, isComposing: false, keyCode: 0 }

test('arrows go round the list, pages stop at its ends, Enter takes', () => {
  assert.equal(listKey({ ...plain, key: 'ArrowDown' }, 0, 20), 1)
  assert.equal(listKey({ ...plain, key: 'ArrowDown' }, 19, 20), 0)
  assert.equal(listKey({ ...plain, key: 'ArrowUp' }, 0, 20), 19)
  assert.equal(listKey({ ...plain, key: 'PageDown' }, 15, 20), 19)
  assert.equal(listKey({ ...plain, key: 'PageUp' }, 3, 20), 0)
  assert.equal(listKey({ ...plain, key: 'ArrowDown' }, 4, 0), 0)
  assert.equal(listKey({ ...plain, key: 'Enter' }, 0, 20), 'take')
  assert.equal(listKey({ ...plain, key: 'Enter' }, 0, 0), undefined)
  assert.equal(listKey({ ...plain, key: 'k', ctrlKey: true }, 0, 20), 'nothing')
  assert.equal(listKey({ ...plain, key: 'k' }, 0, 20), undefined)
})

test('the Enter that ends an input method’s word takes nothing', () => {
  assert.equal(listKey({ ...plain, key: 'Enter', isComposing: true }, 0, 20), undefined)
  assert.equal(listKey({ ...plain, key: 'Enter', keyCode: 229 }, 0, 20), undefined)
})
