import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { Message } from '../../services/chat/protocol.ts'
import { RoomHouse } from '../support/room-house.ts'
import { Spawned } from '../support/spawned.ts'

const old = ['alice: one', 'bob: last']
const text = 'alice:\tone\n\nbob:\tlast\n\n'

/** What has to hold after a kill at any step; `done`: the caller was told that it happened. */
type Judge = (house: RoomHouse, done: boolean) => Promise<void> | void
const actions: [action: string, judge: Judge][] = [
  [
    'post',
    async ({ rooms }, done) => {
      const room = await rooms.room('alice/notes')
      const there = (await said(room)).length === 3
      if (done) assert.ok(there)
      const { repeated } = await room.post({ author: 'bob', text: 'two\nlines', key: 'k' })
      assert.equal(repeated, there)
      assert.deepEqual(await said(room), [...old, 'bob: two\nlines'])
      assert.equal(readFileSync(rooms.path('alice/notes'), 'utf8'), `${text}bob:\ttwo\n\tlines\n\n`)
    },
  ],
  [
    'edit',
    async ({ rooms }, done) => {
      const now = await said(await rooms.room('alice/notes'))
      const edited = ['alice: edited', 'bob: last']
      assert.deepEqual(now, done || now[0] === edited[0] ? edited : old)
    },
  ],
  [
    'clear',
    async (house, done) => {
      const now = await said(await house.rooms.room('alice/notes'))
      assert.deepEqual(now, done || now.length === 0 ? [] : old)
      if (now.length === 0) assert.deepEqual(kept(house), [text])
    },
  ],
  [
    'rename',
    async (house, done) => {
      const { rooms } = house
      const ids = rooms.list().map(({ id }) => id)
      assert.ok(ids.length === 1 && (ids[0] === 'alice/diary' || !done), ids.join())
      const id = ids[0] ?? ''
      assert.deepEqual([...(rooms.entry(id)?.members ?? [])], [['bob', 'reader']])
      assert.deepEqual(await said(await rooms.room(id)), old)
      assert.equal(rooms.unread(id, 'bob'), 1)
    },
  ],
  [
    'remove',
    async (house, done) => {
      const there = house.rooms.entry('alice/notes') !== undefined
      assert.ok(!done || !there)
      assert.equal(kept(house).includes(text), !there)
    },
  ],
  [
    'create',
    async ({ rooms }, done) => {
      const there = rooms.entry('alice/new')
      assert.ok(!done || there !== undefined)
      if (there !== undefined) assert.equal(there.owner, 'alice')
      else await rooms.create('alice/new', { owner: 'alice' })
    },
  ],
]

for (const [action, judge] of actions) {
  test(`killed at any step of it: ${action}`, { timeout: 120_000 }, async () => {
    let step = 0
    for (let done = false; !done;) {
      await using house = await RoomHouse.open()
      await house.rooms.importText('alice/notes', text, { owner: 'alice' })
      await house.rooms.setMembers('alice/notes', new Map([['bob', 'reader']]))
      house.rooms.mark('alice/notes', 'bob', 12)
      await house.stop()
      await using program = new Spawned('test/support/programs/room-step.ts', [action, house.home], {
        STOP_AT: String(++step),
      })
      const code = await program.ended()
      done = program.stdout.includes('done')
      assert.ok(code === null || (code === 0 && done), `step ${step} ${program.stderr}`)
      await house.start()
      try {
        await judge(house, done)
        assert.deepEqual(leftovers(house), [])
      } catch (error) {
        throw new Error(`killed at step ${step}:\n${program.stderr}`, { cause: error })
      }
    }
    assert.ok(step > 2, `${step} steps`)
  })
}

async function said(room: { list(range: { limit: number }): Promise<Message[]> }): Promise<string[]> {
  return (await room.list({ limit: 100 })).map(({ author, text }) => `${author ?? ''}: ${text}`)
}

function kept(house: RoomHouse): string[] {
  return readdirSync(house.file('.old')).map(name => readFileSync(house.file(`.old/${name}`), 'utf8'))
}

function leftovers(house: RoomHouse): string[] {
  const folders = ['', 'alice'].filter(folder => existsSync(house.file(folder)))
  return folders
    .flatMap(folder => readdirSync(house.file(folder)))
    .filter(name => name.startsWith('.') && !['.old', '.lock', '.lock-owner', '.live'].includes(name))
}
