import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pastedFiles } from './pasted.ts'
import {
  changeUploads,
  isSettled,
  mostFileBytes,
  newUpload,
  nextToSend,
  type UploadEvent,
} from './uploads.ts'

const file = (name: string, size = 5) => ({ name, size, type: 'image/png' })
const three = [1, 2, 3].map(key => newUpload(key, file(`${key}.png`)))
const after = (...events: UploadEvent[]) => events.reduce(changeUploads, three)

test('two files go at a time, the next when one is there or has failed', () => {
  assert.deepEqual(
    nextToSend(three).map(({ key }) => key),
    [1, 2],
  )
  const both = after({ type: 'begin', key: 1 }, { type: 'begin', key: 2 })
  assert.deepEqual(nextToSend(both), [])
  const one = changeUploads(both, { type: 'fail', key: 1, problem: { title: 'no' } })
  assert.deepEqual(
    nextToSend(one).map(({ key }) => key),
    [3],
  )
})

test('one that failed blocks nothing, and can be tried again', () => {
  const failed = after(
    { type: 'begin', key: 1 },
    { type: 'fail', key: 1, problem: { title: 'no' } },
    { type: 'begin', key: 2 },
    { type: 'done', key: 2, file: 'x', url: '/files/x/2.png', served: 'image/png' },
    { type: 'remove', keys: [3] },
  )
  assert.ok(failed.every(isSettled))
  const again = changeUploads(failed, { type: 'retry', key: 1 })
  assert.deepEqual(again[0]?.state, { type: 'waiting' })
})

test('what comes late from one that was removed changes nothing', () => {
  const removed = after({ type: 'begin', key: 1 }, { type: 'remove', keys: [1] })
  for (const event of [
    { type: 'progress', key: 1, progress: 0.5 },
    { type: 'done', key: 1, file: 'x', url: '/', served: '' },
  ] as const)
    assert.equal(changeUploads(removed, event), removed)
})

test('a file that the server would refuse is told at once', () => {
  assert.equal(newUpload(1, file('a', mostFileBytes)).state.type, 'waiting')
  for (const size of [mostFileBytes + 1, 0]) {
    const { state } = newUpload(1, file('a', size))
    assert.ok(state.type === 'failed' && state.final)
  }
})

test('a pasted picture is a file with a name of its own', () => {
  const picture = new File(['x'], 'image.png', { type: 'image/png' })
  const noon = new Date(2026, 10, 2, 12, 5, 9)
  const data = (types: string[]) => ({ types, files: [picture] as unknown as FileList })
  const [named] = pastedFiles(data(['Files']), noon)
  assert.equal(named?.name, 'Pasted 2026-11-02 12.05.09.png')
  assert.equal(named.type, 'image/png')
})

test('pasted text stays text, also where an office program offers its picture', () => {
  const picture = new File(['x'], 'image.png')
  const files = [picture] as unknown as FileList
  assert.deepEqual(pastedFiles({ types: ['text/plain', 'text/html', 'Files'], files }, new Date()), [])
  assert.equal(pastedFiles({ types: ['text/plain', 'Files'], files }, new Date()).length, 1)
})
