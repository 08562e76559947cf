import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Result } from '../../services/portal/request.ts'
import { type Answer, check, checkExecutions, type Execution } from './portal-check.ts'

const accepted = new Map([
  ['a', 1],
  ['b', 2],
  ['c', 3],
  ['d', 4],
])
const good = (id: string, square: number): Result => ({ ok: true, id, square })
const crashed: Result = { ok: false, id: 'd', error: { code: 'engine_crashed', message: '' } }
const refused: Result = { ok: false, id: 'c', error: { code: 'internal', message: '' } }
const fine = [good('a', 1), good('b', 4), good('c', 9), crashed]
const clean = { lost: [], duplicated: [], corrupt: [], gaveUp: ['d'] }

test('a planted loss, duplicate and corruption are found', () => {
  assert.deepEqual(check({ accepted, answers: fine }), clean)
  assert.deepEqual(check({ accepted, answers: fine.slice(1) }), { ...clean, lost: ['a'] })
  assert.deepEqual(check({ accepted, answers: [...fine, good('b', 4)] }), { ...clean, duplicated: ['b'] })
  assert.deepEqual(check({ accepted, answers: [...fine, crashed] }), { ...clean, duplicated: ['d'] })
  assert.deepEqual(check({ accepted, answers: fine.with(1, good('b', 5)) }), { ...clean, corrupt: ['b'] })
  assert.deepEqual(check({ accepted, answers: fine.with(2, refused) }), { ...clean, corrupt: ['c'] })
  assert.deepEqual(check({ accepted, answers: [...fine, good('e', 25)] }), { ...clean, corrupt: ['e'] })
  const bent = { ...good('b', 4), bent: 'a file is missing' }
  assert.deepEqual(check({ accepted, answers: fine.with(1, bent) }), { ...clean, corrupt: ['b'] })
})

test('one answer seen twice is one; another folder, or another content in the same, is another', () => {
  const seen = { ...good('b', 4), folder: '1:2', attempt: 1 }
  const answers = fine.with(1, seen)
  assert.deepEqual(check({ accepted, answers: [...answers, { ...seen }] }), clean)
  const duplicated = { ...clean, duplicated: ['b'] }
  assert.deepEqual(check({ accepted, answers: [...answers, { ...seen, folder: '1:3' }] }), duplicated)
  assert.deepEqual(check({ accepted, answers: [...answers, { ...seen, attempt: 2 } as Answer] }), duplicated)
})

test('a process may cost what it had in flight when it was killed or stopped, and no more', () => {
  const begun = (id: string, pid: number): Execution => ({ id, attempt: 1, pid })
  const once = [begun('a', 1), begun('b', 1), begun('c', 1)]
  const again = [...once, begun('a', 2), begun('b', 2)]
  assert.deepEqual(checkExecutions(once, new Map(), 2), { again: 0, faults: [] })
  assert.deepEqual(checkExecutions(again, new Map([[1, 1]]), 2), { again: 2, faults: [] })
  const excess = checkExecutions([...again, begun('c', 3)], new Map([[1, 1]]), 2)
  assert.deepEqual(excess, { again: 3, faults: ['process 1, 1 blows: a~1 by 2, b~1 by 2, c~1 by 3'] })
  assert.deepEqual(checkExecutions([...again, begun('c', 3)], new Map([[1, 2]]), 2).faults, [])
  // Executed again, and nobody had been killed.
  const doubled = checkExecutions([...again, begun('a', 2)], new Map([[1, 1]]), 2)
  assert.deepEqual(doubled.faults, ['process 2, 0 blows: a~1 by 2'])
})
