import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attemptName, idSchema, newId, parseAttemptName, uuidV7 } from './ids.ts'

test('a new id is a UUIDv7, a valid id, and sorts by time', () => {
  const id = uuidV7(1_700_000_000_000, 'ffffffff-ffff-4fff-bfff-ffffffffffff')
  assert.equal(id, '018bcfe5-6800-7fff-bfff-ffffffffffff')
  assert.ok(idSchema.safeParse(newId()).success)
  const many = Array.from({ length: 100 }, newId)
  assert.deepEqual(many.toSorted(), many)
})

test('an attempt is read back from its name, and a bare id is attempt 1', () => {
  assert.deepEqual(parseAttemptName(attemptName({ id: 'a.b-c', attempt: 12 })), { id: 'a.b-c', attempt: 12 })
  assert.deepEqual(parseAttemptName('mine'), { id: 'mine', attempt: 1 })
  for (const bad of ['', '.hidden~1', 'a~0', 'a~x', 'a~1~2', '..', 'a/b~1', `${'x'.repeat(65)}~1`]) {
    assert.equal(parseAttemptName(bad), undefined, bad)
  }
})
