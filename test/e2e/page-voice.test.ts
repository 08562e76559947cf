import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { noChromium } from '../support/chromium.ts'
import { PageRig } from '../support/page-rig.ts'
import { haveVoices, modelsDir, plainWords, speech } from '../support/speech.ts'
import { Spawned } from '../support/spawned.ts'
import { tempDir } from '../support/temp.ts'

const noSpeech =
  noChromium || (!haveVoices() && 'the models that hear and speak, or the sample, are not here')

/** Its browser's microphone plays a beep again and again, and silence between. */
let rig: PageRig
before(async () => {
  if (noChromium === false) rig = await PageRig.start()
})
after(async () => rig?.[Symbol.asyncDispose]())

test(
  'what is said becomes a message, and the last words still do after M',
  { skip: noChromium },
  async () => {
    await using _ = await startStandIn(['First.', 'Last words.'])
    const { page, said } = await room('said')
    await page.getByRole('textbox', { name: /^Message/ }).blur()
    const button = page.getByRole('button', { name: 'Microphone' })
    await page.keyboard.press('m')
    await page.getByText('Hearing you').waitFor()
    assert.equal(await button.getAttribute('aria-pressed'), 'true')
    assert.match(await page.title(), /^●/)
    // A screen reader says what goes on, and not each word that is heard.
    await page
      .getByRole('status')
      .filter({ hasText: /^Hearing you$/ })
      .waitFor()
    // Escape is the menu's, and the microphone stays on.
    await page.getByRole('button', { name: 'Voice', exact: true }).click()
    await page.keyboard.press('Escape')
    await page.getByRole('menuitemcheckbox').first().waitFor({ state: 'hidden' })
    assert.equal(await button.getAttribute('aria-pressed'), 'true')
    const posted = page.waitForResponse(isPost)
    await page.keyboard.press('m')
    await posted
    await page.getByRole('main').getByText('First.').first().waitFor()
    assert.equal(await button.getAttribute('aria-pressed'), 'false')
    assert.deepEqual(await said(), ['First.'])
    const again = page.waitForResponse(isPost)
    await button.click()
    await page.getByText('Hearing you').waitFor()
    await button.click()
    await again
    assert.deepEqual(await said(), ['First.', 'Last words.'])
  },
)

test(
  'sound without words posts nothing; leaving the room turns the microphone off',
  { skip: noChromium },
  async () => {
    await using engine = await startStandIn([])
    const { page, said } = await room('silent')
    await page.getByRole('button', { name: 'Microphone' }).click()
    await page.getByText('Hearing you').waitFor()
    await rig.must('POST', '/api/rooms', { id: 'elsewhere' })
    await page.getByRole('link', { name: 'elsewhere' }).click()
    await engine.saw(/session over/)
    const button = page.getByRole('button', { name: 'Microphone' })
    await page.getByRole('heading', { name: 'elsewhere' }).waitFor()
    assert.equal(await button.getAttribute('aria-pressed'), 'false')
    assert.deepEqual(await said(), [])
  },
)

test('with “Send what I say” off the words go into the draft', { skip: noChromium }, async () => {
  await using _ = await startStandIn(['For later.'])
  const { page, said } = await room('dictated')
  await page.getByRole('button', { name: 'Voice', exact: true }).click()
  await page.getByRole('menuitemcheckbox', { name: 'Send what I say' }).click()
  const field = page.getByRole('textbox', { name: /^Message/ })
  await field.fill('Note:')
  await page.getByRole('button', { name: 'Microphone' }).click()
  await page.getByText('Hearing you').waitFor()
  await page.getByRole('button', { name: 'Microphone' }).click()
  await page.waitForFunction(`document.querySelector('textarea').value === 'Note: For later.'`)
  assert.deepEqual(await said(), [])
})

test(
  'an engine that is missing is told in the backend’s words, and Escape clears them',
  { skip: noChromium },
  async () => {
    const refuse = { code: 'model_missing', message: 'The model is not installed.', todo: 'Run npm run up.' }
    await using _ = await startStandIn([], refuse)
    const { page } = await room('missing')
    await page.getByRole('textbox', { name: /^Message/ }).blur()
    await page.keyboard.press('m')
    const told = page.getByRole('alert').getByText('The model is not installed. Run npm run up.')
    await told.waitFor()
    await page.keyboard.press('Escape')
    await told.waitFor({ state: 'detached' })
  },
)

test('a microphone that is not allowed is told in words', { skip: noChromium }, async () => {
  const { page } = await room('blocked', [])
  await page.getByRole('button', { name: 'Microphone' }).click()
  await page.getByRole('alert').getByText('The microphone is blocked for this page').waitFor()
  await page.getByRole('button', { name: 'Dismiss' }).click()
  await page.getByText('The microphone is blocked').waitFor({ state: 'detached' })
})

