import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConnectionEvent } from './connection.ts'
import { connect, connectionInWords, startOfConnection } from './connection.ts'

const after = (...events: ConnectionEvent[]): string =>
  connectionInWords(events.reduce(connect, startOfConnection)).words

test('the connection in words', () => {
  assert.equal(after(), 'Connecting')
  assert.equal(after({ type: 'stream_opened' }), 'Connected')
  assert.equal(after({ type: 'stream_opened' }, { type: 'health', core: 'not ready' }), 'Core not ready')
  assert.equal(after({ type: 'health', core: 'not ready' }, { type: 'stream_broken' }), 'Reconnecting')
  assert.equal(after({ type: 'stream_opened' }, { type: 'stream_broken' }), 'Reconnecting')
  assert.equal(after({ type: 'stream_broken' }, { type: 'stream_opened' }), 'Connected')
})

test('an event without news changes nothing', () => {
  const open = connect(startOfConnection, { type: 'stream_opened' })
  assert.equal(connect(open, { type: 'stream_opened' }), open)
})
