import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseBb } from '../../services/chat/bb/parse.ts'
import { AgentModel } from '../support/agent-model.ts'
import { openReplies } from '../support/agent-rig.ts'
import { Spawned } from '../support/spawned.ts'
import { tempDir } from '../support/temp.ts'

const program = 'test/support/programs/agent-step.ts'

/** `author: text` of each message of a home's room. */
async function room(home: string): Promise<string[]> {
  const text = await readFile(join(home, 'rooms/kitchen.bb'), 'utf8')
  return parseBb(text).map(({ author, text }) => `${author}: ${text}`)
}

test('a backend that is killed in the middle of a reply leaves what came, once and marked, and its job is withdrawn', async () => {
  await using dir = await tempDir()
  await using model = await AgentModel.open(dir.path)
  {
    await using backend = new Spawned(program, [dir.path, 'hello'], {})
    const asked = await model.asked()
    await asked.say('thinking', 'thought')
    await asked.say('Well, half a sen')
    await backend.saw(/half a sen/)
    backend.child.kill('SIGKILL')
    await backend.ended()
    assert.deepEqual(await room(dir.path), ['al: hello'])
    await using again = await openReplies(dir.path)
    await asked.withdrawn()
    assert.deepEqual(again.replies.live('kitchen'), [])
  }
  const kept = 'Courante: <think>thinking</think>\n\nWell, half a sen\n[interrupted]'
  assert.deepEqual(await room(dir.path), ['al: hello', kept])
  assert.deepEqual(await readdir(join(dir.path, 'rooms/.live')), [])
  await using third = await openReplies(dir.path)
  assert.deepEqual(third.lines, [])
  assert.deepEqual(await room(dir.path), ['al: hello', kept])
})

test('a backend that is killed before any of its changes to the file system gives each question one answer at most', async () => {
  await using dir = await tempDir()
  await using model = await AgentModel.open(dir.path)
  let over = false
  const answering = (async () => {
    while (!over) {
      const asked = await model.asked()
      const [question] = /\S+$/.exec(asked.told.at(-1) ?? '') ?? []
      await asked.say(`answer to ${question}`)
      await asked.say(' and more')
      asked.done()
    }
  })()
  let steps = 0
  for (let stopAt = 1; ; stopAt++) {
    await using backend = new Spawned(program, [dir.path, `q${stopAt}.`], { STOP_AT: String(stopAt) })
    const code = await backend.ended()
    steps = stopAt
    if (code === 0) break
    assert.equal(backend.child.signalCode, 'SIGKILL', backend.stderr)
  }
  over = true
  // The last question ends the loop above, and shows that all goes on as before.
  await using backend = new Spawned(program, [dir.path, 'last.'], {})
  assert.equal(await backend.ended(), 0, backend.stderr)
  await answering
  assert.ok(steps >= 8, `${steps} changes`)
  const texts = await room(dir.path)
  for (let n = 1; n <= steps; n++) {
    const answers = texts.filter(text => text.startsWith('Courante: ') && text.includes(`q${n}.`))
    assert.ok(answers.length <= 1, answers.join('\n'))
    for (const answer of answers)
      assert.match(
        answer,
        new RegExp(String.raw`^Courante: answer to q${n}\.( and more)?(\n\[interrupted\])?$`),
      )
  }
  assert.equal(texts.at(-1), 'Courante: answer to last. and more')
  assert.deepEqual(await readdir(join(dir.path, 'rooms/.live')), [])
})
