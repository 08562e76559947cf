import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import type { ReadStream } from 'node:fs'
import { test } from 'node:test'
import { type RoomFiles, withFiles } from './files.ts'

const id = (number: number): string => number.toString(16).padStart(32, '0')

/** Files that hold `bytes`, and how often each was opened. */
function shelf(bytes: Buffer) {
  const reads: string[] = []
  const files: RoomFiles = {
    get: id => ({ id, room: 'r', name: 'a.bin', type: 'application/octet-stream', bytes: 4, by: 'm', at: 0 }),
    read: file => {
      reads.push(file.id)
      return Promise.resolve(Readable.from([bytes]) as unknown as ReadStream)
    },
    pathOf: ({ id }) => `/uploads/${id}`,
  }
  return { reads, files }
}

const question = { room: 'r', own: 'Ada', bytes: 1000, pictures: 4, unseen: new Set<string>() }

test('a file that is no text is read once, however often it is linked', async () => {
  const { reads, files } = shelf(Buffer.from([0xff, 0, 1, 2]))
  const text = `[a](/files/${id(1)}/a.bin) `.repeat(1500)
  const message = { id: 1, author: 'Mia', text, offset: 0 }
  const { messages } = await withFiles([message, { ...message, id: 2 }], files, question)
  assert.deepEqual(reads, [id(1)])
  assert.equal(messages[1]?.text, text)
})

test('of a thousand files that a message links, some are looked at', async () => {
  const { reads, files } = shelf(Buffer.from([0xff, 0, 1, 2]))
  const text = Array.from({ length: 1000 }, (_, at) => `/files/${id(at)}/a.bin`).join(' ')
  await withFiles([{ id: 1, author: 'Mia', text, offset: 0 }], files, question)
  assert.equal(reads.length, 64)
})
