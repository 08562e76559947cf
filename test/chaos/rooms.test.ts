import assert from 'node:assert/strict'
import { test } from 'node:test'
import { roomKills } from './room-kills.ts'

test(
  'ten writers, and a server that is killed again and again: every message is there, once, in order',
  { timeout: 120_000 },
  async () => {
    const { kills, faults } = await roomKills(15, 7, 10)
    assert.deepEqual(faults, [])
    assert.equal(kills, 15)
  },
)