test('on an address of the network the page says why it can’t listen', { skip: noChromium }, async () => {
  const { page } = await room('insecure')
  // What a browser says of http://192.168.1.2 and the like.
  await page.addInitScript(`Object.defineProperty(window, 'isSecureContext', { value: false })`)
  await page.reload()
  await page.getByRole('button', { name: 'Microphone' }).click()
  await page.getByRole('alert').getByText('This address can’t use the microphone').waitFor()
})

test(
  'a backend that goes while the microphone is on turns it off, in words',
  { skip: noChromium },
  async () => {
    await using _ = await startStandIn([])
    const { page } = await room('killed')
    const button = page.getByRole('button', { name: 'Microphone' })
    await button.click()
    await page.getByText('Hearing you').waitFor()
    await rig.server.kill()
    await page.getByRole('alert').getByText('The connection to the backend was lost').waitFor()
    assert.equal(await button.getAttribute('aria-pressed'), 'false')
    await rig.server.again()
  },
)

test('an answer is read aloud as it comes, and stops at once', { skip: noChromium }, async () => {
  const { page } = await room('reading', undefined, ['Courante'])
  const asked = await speechOf(page)
  await page.getByRole('button', { name: 'Voice', exact: true }).click()
  await page.getByRole('menuitemcheckbox', { name: 'Read answers aloud here' }).click()
  await page.getByRole('textbox', { name: /^Message/ }).fill('Tell me.')
  await page.keyboard.press('Enter')
  const answer = await rig.model.asked()
  await answer.say('Once upon a **time**.')
  answer.done()
  await page.getByText('Reading aloud').waitFor()
  assert.match(asked[0]?.text ?? '', /^Once upon a time/)
  await page.getByRole('button', { name: 'Stop', exact: true }).click()
  await page.getByText('Reading aloud').waitFor({ state: 'detached' })
})

test(
  'what is read in a room where nobody may write is stopped by Escape, by its button, and by leaving',
  { skip: noChromium },
  async () => {
    await rig.must('POST', '/api/rooms', { id: 'put away', agents: [] })
    await rig.must('POST', '/api/rooms/put%20away/messages', { text: 'Once upon a time.' })
    await rig.must('PATCH', '/api/rooms/put%20away', { archived: true })
    const page = await rig.page('/rooms/put%20away')
    await speechOf(page)
    const start = page.getByRole('button', { name: 'Read aloud' })
    const reading = page.getByText('Reading aloud')
    for (const stop of [
      () => page.keyboard.press('Escape'),
      () => page.getByRole('button', { name: 'Stop', exact: true }).click(),
    ]) {
      await page.getByRole('article').hover()
      await start.click()
      await reading.waitFor()
      await stop()
      await reading.waitFor({ state: 'detached' })
    }
    await page.getByRole('article').hover()
    await start.click()
    await reading.waitFor()
    await page.getByRole('link', { name: 'Models' }).click()
    await page.getByRole('heading', { name: 'Models', level: 1 }).waitFor()
    await page.goBack()
    await page.getByRole('article').hover()
    await start.waitFor()
    assert.equal(await reading.count(), 0)
    await page.context().close()
  },
)

test('a voice that can’t be had is told in the server’s words', { skip: noChromium }, async () => {
  const { page } = await room('mute', undefined, ['Courante'])
  await page.route('**/api/speech', route =>
    route.fulfill({
      status: 503,
      contentType: 'application/problem+json',
      body: JSON.stringify({ code: 'core_absent', title: 'Nothing here can speak', status: 503 }),
    }),
  )
  await answered(page, 'Silence.')
  await page.getByRole('article').filter({ hasText: 'Silence.' }).hover()
  await page.getByRole('button', { name: 'Read aloud' }).last().click()
  await page.getByText('Nothing here can speak').waitFor()
})

test('who speaks for half a second over a voice stops it, and is heard', { skip: noChromium }, async () => {
  await using folder = await tempDir()
  const microphone = join(folder.path, 'talk.wav')
  await writeFile(microphone, tone(1, 3))
  await using own = await PageRig.start({ microphone })
  await using _ = await startStandIn(['Wait a moment.'], undefined, own)
  const { page, said } = await room('interrupt', ['microphone'], ['Courante'], own)
  await speechOf(page)
  await answered(page, 'A long story.', own)
  await page.getByRole('article').filter({ hasText: 'A long story.' }).hover()
  await page.getByRole('button', { name: 'Read aloud' }).last().click()
  await page.getByText('Reading aloud').waitFor()
  await page.getByRole('button', { name: 'Microphone' }).click()
  const posted = page.waitForResponse(isPost)
  await page.getByText('Reading aloud').waitFor({ state: 'detached' })
  await page.getByRole('button', { name: 'Microphone' }).click()
  await posted
  assert.equal((await said()).at(-1), 'Wait a moment.')
})

