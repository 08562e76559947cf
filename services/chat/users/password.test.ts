import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkPassword, PasswordHasher } from './password.ts'

const cheap = { memory: 64, passes: 1, parallelism: 1 }

test('a password is right, another is wrong, and what is kept is a PHC string of argon2id', async () => {
  const hasher = new PasswordHasher()
  const stored = await hasher.hash('correct horse')
  assert.match(stored, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
  assert.equal(await hasher.verify('correct horse', stored), 'right')
  assert.equal(await hasher.verify('correct hors', stored), 'wrong')
  assert.notEqual(await hasher.hash('correct horse'), stored)
})

test('the same letters in other code points are the same password', async () => {
  const hasher = new PasswordHasher(cheap)
  const stored = await hasher.hash('Z\u00fcrichsee')
  assert.equal(await hasher.verify('Zu\u0308richsee', stored), 'right')
})

test('a hash with other parameters still counts, and is outdated', async () => {
  const stored = await new PasswordHasher(cheap).hash('correct horse')
  const hasher = new PasswordHasher({ memory: 128, passes: 1, parallelism: 1 })
  assert.equal(await hasher.verify('correct horse', stored), 'outdated')
  assert.equal(await hasher.verify('wrong horse', stored), 'wrong')
})

test('nobody’s password costs as much as a real one, and is never right', async () => {
  const hasher = new PasswordHasher(cheap)
  assert.equal(await hasher.verify('correct horse', undefined), 'wrong')
  assert.equal(hasher.derived, 1)
})

test('passwords have 8 characters, as people count, and 1,000 bytes at most', async () => {
  assert.throws(() => checkPassword('1234567'), /less than 8/)
  // Seven characters, fourteen UTF-16 units.
  assert.throws(() => checkPassword('🐴'.repeat(7)))
  checkPassword('🐴'.repeat(8))
  checkPassword('x'.repeat(1000))
  assert.throws(() => checkPassword('ü'.repeat(501)))
  const hasher = new PasswordHasher(cheap)
  const stored = await hasher.hash('correct horse')
  assert.equal(await hasher.verify('x'.repeat(100_000), stored), 'wrong')
})

test('two are hashed at a time, the others wait their turn, and of a flood the rest is refused', async () => {
  const hasher = new PasswordHasher(cheap)
  const all = Array.from({ length: 100 }, () => hasher.hash('correct horse'))
  const done = await Promise.allSettled(all)
  assert.equal(done.filter(({ status }) => status === 'fulfilled').length, 66)
  assert.equal(hasher.derived, 66)
  for (const result of done)
    if (result.status === 'rejected') assert.equal(result.reason.problem.code, 'busy')
  assert.match(await hasher.hash('correct horse'), /^\$argon2id/)
})
