import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { keep, keeper, kept } from './keeper.ts'

const original = Object.getOwnPropertyDescriptor(globalThis, 'localStorage')
afterEach(() => {
  if (original === undefined) Reflect.deleteProperty(globalThis, 'localStorage')
  else Object.defineProperty(globalThis, 'localStorage', original)
})
const storage = (get: () => unknown): void =>
  void Object.defineProperty(globalThis, 'localStorage', { configurable: true, get })

test('what is kept is there again, until it is forgotten', () => {
  const values = new Map<string, string>()
  storage(() => ({
    getItem: (key: string) => values.get(key) ?? null,
    setItem: (key: string, value: string) => values.set(key, value),
    removeItem: (key: string) => values.delete(key),
  }))
  keep('courante.room', 'kitchen')
  assert.equal(kept('courante.room'), 'kitchen')
  keep('courante.room', null)
  assert.equal(keeper.getItem('courante.room'), null)
})

test('a browser that refuses to keep anything, or has no room left, is no fault of the page', () => {
  storage(() => {
    throw new DOMException('denied', 'SecurityError')
  })
  keep('courante.room', 'kitchen')
  assert.equal(kept('courante.room'), null)
  storage(() => ({
    getItem: () => null,
    setItem: () => {
      throw new DOMException('full', 'QuotaExceededError')
    },
  }))
  keeper.setItem('courante.room', 'kitchen')
})

test('a fault of ours is still one', () => {
  storage(() => undefined)
  assert.throws(() => kept('courante.room'), TypeError)
})
