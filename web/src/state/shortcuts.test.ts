import assert from 'node:assert/strict'
import { test } from 'node:test'
import { shortcutOf } from './shortcuts.ts'

const plain = {
  repeat: false,
  isComposing: false,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  inText: false,
}

test('M toggles, Escape turns off', () => {
  assert.equal(shortcutOf({ ...plain, key: 'm' }), 'toggle')
  assert.equal(shortcutOf({ ...plain, key: 'M' }), 'toggle')
  assert.equal(shortcutOf({ ...plain, key: 'Escape' }), 'off')
  assert.equal(shortcutOf({ ...plain, key: 'n' }), undefined)
})

test('keys of the browser, of a text field and of an input method are left alone', () => {
  for (const other of ['repeat', 'isComposing', 'ctrlKey', 'metaKey', 'altKey', 'inText']) {
    assert.equal(shortcutOf({ ...plain, key: 'm', [other]: true }), undefined, other)
  }
})
