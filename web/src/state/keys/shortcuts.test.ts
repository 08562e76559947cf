import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isShortcut, listedShortcuts, shortcutOf, shortcuts, type KeyPress } from './shortcuts.ts'

const plain: Omit<KeyPress, 'key'> = {
  repeat: false,
  isComposing: false,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  field: 'none',
}

test('letters do the same in either case, and Shift is part of the character', () => {
  assert.equal(shortcutOf({ ...plain, key: 'n' }), 'newRoom')
  assert.equal(shortcutOf({ ...plain, key: 'N', shiftKey: true }), 'newRoom')
  assert.equal(shortcutOf({ ...plain, key: '?', shiftKey: true }), 'help')
  assert.equal(shortcutOf({ ...plain, key: 'q' }), undefined)
})

test('Ctrl and the Command key are one, with whatever else is pressed', () => {
  assert.equal(shortcutOf({ ...plain, key: 'k', ctrlKey: true }), 'search')
  assert.equal(shortcutOf({ ...plain, key: 'k', metaKey: true }), 'search')
  assert.equal(shortcutOf({ ...plain, key: 'k' }), undefined)
  assert.equal(shortcutOf({ ...plain, key: 'ArrowUp', altKey: true }), 'roomBefore')
})

test('in a field only keys with Ctrl or Alt are ours', () => {
  for (const key of ['n', '/', '?', 'm', 'Escape'])
    assert.equal(shortcutOf({ ...plain, key, field: 'text' }), undefined, key)
  assert.equal(shortcutOf({ ...plain, key: 'k', ctrlKey: true, field: 'text' }), 'search')
  assert.equal(shortcutOf({ ...plain, key: 'ArrowDown', altKey: true, field: 'text' }), 'roomAfter')
  // Opens a choice.
  assert.equal(shortcutOf({ ...plain, key: 'ArrowDown', altKey: true, field: 'other' }), undefined)
  assert.equal(shortcutOf({ ...plain, key: 'k', ctrlKey: true, field: 'other' }), 'search')
})

test('an input method, a held key and the browser’s own keys are left alone', () => {
  for (const other of ['repeat', 'isComposing', 'ctrlKey', 'metaKey', 'altKey'])
    assert.equal(shortcutOf({ ...plain, key: 'm', [other]: true }), undefined, other)
  assert.equal(isShortcut('send', { ...plain, key: 'Enter', isComposing: true }), false)
})

test('keys of a field or a message hold only there', () => {
  assert.equal(shortcutOf({ ...plain, key: 'c' }), undefined)
  assert.equal(isShortcut('copyMessage', { ...plain, key: 'c' }), true)
  assert.equal(isShortcut('newLine', { ...plain, key: 'Enter', shiftKey: true }), true)
  assert.equal(isShortcut('send', { ...plain, key: 'Enter', shiftKey: true }), false)
})

test('no key does two things in one place, and everything is in the list', () => {
  const listed = listedShortcuts()
  for (const { rows } of listed) {
    const keys = rows.flatMap(row => row.keys)
    assert.equal(new Set(keys).size, keys.length)
  }
  assert.equal(listed.flatMap(({ rows }) => rows).length, Object.keys(shortcuts).length)
})
