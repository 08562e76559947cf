import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Random } from './random.ts'
import { SchedulerWorld } from './scheduler-world.ts'

/** Over all seeds together. */
const events = 1_000_000
const seeds = 20

test('a million events: the budget holds, nothing is lost, starved, or used while it is unloaded', context => {
  let beside = 0
  for (let seed = 1; seed <= seeds; seed++) {
    const world = new SchedulerWorld(new Random(seed))
    world.run(events / seeds)
    assert.ok(world.longestWaitMs < 15 * 60_000, `a job waited for ${world.longestWaitMs} ms`)
    assert.ok(world.moved > 0)
    beside += world.beside
    const refused = [...world.refused].map(([reason, count]) => `${count} ${reason}`).join(', ')
    context.diagnostic(
      `seed ${seed}: ${world.events} events, ${world.done} jobs, refused ${refused}, ${world.moved} moved off the card, ${world.beside} beside it, longest wait ${Math.round(world.longestWaitMs / 1000)} s`,
    )
  }
  assert.ok(beside > 0)
})
