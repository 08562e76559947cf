import assert from 'node:assert/strict'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { identify } from '../../lib/process-identity.ts'
import { agentRig } from '../support/agent-rig.ts'
import { png } from '../support/png.ts'

const red = png(2, 2, [255, 0, 0])

/** A room with one agent, and a way to send files to it. */
async function house(agent: { name: string; model?: string } = { name: 'Ada' }) {
  const rig = await agentRig([agent])
  return {
    ...rig,
    /** The Markdown that the page writes for it. */
    send: async (name: string, bytes: Buffer | string): Promise<string> => {
      const body = (async function* () {
        yield await Promise.resolve(Buffer.from(bytes))
      })()
      const upload = { room: rig.room, name, by: 'ada', at: new Date(), announced: 0, quota: 1e9 }
      const file = await rig.uploads.add(upload, body)
      assert.ok('id' in file)
      return `[${name}](/files/${file.id}/${name})`
    },
    /** What core says of its models. */
    core: (models: readonly unknown[]) =>
      writeFile(join(rig.home, 'run/core.json'), JSON.stringify({ ...identify(process.pid), models })),
    [Symbol.asyncDispose]: () => rig[Symbol.asyncDispose](),
  }
}

test('an agent is given the pictures that were sent to its room, and what it says is its answer', async () => {
  await using at = await house()
  const text = `${await at.send('red.png', red)} what is it?`
  await at.post('Mia', text)
  const asked = await at.model.asked()
  const [message] = asked.request.messages
  assert.ok(message?.role === 'user' && message.images?.length === 1)
  assert.equal(message.content, text)
  const [name = ''] = message.images
  assert.deepEqual(await readFile(join(asked.job.folder, name)), red)
  asked.done('Red.')
  await at.heard.ends(1)
  // It is still there with the next question, once.
  await at.post('Mia', 'sure?')
  const next = await at.model.asked()
  assert.deepEqual(
    next.request.messages.map(one => (one.role === 'user' ? (one.images ?? []).length : -1)),
    [1, -1, 0],
  )
  next.done('Yes.')
  await at.heard.ends(2)
  assert.deepEqual(await at.texts(), [`Mia: ${text}`, 'Ada: Red.', 'Mia: sure?', 'Ada: Yes.'])
})

test('a model that turns out not to see is asked again with the link alone', async () => {
  await using at = await house()
  const text = await at.send('red.png', red)
  for (const code of ['unsupported', 'bad_image']) {
    await at.post('Mia', text)
    const seeing = await at.model.asked()
    assert.ok(JSON.stringify(seeing.request).includes('"images"'))
    seeing.fail({ code, message: 'It does not see.' })
    const blind = await at.model.asked()
    assert.notEqual(blind.job.id, seeing.job.id)
    assert.ok(!JSON.stringify(blind.request).includes('"images"'))
    assert.equal(blind.told.at(-1), `user: ${text}`)
    assert.ok(!(await readdir(blind.job.folder)).some(name => name.endsWith('.png')))
    blind.done('A link.')
  }
  await at.heard.ends(2)
  assert.deepEqual(
    at.heard.story.filter(line => line.startsWith('ended')),
    ['ended done', 'ended done'],
  )
})

test('a model that core knows not to see is never sent pictures, and one that sees gets the last four', async () => {
  await using at = await house({ name: 'Ada', model: 'blind' })
  await at.core([
    { id: 'blind', kind: 'llm', vision: false },
    { id: 'other', kind: 'llm', vision: true },
  ])
  const links: string[] = []
  for (const shade of [0, 1, 2, 3, 4, 5]) links.push(await at.send(`${shade}.png`, png(1, 1, [shade, 0, 0])))
  await at.post('Mia', links.join(' '))
  const blind = await at.model.asked()
  assert.ok(!JSON.stringify(blind.request).includes('"images"'))
  blind.done('Links.')
  await at.heard.ends(1)
  await at.core([{ id: 'blind', kind: 'llm', vision: true, facts: { context: 100_000 } }])
  await at.post('Mia', 'and now?')
  const seeing = await at.model.asked()
  const images = seeing.request.messages.flatMap(one => (one.role === 'user' ? (one.images ?? []) : []))
  assert.equal(images.length, 4)
  seeing.done('Red.')
  await at.heard.ends(2)
})

test('what stands in a small text file is told, marked as a file; what is large or no text stays a link', async () => {
  await using at = await house()
  const notes = await at.send('notes.txt', 'Buy milk.\n')
  const others = [
    await at.send('long.txt', 'x'.repeat(33 * 1024)),
    await at.send('noise.txt', Buffer.from([0xff, 0xfe, 0, 1])),
    await at.send('empty.txt', ''),
    '[gone](/files/0123456789abcdef0123456789abcdef/gone.txt)',
  ].join(' ')
  await at.post('Mia', `What shall I buy? ${notes}`)
  const asked = await at.model.asked()
  const told = `What shall I buy? ${notes}\n\n--- the file notes.txt ---\nBuy milk.\n--- end of notes.txt ---`
  assert.deepEqual(asked.told, [`user: ${told}`])
  // Saying the link again is not the file once more.
  asked.done(`Milk, as in ${notes}.`)
  await at.heard.ends(1)
  await at.post('Mia', `And these? ${others}`)
  const next = await at.model.asked()
  assert.deepEqual(next.told, [
    `user: ${told}`,
    `assistant: Milk, as in ${notes}.`,
    `user: And these? ${others}`,
  ])
  next.done('No.')
  await at.heard.ends(2)
})

test('files of another room are not told', async () => {
  await using at = await house()
  await at.rooms.create('cellar', { owner: null, agents: [] })
  const cellar = await at.rooms.room('cellar')
  const body = (async function* () {
    yield await Promise.resolve(Buffer.from('secret'))
  })()
  const upload = { room: cellar, name: 'a.txt', by: 'ada', at: new Date(), announced: 0, quota: 1e9 }
  const file = await at.uploads.add(upload, body)
  assert.ok('id' in file)
  await at.post('Mia', `[a](/files/${file.id}/a.txt)`)
  const asked = await at.model.asked()
  assert.ok(!JSON.stringify(asked.told).includes('secret'))
  asked.done('No.')
  await at.heard.ends(1)
})
