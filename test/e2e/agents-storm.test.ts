import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProblemError } from '../../lib/problem.ts'
import type { RoomEvent } from '../../services/chat/protocol.ts'
import { Random } from '../chaos/random.ts'
import type { Asked } from '../support/agent-model.ts'
import { agentRig, Heard } from '../support/agent-rig.ts'

// More by hand: COURANTE_TEST_STEPS=5000 COURANTE_TEST_SEED=1 node --test test/e2e/agents-storm.test.ts
const steps = Number(process.env['COURANTE_TEST_STEPS'] ?? 250)
const seed = Number(process.env['COURANTE_TEST_SEED'] ?? Date.now() % 1_000_000)

/** Lets others do something, more or less. */
async function breathe(random: Random, most: number): Promise<void> {
  for (let turns = random.below(most); turns > 0; turns--) await new Promise(setImmediate)
}

/** A model that says something, is slow, fails, and dies. */
async function answer(asked: Asked, random: Random): Promise<void> {
  for (let pieces = random.below(6); pieces > 0 && !asked.job.signal.aborted; pieces--) {
    await breathe(random, 20)
    const piece = random.pick(['word ', 'Bob: ', '\nal: ', '@Eva ', '@Bob ', '\n', 'Äöü 🦊 ', '<think>'])
    await asked.say(piece, random.pick(['text', 'text', 'thought']))
  }
  await breathe(random, 20)
  const how = random.below(12)
  if (how === 0) asked.fail({ code: 'no_memory', message: 'No room.' })
  else if (how === 1)
    asked.fail({ code: 'context_too_long', message: 'Long.', facts: { tokens: 3000, context: 2048 } })
  else if (how === 2 && asked.job.attempt < 3) asked.crash()
  else asked.done()
}

/** Each reply that began has ended once, in the file's order, and what readers had is what is kept. */
function check(heard: Heard): void {
  const of = <T extends RoomEvent['type']>(type: T) =>
    heard.events.filter((event): event is Extract<RoomEvent, { type: T }> => event.type === type)
  const started = of('reply.started').map(({ reply }) => reply)
  const ended = of('reply.ended').map(({ reply }) => reply)
  assert.deepEqual(ended.toSorted(), started.toSorted())
  assert.equal(new Set(started).size, started.length)
  for (const { reply, how } of of('reply.ended')) {
    const kept = of('message').filter(event => event.reply === reply)
    assert.ok(kept.length <= 1)
    const end = heard.events.findIndex(event => event.type === 'reply.ended' && event.reply === reply)
    const after = heard.events.slice(end + 1)
    assert.ok(
      !after.some(event => 'reply' in event && event.reply === reply),
      `${reply} goes on after its end`,
    )
    if (how === 'done') assert.equal(kept.length, 1)
  }
}

test('whatever is posted, stopped, changed and asked anew at once, each reply ends once and its room goes on', async context => {
  context.diagnostic(`COURANTE_TEST_SEED=${seed} COURANTE_TEST_STEPS=${steps}`)
  const random = new Random(seed)
  await using rig = await agentRig([
    { name: 'Bob' },
    { name: 'Eva' },
    { name: 'Log', turns: 'always', cooldown: 0.01 },
  ])
  const { rooms, replies, heard } = rig
  await rooms.create('hall', { owner: null, agents: ['Eva', 'Log'] })
  const hall = await rooms.room('hall')
  const hallHeard = new Heard(hall)
  const answers: Promise<void>[] = []
  // It waits for another request when the test ends.
  void (async () => {
    for (;;) answers.push(answer(await rig.model.asked(), random))
  })()
  const doSomething = async (): Promise<void> => {
    const room = random.pick([rig.room, hall])
    const last = (await room.list({ limit: 1 })).at(-1)
    const what = random.below(100)
    if (what < 55 || last === undefined) {
      const text = random.pick([
        'hello',
        '@Eva and @Bob',
        '@everyone',
        'Bob?',
        'x '.repeat(500),
        '```\n@Bob\n```',
      ])
      const { message } = await room.post({ author: random.pick(['al', 'cy']), text })
      void replies.posted(room, message)
    } else if (what < 65) await replies.poke(room)
    else if (what < 75) await replies.regenerate(room, last.hash)
    else if (what < 88) {
      const live = replies.live(room.id)
      if (live.length > 0) replies.stop(room.id, random.pick(live).reply)
    } else if (what < 91) await room.undo(last.hash)
    else if (what < 95) await room.edit(last.id, last.hash, `${last.text} edited`)
    else if (what < 97) await room.clear()
    else await rooms.rename(room.id, `${room.id.replace(/ .*/, '')} ${random.below(1000)}`)
  }
  for (let step = 0; step < steps; step++) {
    await doSomething().catch((error: unknown) => {
      // Somebody else was faster.
      if (!(error instanceof ProblemError)) throw error
    })
    await breathe(random, 30)
  }
  for (const room of [rig.room, hall]) await replies.leave(room.id)
  assert.deepEqual([...replies.live(rig.room.id), ...replies.live(hall.id)], [])
  check(heard)
  check(hallHeard)
  assert.deepEqual(await rig.live(), [])
  assert.deepEqual(
    rig.lines.filter(line => line.includes(' at ')),
    [],
    'no stack in the log',
  )
  // It all goes on.
  const began = heard.events.length
  await replies.poke(rig.room, 'Bob')
  await heard.until(event => heard.events.indexOf(event) >= began && event.type === 'reply.ended')
  await Promise.all(answers)
  const ends = heard.events.filter(event => event.type === 'reply.ended')
  context.diagnostic(
    `${ends.length} replies in one room: ${JSON.stringify(
      Object.groupBy(ends, ({ how }) => how),
      (key, value: unknown) => (Array.isArray(value) && key !== '' ? value.length : value),
    )}`,
  )
})
