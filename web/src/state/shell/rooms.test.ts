import assert from 'node:assert/strict'
import { test } from 'node:test'
import { roomIdSchema, type RoomInfo } from '../../../../services/chat/protocol.ts'
import { nameFromFile, roomNameFault } from './room-name.ts'
import { groupRooms, homeRoom, inOrder, neighbour, roomAt, roomHref, roomName, unreadOf } from './rooms.ts'

function room(id: string, more: Partial<RoomInfo> = {}): RoomInfo {
  const rest = { owner: null, role: 'owner' as const, archived: false, bytes: 0, changed: '', unread: 0 }
  return { id, ...rest, agents: [], present: [], ...more }
}
const rooms = [
  room('zoo', { unread: 2 }),
  room('Ann/notes', { unread: 1 }),
  room('bob/plans'),
  room('lobby'),
  room('attic', { archived: true, unread: 7 }),
  room('room 10'),
  room('room 9'),
]

test('rooms stand in groups, the lobby first, the others by name as people count', () => {
  const groups = groupRooms(rooms, 'ann')
  const ids = (list: readonly RoomInfo[]): string[] => list.map(({ id }) => id)
  assert.deepEqual(ids(groups.open), ['lobby', 'room 9', 'room 10', 'zoo'])
  assert.deepEqual(ids(groups.own), ['Ann/notes'])
  assert.deepEqual(ids(groups.shared), ['bob/plans'])
  assert.deepEqual(ids(groups.archived), ['attic'])
  assert.equal(roomName('Ann/notes', 'ann'), 'notes')
  assert.equal(roomName('bob/plans', 'ann'), 'bob/plans')
})

test('one goes through the rooms in their order, around the ends', () => {
  const order = inOrder(groupRooms(rooms, 'ann'))
  assert.equal(neighbour(order, 'lobby', 1), 'room 9')
  assert.equal(neighbour(order, 'lobby', -1), 'bob/plans')
  assert.equal(neighbour(order, undefined, 1), 'lobby')
  assert.equal(neighbour(order, 'attic', -1), 'bob/plans')
  assert.equal(neighbour([room('lobby')], 'lobby', 1), undefined)
  assert.equal(neighbour([], 'lobby', 1), undefined)
})

test('the page opens where one was last, else in the lobby, else in the first room', () => {
  const groups = groupRooms(rooms, 'ann')
  assert.equal(homeRoom(groups, 'zoo'), 'zoo')
  assert.equal(homeRoom(groups, 'attic'), 'attic')
  assert.equal(homeRoom(groups, 'gone'), 'lobby')
  assert.equal(homeRoom(groupRooms([room('zoo'), room('kitchen')], 'ann'), null), 'kitchen')
  assert.equal(homeRoom(groupRooms([], 'ann'), null), undefined)
})

test('archived rooms make no noise, and addresses keep what names have', () => {
  assert.equal(unreadOf(rooms), 3)
  assert.equal(roomHref('ann/my notes', 12), '/rooms/ann%2Fmy%20notes?m=12')
})

test('a name is refused here exactly where the server would refuse it', () => {
  const names = ['kitchen', 'my room', 'Küche', '日本', 'a.b-c_d', '7', 'x'.repeat(64), 'é'.repeat(64)]
  const faulty = [
    '',
    ' a',
    'a ',
    'a.',
    '.a',
    '-a',
    'a/b/c',
    'a:b',
    'a\tb',
    'x'.repeat(65),
    '日'.repeat(67),
    'a\u200bb',
    '🙂',
    '\u0301a',
  ]
  for (const name of names) assert.equal(roomNameFault(name), undefined, name)
  for (const name of faulty) assert.notEqual(roomNameFault(name), undefined, name)
  for (const name of [...names, ...faulty])
    assert.equal(
      roomNameFault(name) === undefined,
      roomIdSchema.safeParse(name).success,
      JSON.stringify(name),
    )
})

test('a file gives its room a name that may be', () => {
  for (const file of [
    'kitchen.bb',
    '  (2) my: file.BB',
    '..hidden.txt',
    'a\u200bb.bb',
    `${'long '.repeat(30)}.bb`,
  ])
    assert.equal(roomNameFault(nameFromFile(file)), undefined, file)
  assert.equal(nameFromFile('kitchen.bb'), 'kitchen')
  assert.equal(nameFromFile('???.bb'), '')
})

test('an address leads to a room and back, also one that was written by hand', () => {
  assert.equal(roomAt(roomHref('ann/tool shed')), 'ann/tool shed')
  assert.equal(roomAt('/rooms/100%'), '100%')
  assert.equal(roomAt('/models'), undefined)
})
