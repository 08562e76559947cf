import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatProblem } from './problem.ts'

test('words of another program in a problem keep their lines and steer no terminal', () => {
  const what = 'npm said:\n\tE\u001B[2J\r done'
  assert.equal(
    formatProblem({ code: 'x', what, todo: 'Ask\u0007 it.', exit: 1 }),
    'courante: npm said:\n\tE?[2J? done\n  → Ask? it.\n',
  )
})
