import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AnswerText } from './answer-text.ts'
import { closed, interrupted } from './marks.ts'

/** What is shown after each piece. */
function shown(others: readonly string[], ...pieces: string[]): string[] {
  const answer = new AnswerText('Bob', others)
  return pieces.map(text => {
    answer.add({ type: 'text', text })
    return answer.shown
  })
}

test('its own name before an answer is not shown, not even for a moment', () => {
  assert.deepEqual(shown([], 'Bo', 'b', ':', ' Hel', 'lo'), ['', '', '', 'Hel', 'Hello'])
  assert.deepEqual(shown([], '**bob:**', ' Hi'), ['', 'Hi'])
  assert.deepEqual(shown([], ' \nBobby', ' is here'), ['Bobby', 'Bobby is here'])
})

test('an answer ends where it would go on with the words of somebody else', () => {
  const answer = new AnswerText('Bob', ['al', 'Eva'])
  const seen: string[] = []
  for (const text of ['Well', '.\n', 'a', 'l', ': I know', '\nBob: no']) {
    answer.add({ type: 'text', text })
    seen.push(answer.shown)
  }
  assert.deepEqual(seen, ['Well', 'Well.', 'Well.', 'Well.', 'Well.', 'Well.'])
  assert.equal(answer.isOver, true)
  assert.equal(answer.whole, 'Well.')
  assert.deepEqual(shown(['al'], 'so\n', 'all', ' of it'), ['so', 'so\nall', 'so\nall of it'])
  assert.deepEqual(
    shown(['al'], 'In yaml:\n', 'Al: 1'),
    ['In yaml:', 'In yaml:\nAl: 1'],
    'names as they are written',
  )
})

test('thoughts come before the answer, folded in', () => {
  const answer = new AnswerText('Bob', [])
  answer.add({ type: 'thought', text: ' Hm' })
  assert.equal(answer.shown, '<think>Hm')
  answer.add({ type: 'thought', text: ', well. ' })
  answer.add({ type: 'text', text: 'Bob: ' })
  assert.equal(answer.shown, '<think>Hm, well. ')
  answer.add({ type: 'text', text: 'Yes.\n' })
  assert.equal(answer.whole, '<think>Hm, well.</think>\n\nYes.')
  answer.restart()
  assert.equal(answer.shown, '')
})

test('an answer that does not end is ended', () => {
  const answer = new AnswerText('Bob', [])
  for (let i = 0; i < 21; i++) answer.add({ type: 'text', text: 'x'.repeat(10_000) })
  assert.equal(answer.isOver, true)
  assert.equal(answer.whole.length, 200_000)
})

test('what was interrupted ends with the mark on a line of its own, and has no open thoughts', () => {
  assert.equal(interrupted('Half a sen'), 'Half a sen\n[interrupted]')
  assert.equal(interrupted('<think>Hm'), '<think>Hm\n</think>\n[interrupted]')
  assert.equal(closed('<think>Hm</think>\n\nYes '), '<think>Hm</think>\n\nYes')
})
