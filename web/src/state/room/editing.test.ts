import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message } from '../../../../services/chat/protocol.ts'
import { ApiError } from '../api.ts'
import { createEditing } from './editing.ts'

const message = (text: string, hash = text): Message => ({
  id: 3,
  author: 'ann',
  text,
  hash,
  offset: 0,
  end: 0,
})

test('what is typed stays where it is until it is saved or given up, also when it is opened again', () => {
  const rig = editing()
  rig.editing.open(message('old'))
  rig.editing.type(3, 'new')
  rig.editing.open(message('old'))
  assert.equal(rig.editing.store.get().get(3)?.text, 'new')
  rig.editing.close(3)
  assert.equal(rig.editing.store.get().size, 0)
})

test('the focus is taken once for each opening, and not by a box that comes back into view', () => {
  const { editing: box } = editing()
  box.open(message('old'))
  assert.deepEqual([box.takeFocus(3), box.takeFocus(3)], [true, false])
})

test('after a conflict, saving again replaces what stands there at that moment', async () => {
  const rig = editing()
  rig.editing.open(message('old'))
  rig.editing.type(3, 'new')
  const first = rig.editing.save(3)
  rig.puts[0]?.reject(new ApiError({ code: 'conflict', title: '', status: 409 }))
  await first
  assert.equal(rig.editing.store.get().get(3)?.problem?.code, 'conflict')
  // The stream tells it after the refusal.
  rig.state.now = message('theirs')
  const second = rig.editing.save(3)
  assert.deepEqual(
    rig.puts.map(({ old, text }) => `${old.text} > ${text}`),
    ['old > new', 'theirs > new'],
  )
  rig.puts[1]?.resolve()
  await second
  assert.equal(rig.editing.store.get().size, 0)
})

test('nothing is sent twice, and an empty text not at all', async () => {
  const rig = editing()
  rig.editing.open(message('old'))
  rig.editing.type(3, ' ')
  await rig.editing.save(3)
  rig.editing.type(3, 'new')
  void rig.editing.save(3)
  await rig.editing.save(3)
  rig.editing.type(3, 'newer')
  assert.equal(rig.puts.length, 1)
  assert.equal(rig.editing.store.get().get(3)?.text, 'new')
})

function editing() {
  const puts: { old: Message; text: string; resolve: () => void; reject: (error: Error) => void }[] = []
  const state = { now: message('old') }
  const editing = createEditing(
    () => state.now,
    (old, text) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      puts.push({ old, text, resolve, reject })
      return promise
    },
  )
  return { puts, state, editing }
}
