import assert from 'node:assert/strict'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { identify } from '../../lib/process-identity.ts'
import type { AgentInput } from '../../services/chat/agents/agent.ts'
import { pictureNames } from '../../services/portal/picture-names.ts'
import { agentRig } from '../support/agent-rig.ts'
import type { Asked } from '../support/agent-model.ts'
import { png } from '../support/png.ts'

const red = png(2, 2, [255, 0, 0])

/** A room with one agent, and a way to send files to it. */
async function house(agent: AgentInput = { name: 'Ada' }) {
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

function imagesOf({ request }: Asked): readonly string[] {
  return pictureNames(request.messages)
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
  await at.post('Mia', text)
  const seeing = await at.model.asked()
  assert.equal(imagesOf(seeing).length, 1)
  seeing.fail({ code: 'unsupported', message: 'It does not see.' })
  const blind = await at.model.asked()
  assert.notEqual(blind.job.id, seeing.job.id)
  assert.deepEqual(imagesOf(blind), [])
  assert.equal(blind.told.at(-1), `user: ${text}`)
  assert.ok(!(await readdir(blind.job.folder)).some(name => name.endsWith('.png')))
  blind.done('A link.')
  await at.heard.ends(1)
  assert.deepEqual(
    at.heard.story.filter(line => line.startsWith('ended')),
    ['ended done'],
  )
})

test('a picture that can not be read is left out alone, and the model is told so', async () => {
  await using at = await house()
  const links = [
    await at.send('good.png', red),
    await at.send('bad.png', red),
    await at.send('fine.png', red),
  ]
  await at.post('Mia', links.join(' '))
  const first = await at.model.asked()
  const [good, bad, fine] = imagesOf(first)
  first.fail({ code: 'bad_image', message: `The picture ${bad} can not be read: it is damaged.` })
  const second = await at.model.asked()
  assert.deepEqual(imagesOf(second), [good, fine])
  assert.equal(second.told.at(-1), `user: ${links.join(' ')}\n\n[The picture bad.png can't be shown.]`)
  // Which one of them is not said: one after the other.
  second.fail({ code: 'bad_image', message: 'A picture can not be read.' })
  const third = await at.model.asked()
  assert.deepEqual(imagesOf(third), [fine])
  third.fail({ code: 'bad_image', message: 'A picture can not be read.' })
  const last = await at.model.asked()
  assert.deepEqual(imagesOf(last), [])
  last.done('No pictures.')
  await at.heard.ends(1)
})

test('of pictures in several messages, the newest is left out first, and no older one takes its place', async () => {
  await using at = await house({ name: 'Ada', turns: 'mention' })
  for (const shade of [0, 1, 2, 3, 4])
    await at.post('Mia', await at.send(`${shade}.png`, png(1, 1, [shade, 0, 0])))
  await at.post('Mia', '@Ada, what are they?')
  const first = await at.model.asked()
  const sent = imagesOf(first)
  assert.equal(sent.length, 4)
  first.fail({ code: 'bad_image', message: 'A picture can not be read.' })
  const second = await at.model.asked()
  assert.deepEqual(imagesOf(second), sent.slice(0, 3))
  second.done('Shades.')
  await at.heard.ends(1)
})

test('a picture that is removed on its way is taken as gone', async () => {
  await using at = await house()
  const links = [await at.send('red.png', red), await at.send('gone.png', png(1, 1, [0, 0, 0]))]
  const { uploads } = at
  const read = uploads.read.bind(uploads)
  uploads.read = async (file, range) => {
    const stream = await read(file, range)
    if (file.name === 'gone.png') await rm(uploads.pathOf(file), { force: true })
    return stream
  }
  await at.post('Mia', links.join(' '))
  const asked = await at.model.asked()
  assert.equal(imagesOf(asked).length, 1)
  assert.match(asked.told.at(-1) ?? '', /gone\.png can't be shown/)
  asked.done('Red.')
  await at.heard.ends(1)
})

test('a link in thoughts sends no picture, as nobody is told of them', async () => {
  await using at = await house({ name: 'Ada', turns: 'mention' })
  await at.post('Bob', `<think>Look: ${await at.send('red.png', red)}</think>Nothing to see.`)
  await at.post('Mia', '@Ada well?')
  const asked = await at.model.asked()
  assert.deepEqual(imagesOf(asked), [])
  asked.done('Nothing.')
  await at.heard.ends(1)
})

test('texts that JSON writes six times as long are cut so that the request can be read', async () => {
  await using at = await house({ name: 'Ada', turns: 'mention', model: 'large' })
  await at.core([{ id: 'large', kind: 'llm', vision: false, facts: { context: 1_000_000 } }])
  const noise = '\u0001'.repeat(32 * 1024)
  const links = [await at.send('a', noise), await at.send('b', noise), await at.send('c', noise)]
  for (let n = 0; n < 6; n++) await at.post('Mia', `${n}${'"'.repeat(60_000)}`)
  await at.post('Mia', links.join(' '))
  await at.post('Mia', '@Ada well?')
  const asked = await at.model.asked()
  assert.match(asked.told.at(-1) ?? '', /@Ada well\?$/)
  assert.ok(asked.told.join('').includes(noise))
  asked.done('Noise.')
  assert.equal((await at.heard.ends(1)).how, 'done')
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
  assert.deepEqual(imagesOf(blind), [])
  blind.done('Links.')
  await at.heard.ends(1)
  await at.core([{ id: 'blind', kind: 'llm', vision: true, facts: { context: 100_000 } }])
  await at.post('Mia', 'and now?')
  const seeing = await at.model.asked()
  assert.equal(imagesOf(seeing).length, 4)
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
