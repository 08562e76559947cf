import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Me } from '../../../../services/backend/protocol.ts'
import { documentTitle, pagesFor } from './places.ts'

const local: Me = { mode: 'local', name: 'ann', role: 'admin', via: 'local', scopes: 'all' }
const names = (me: Me): string[] => pagesFor(me).map(({ name }) => name)

test('everybody is offered what they may open, by the name that fits', () => {
  assert.deepEqual(names(local), ['Models', 'System', 'Transcript', 'Agents', 'Preferences'])
  const admin: Me = { ...local, mode: 'accounts', via: 'session' }
  assert.deepEqual(names(admin), ['Models', 'System', 'Transcript', 'Admin', 'Profile'])
  assert.deepEqual(names({ ...admin, role: 'user' }), ['Models', 'Profile'])
})

test('the tab says where one is, what is unread and whether the microphone is on', () => {
  assert.equal(documentTitle('kitchen', 0, false), 'kitchen — Courante')
  assert.equal(documentTitle('kitchen', 3, false), '(3) kitchen — Courante')
  assert.equal(documentTitle('kitchen', 100, true), '● (99+) kitchen — Courante')
  assert.equal(documentTitle(undefined, 0, false), 'Courante')
})
