import assert from 'node:assert/strict'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempDir } from '../../test/support/temp.ts'
import { formatTranscriptLine, TranscriptWriter } from './transcript.ts'

test('a line has local time with milliseconds, the direction and the text', () => {
  const at = new Date(2026, 0, 5, 7, 8, 9, 12)
  assert.equal(formatTranscriptLine('Hello there.', at), '2026-01-05 07:08:09.012 < Hello there.\n')
  assert.equal(formatTranscriptLine('Hi.', at, '>'), '2026-01-05 07:08:09.012 > Hi.\n')
})

test('whatever was heard stays one line, and steers no terminal', () => {
  const at = new Date(2026, 0, 5)
  const line = formatTranscriptLine(' one\r\ntwo\u2028three\u001B[31m\tfour ', at)
  assert.equal(line, '2026-01-05 00:00:00.000 < one two three [31m four\n')
})

test('a hundred lines at once stand in the order in which they were said', async () => {
  await using home = await tempDir()
  const path = join(home.path, 'transcript.log')
  const transcript = new TranscriptWriter(path)
  const texts = Array.from({ length: 100 }, (_, i) => `line ${i}`)
  for (const text of texts) void transcript.append(text, new Date())
  await transcript.flush()
  const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
  assert.deepEqual(
    lines.map(line => line.slice(line.indexOf('<') + 2)),
    texts,
  )
})

test('a line that cannot be written says so, and the next one is tried', async () => {
  await using home = await tempDir()
  const folder = join(home.path, 'later')
  const transcript = new TranscriptWriter(join(folder, 'transcript.log'))
  await assert.rejects(transcript.append('lost', new Date()), { code: 'ENOENT' })
  await mkdir(folder)
  await transcript.append('kept', new Date())
  assert.match(await readFile(join(folder, 'transcript.log'), 'utf8'), /< kept\n$/)
})
