import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Found, Me } from '../../../../services/backend/protocol.ts'
import type { RoomInfo } from '../../../../services/chat/protocol.ts'
import { searchGroups } from './entries.ts'

const me: Me = { mode: 'local', name: 'ann', role: 'admin', via: 'local', scopes: 'all' }
const room = (id: string): RoomInfo => ({
  id,
  owner: null,
  role: 'owner',
  archived: false,
  agents: [],
  bytes: 0,
  changed: '',
  unread: 0,
  present: [],
})
const rooms = ['lobby', 'kitchen', 'ann/kit list'].map(room)
const found: Found = { at: 1, room: 'ann/kit list', id: 7, author: 'ann', snippet: 'x', hash: '01234567' }

test('places by name come before messages, and empty groups not at all', () => {
  const groups = searchGroups('kit', { me, rooms, found: [found], within: false })
  assert.deepEqual(
    groups.map(({ heading, entries }) => [
      heading,
      entries.map(entry => ('name' in entry ? entry.name : entry.href)),
    ]),
    [
      ['Rooms', ['kitchen', 'kit list']],
      ['Messages', ['/rooms/ann%2Fkit%20list?m=7']],
    ],
  )
})

test('without words everything that can be gone to is there', () => {
  const groups = searchGroups('', { me, rooms, found: [], within: false })
  assert.deepEqual(
    groups.map(({ heading, entries }) => [heading, entries.length]),
    [
      ['Rooms', 3],
      ['Pages', 7],
    ],
  )
})

test('within a room only its messages are offered', () => {
  assert.deepEqual(
    searchGroups('kit', { me, rooms, found: [found], within: true }).map(({ heading }) => heading),
    ['Messages'],
  )
})