test(
  'words spoken into the microphone become a message, and a voice reads aloud',
  { skip: noSpeech },
  async () => {
    await using own = await PageRig.start({ microphone: speech.path })
    const { page, said } = await room('real', ['microphone'], [], own)
    // The real one takes its place.
    await own.model[Symbol.asyncDispose]()
    await using core = new Spawned('services/core/main.ts', [], {
      ...own.server.env,
      COURANTE_MODELS: modelsDir,
    })
    await core.saw(/core ready/)
    await page.getByRole('button', { name: 'Microphone' }).click()
    await page.getByText('Hearing you').waitFor()
    await page
      .getByRole('main')
      .getByText(/you can do for your country/i)
      .first()
      .waitFor()
    await page.getByRole('button', { name: 'Microphone' }).click()
    const heard = plainWords((await said()).join(' ')).split(' ')
    // The browser bends the sound a little: one word in 22 may be another.
    const missing = speech.words.split(' ').filter(word => !heard.includes(word))
    assert.ok(missing.length <= 1, `missing ${missing.join(' ')} in: ${heard.join(' ')}`)

    await own.must('POST', '/api/rooms/real/messages', { text: 'Well **said**.' })
    const message = page.getByRole('article').filter({ hasText: 'Well said.' })
    await message.hover()
    await message.getByRole('button', { name: 'Read aloud' }).click()
    await page.getByText('Reading aloud').waitFor()
    // To its end.
    await page.getByText('Reading aloud').waitFor({ state: 'detached' })
  },
)

function isPost(response: { url(): string; request(): { method(): string } }): boolean {
  return response.url().endsWith('/messages') && response.request().method() === 'POST'
}

async function room(
  id: string,
  permissions = ['microphone'],
  agents: string[] = [],
  of = rig,
): Promise<{ page: Page; said: () => Promise<string[]> }> {
  await of.must('POST', '/api/rooms', { id, agents })
  const page = await of.page(`/rooms/${id}`, { permissions })
  await page.getByRole('textbox', { name: /^Message/ }).waitFor()
  const said = async (): Promise<string[]> => {
    const { messages } = await of.must('GET', `/api/rooms/${id}/messages`)
    return (messages as { text: string }[]).map(({ text }) => text)
  }
  return { page, said }
}

/** Somebody asks, and this is the answer. */
async function answered(page: Page, text: string, of = rig): Promise<void> {
  await page.getByRole('textbox', { name: /^Message/ }).fill('Tell me.')
  await page.keyboard.press('Enter')
  const answer = await of.model.asked()
  await answer.say(text)
  answer.done()
  await page.getByRole('article').filter({ hasText: text }).waitFor()
}

/** An engine that hears these texts in any sound. */
async function startStandIn(
  texts: string[],
  refuse?: { code: string; message: string; todo: string },
  of = rig,
): Promise<Spawned> {
  const engine = new Spawned(
    'test/support/portal-engine.ts',
    [JSON.stringify({ texts, refuse })],
    of.server.env,
  )
  await engine.saw(/^core ready$/m)
  return engine
}

/** Twenty seconds of a quiet tone in place of every voice; what was asked to be said. */
async function speechOf(page: Page): Promise<{ text: string }[]> {
  const asked: { text: string }[] = []
  await page.route('**/api/speech', async route => {
    asked.push(route.request().postDataJSON() as { text: string })
    await route.fulfill({ contentType: 'audio/wav', body: tone(0, 20) })
  })
  return asked
}

/** A WAV file: so many seconds of silence, and so many of a tone. */
function tone(silence: number, seconds: number): Buffer {
  const rate = 24_000
  const head = Buffer.alloc(44)
  head.write('RIFF', 0)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(rate, 24)
  head.writeUInt32LE(rate * 2, 28)
  head.writeUInt16LE(2, 32)
  head.writeUInt16LE(16, 34)
  head.write('data', 36)
  const sound = Buffer.alloc((silence + seconds) * rate * 2)
  for (let n = silence * rate; n < sound.length / 2; n++)
    sound.writeInt16LE(Math.round(8000 * Math.sin(n / 12)), n * 2)
  head.writeUInt32LE(sound.length + 36, 4)
  head.writeUInt32LE(sound.length, 40)
  return Buffer.concat([head, sound])
}
