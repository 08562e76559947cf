import assert from 'node:assert/strict'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { RoomHouse } from '../../../test/support/room-house.ts'
import type { Room } from '../../chat/rooms/room.ts'
import type { Frame } from './frame.ts'
import type { Reader } from './reader.ts'
import { RoomStream } from './room-stream.ts'

test('who reads up slowly is told nothing faster than it reads, and what is said meanwhile afterwards', async () => {
  await using house = await RoomHouse.open()
  const room = await roomWith(house, ['0', '1', '2'])
  const stream = new RoomStream(room, { live: () => [], onPresence: () => undefined })
  const reader = new SlowReader()
  const joined = stream.join(reader, { offset: 0 })
  await reader.isWaitedFor()
  assert.deepEqual(reader.told, ['hello'])
  reader.read()
  await reader.isWaitedFor()
  assert.deepEqual(reader.told, ['hello', '0'])
  await room.post({ author: 'bob', text: '3' })
  room.publish({ type: 'reply.started', reply: 'r', agent: 'a' })
  await room.post({ author: 'bob', text: '4' })
  assert.deepEqual(reader.told, ['hello', '0'])
  reader.isFull = false
  reader.read()
  await joined
  const caughtUp = ['hello', '0', '1', '2', '3', 'reply.started', '4']
  assert.deepEqual(withoutPresence(reader), caughtUp)
  await room.post({ author: 'bob', text: '5' })
  assert.deepEqual(withoutPresence(reader), [...caughtUp, '5'])
  stream.close()
})

test('who leaves while it reads up is told no more; one for whom too much waits is sent away', async () => {
  await using house = await RoomHouse.open()
  const room = await roomWith(house, ['0', '1'])
  const stream = new RoomStream(room, { live: () => [], onPresence: () => undefined })
  const leaving = new SlowReader()
  const left = stream.join(leaving, { offset: 0 })
  await leaving.isWaitedFor()
  stream.leave(leaving)
  leaving.read()
  await left
  assert.deepEqual(leaving.told, ['hello'])
  const deaf = new SlowReader()
  const joined = stream.join(deaf, { offset: 0 })
  await deaf.isWaitedFor()
  for (let n = 0; n < 5; n++) await room.post({ author: 'bob', text: 'x'.repeat(1_000_000) })
  assert.equal(deaf.ended, 'unread')
  stream.leave(deaf)
  deaf.read()
  await joined
  stream.close()
})

/** Reads when the test says so. */
class SlowReader implements Reader {
  readonly user = 'alice'
  readonly request = new IncomingMessage(new Socket())
  readonly told: string[] = []
  isFull = true
  ended: string | undefined
  #waited = Promise.withResolvers<void>()
  #read = Promise.withResolvers<void>()

  send({ event }: Frame): void {
    this.told.push(event.type === 'message' ? event.message.text : event.type)
  }

  async drained(): Promise<void> {
    this.#waited.resolve()
    await this.#read.promise
  }

  /** The stream holds back what it has, until this reads. */
  async isWaitedFor(): Promise<void> {
    await this.#waited.promise
  }

  read(): void {
    const { resolve } = this.#read
    this.#waited = Promise.withResolvers()
    this.#read = Promise.withResolvers()
    resolve()
  }

  end(why: string): void {
    this.ended ??= why
  }

  ping(): void {}
}

function withoutPresence({ told }: SlowReader): string[] {
  return told.filter(type => type !== 'presence')
}

async function roomWith(house: RoomHouse, texts: readonly string[]): Promise<Room> {
  await house.rooms.create('kitchen', { owner: 'alice' })
  const room = await house.rooms.room('kitchen')
  for (const text of texts) await room.post({ author: 'bob', text })
  return room
}
