import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProblemError } from '../../../lib/problem.ts'
import { localUserName } from './local-user.ts'
import { checkUserName } from './user-name.ts'
import { nameSchema, roomIdSchema } from '../protocol.ts'

const codeOf = (name: string, others: string[] = []): string => {
  try {
    return `ok ${checkUserName(name, others)}`
  } catch (error) {
    if (error instanceof ProblemError) return error.problem.code
    throw error
  }
}

test('names of any one script are fine', () => {
  for (const name of [
    'alice',
    'Björn',
    'maria.k',
    'R2-D2',
    'Алиса',
    'Ελένη',
    '山田太郎',
    'ゆき山',
    '한글',
    'דנה',
  ])
    assert.equal(codeOf(name), `ok ${name}`)
  assert.equal(codeOf('Bjo\u0308rn'), 'ok Björn')
})

test('what is no name, or only looks like one, is refused', () => {
  for (const name of [
    '',
    ' alice',
    'a b',
    'a/b',
    '../x',
    '.live',
    '-a',
    'a\tb',
    'a\nb',
    'a:b',
    'a\0b',
    'x'.repeat(33),
    'alice.',
    'ａｌｉｃｅ',
    'аlice',
    'аlісе',
    'ﬁn',
    'al\u200bice',
    'alice\ufe0f',
    'al\u034fice',
    'alice\u{e0100}',
    'alice\u3164',
    'a\u202eb',
    '<b>',
    'a@b',
  ])
    assert.equal(codeOf(name), 'bad_name', JSON.stringify(name))
})

test('no name of a user, an agent or a room has invisible letters', () => {
  for (const hidden of ['\ufe0f', '\u034f', '\u{e0100}', '\u115f', '\u3164', '\u200d', '\u00ad']) {
    assert.ok(!nameSchema.safeParse(`Courante${hidden}`).success, JSON.stringify(hidden))
    for (const id of [`kitchen${hidden}`, `al${hidden}ice/notes`, `alice/no${hidden}tes`])
      assert.ok(!roomIdSchema.safeParse(id).success, JSON.stringify(id))
  }
  assert.equal(localUserName('al\ufe0fice'), 'alice')
})

test('the program’s own names and those that look like them are reserved', () => {
  for (const name of ['everyone', 'Everyone', 'system', 'courante', 'c0urante', 'SYSTEM'])
    assert.equal(codeOf(name), 'name_reserved', name)
  assert.equal(codeOf('admin'), 'ok admin')
})

test('nobody can be called what looks like somebody else', () => {
  for (const name of ['alice', 'ALICE', 'al1ce', 'aIice', 'AL1CE', 'alıce'])
    assert.equal(codeOf(name, ['Alice']), 'name_taken', name)
  // Wholly Cyrillic, drawn as Latin.
  assert.equal(codeOf('асе', ['ace']), 'name_taken')
  assert.equal(codeOf('b0b', ['bob']), 'name_taken')
  assert.equal(codeOf('Bjorn', ['Björn']), 'ok Bjorn')
})

test('the operating system’s user gets a name that fits into rooms', () => {
  assert.equal(localUserName('alice'), 'alice')
  assert.equal(localUserName('DOMAIN\\Bob Smith'), 'DOMAIN_Bob_Smith')
  assert.equal(localUserName('_www'), 'www')
  assert.equal(localUserName('$'), 'me')
  for (const name of ['x'.repeat(80), 'a.', 'ü ü', '1000', `${'x'.repeat(31)}.y`])
    assert.ok(nameSchema.safeParse(localUserName(name)).success, name)
})
