import assert from 'node:assert/strict'
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import { noChromium } from '../support/chromium.ts'
import { PageRig } from '../support/page-rig.ts'
import { tempDir } from '../support/temp.ts'

let rig: PageRig
before(async () => {
  if (noChromium === false) rig = await PageRig.start()
})
after(async () => rig?.[Symbol.asyncDispose]())

const dot = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

test('Enter sends, Shift-Enter makes a line, and the draft is empty then', { skip: noChromium }, async () => {
  const { page, field, said } = await room('keys')
  // Who opens a room can write at once.
  await page.waitForFunction(`document.activeElement?.matches('textarea')`)
  await page.keyboard.type('first')
  await page.keyboard.press('Shift+Enter')
  await page.keyboard.type('second')
  assert.equal(await field.inputValue(), 'first\nsecond')
  await page.keyboard.press('Enter')
  await page.getByText('second').waitFor()
  assert.deepEqual(await said(), ['first\nsecond'])
  assert.equal(await field.inputValue(), '')
  await page.reload()
  assert.equal(await field.inputValue(), '')
})

test('Enter that ends an input method’s word does not send', { skip: noChromium }, async () => {
  const { page, field, said } = await room('ime')
  const devtools = await page.context().newCDPSession(page)
  await field.focus()
  await devtools.send('Input.imeSetComposition', { text: 'にほ', selectionStart: 2, selectionEnd: 2 })
  assert.equal(await field.inputValue(), 'にほ')
  // As Chromium sends it while a word is being composed.
  await devtools.send('Input.dispatchKeyEvent', {
    type: 'rawKeyDown',
    key: 'Enter',
    windowsVirtualKeyCode: 229,
  })
  await devtools.send('Input.insertText', { text: '日本' })
  assert.equal(await field.inputValue(), '日本')
  await page.keyboard.press('Enter')
  await page.getByText('日本').waitFor()
  assert.deepEqual(await said(), ['日本'])
})

test('a draft lives through a reload and belongs to its room', { skip: noChromium }, async () => {
  const { page, field } = await room('drafts')
  await field.fill('half a sent')
  await rig.must('POST', '/api/rooms', { id: 'other' })
  await page.goto(`${rig.url}/rooms/other`)
  assert.equal(await field.inputValue(), '')
  await page.goto(`${rig.url}/rooms/drafts`)
  assert.equal(await field.inputValue(), 'half a sent')
})

test('@ offers the agents; arrows choose, Tab takes, Escape closes', { skip: noChromium }, async () => {
  for (const name of ['Anna', 'Max']) await rig.must('PUT', `/api/agents/${name}`, { turns: 'mention' })
  const { page, field } = await room('mentions', ['Anna', 'Max'])
  await field.pressSequentially('Ask @')
  await page.getByRole('option', { name: 'Anna', selected: true }).waitFor()
  assert.equal(await page.getByRole('option').count(), 3)
  await page.keyboard.press('ArrowDown')
  const max = page.getByRole('option', { name: 'Max', selected: true })
  await max.waitFor()
  assert.equal(await field.getAttribute('aria-activedescendant'), await max.getAttribute('id'))
  await page.keyboard.press('Tab')
  assert.equal(await field.inputValue(), 'Ask @Max ')
  await field.pressSequentially('and @ev')
  await page.getByRole('option', { name: 'everyone', selected: true }).waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('option').waitFor({ state: 'detached' })
  assert.equal(await field.inputValue(), 'Ask @Max and @ev')
})

test(
  'a picture that is pasted, a file that is dropped and one that is chosen go with the message',
  { skip: noChromium },
  async () => {
    const { page, field, said } = await room('files')
    await field.fill('Look:')
    await transfer(page, 'paste', { name: 'image.png', type: 'image/png', bytes: [...dot] })
    await page
      .getByRole('listitem')
      .filter({ hasText: /Pasted .*\.png/ })
      .getByText('70 B')
      .waitFor()
    await transfer(page, 'dragover', {
      name: 'notes.txt',
      type: 'text/plain',
      bytes: [104, 105],
    })
    await page.getByText('Drop to attach').waitFor()
    await transfer(page, 'drop', { name: 'notes.txt', type: 'text/plain', bytes: [104, 105] })
    await page.getByText('Drop to attach').waitFor({ state: 'detached' })
    await chooser(page).setInputFiles([
      { name: 'gone.txt', mimeType: 'text/plain', buffer: Buffer.from('away') },
    ])
    await page.getByRole('button', { name: 'Remove gone.txt' }).click()
    const sent = page.waitForResponse(response => response.url().endsWith('/messages'))
    await page.getByRole('button', { name: 'Send' }).click()
    await sent
    const [message = ''] = await said()
    assert.match(
      message,
      /^Look:\n\n!\[Pasted [^\]]*\.png\]\(\/files\/[^)]+\)\n\n\[notes\.txt\]\(\/files\/[^)]+\/notes\.txt\)$/,
    )
    const [, address = ''] = /!\[[^\]]*\]\(([^)]+)\)/.exec(message) ?? []
    const response = await page.request.get(`${rig.url}${address}`)
    assert.deepEqual(await response.body(), dot)
    await page.getByRole('list', { name: 'Files of this message' }).waitFor({ state: 'detached' })
  },
)

test(
  'text that is pasted stays text, also where a picture of it is offered',
  { skip: noChromium },
  async () => {
    const { page, field } = await room('office')
    await field.focus()
    const isOurs = await transfer(page, 'paste', {
      name: 'image.png',
      type: 'image/png',
      bytes: [...dot],
      text: 'a cell',
    })
    assert.equal(isOurs, false)
    // One that is attached comes after whatever the paste did.
    await chooser(page).setInputFiles([{ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('a') }])
    const files = page.getByRole('list', { name: 'Files of this message' }).getByRole('listitem')
    await files.filter({ hasText: '1 B' }).waitFor()
    assert.equal(await files.count(), 1)
  },
)

test(
  'a file of 33 MB is refused in words before it is sent, and blocks nothing',
  { skip: noChromium },
  async () => {
    const { page, field, said } = await room('large')
    const uploads: string[] = []
    page.on('request', request => {
      if (/files\?name=/.test(request.url())) uploads.push(request.url())
    })
    await using folder = await tempDir()
    const film = join(folder.path, 'film.mp4')
    await writeFile(film, '')
    await truncate(film, 33 * 1024 * 1024)
    await chooser(page).setInputFiles(film)
    await page.getByRole('alert').getByText('Too large: a file has 32 MB at most.').waitFor()
    await field.fill('without it')
    await page.keyboard.press('Enter')
    await page.getByText('without it').waitFor()
    assert.deepEqual(await said(), ['without it'])
    assert.deepEqual(uploads, [])
  },
)

test('a file that could not be sent is told, and goes at the second try', { skip: noChromium }, async () => {
  const { page, field, said } = await room('again')
  let tries = 0
  await page.route(/files\?name=/, async route => {
    if (++tries === 1) await route.abort()
    else await route.continue()
  })
  await chooser(page).setInputFiles([{ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('a') }])
  await page.getByRole('alert').getByText('The server doesn’t answer.').waitFor()
  await page.getByRole('button', { name: 'Try a.txt again' }).click()
  await page.getByText('1 B').waitFor()
  const sent = page.waitForResponse(response => response.url().endsWith('/messages'))
  await field.press('Enter')
  await sent
  assert.match((await said())[0] ?? '', /^\[a\.txt\]\(\/files\//)
})

test('a message that waits for its file goes when it is there', { skip: noChromium }, async () => {
  const { page, field, said } = await room('waits')
  const { promise: goOn, resolve } = Promise.withResolvers<void>()
  await page.route(/files\?name=/, async route => {
    await goOn
    await route.continue()
  })
  await chooser(page).setInputFiles([{ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('a') }])
  await field.fill('Here it is')
  await field.press('Enter')
  await page.getByText('Goes as soon as the files are there.').waitFor()
  assert.deepEqual(await said(), [])
  const sent = page.waitForResponse(response => response.url().endsWith('/messages'))
  resolve()
  await sent
  assert.match((await said())[0] ?? '', /^Here it is\n\n\[a\.txt\]\(\/files\//)
})

test('one may speak while an answer is written, and stop it', { skip: noChromium }, async () => {
  const { page, field, said } = await room('stop', ['Courante'])
  const stop = page.getByRole('button', { name: 'Stop answering' })
  await field.fill('Tell me.')
  await field.press('Enter')
  const answer = await rig.model.asked()
  await answer.say('On and on')
  await stop.waitFor()
  await field.fill('Never mind.')
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByRole('article').filter({ hasText: 'Never mind.' }).waitFor()
  await stop.click()
  await answer.withdrawn()
  await stop.waitFor({ state: 'detached' })
  assert.ok((await said()).includes('Never mind.'))
})

test(
  'a message that can’t be sent comes back into the field when it is given up',
  { skip: noChromium },
  async () => {
    const { page, field } = await room('given up')
    await page.route(/\/messages$/, route =>
      route.fulfill({
        status: 507,
        contentType: 'application/problem+json',
        body: JSON.stringify({ code: 'disk_full', title: 'the disk is full', status: 507 }),
      }),
    )
    await field.fill('Precious words')
    await field.press('Enter')
    await page.getByRole('button', { name: 'Discard' }).click()
    await page.waitForFunction(`document.querySelector('textarea').value === 'Precious words'`)
  },
)

test('more than 256 KB is told before it is sent', { skip: noChromium }, async () => {
  const { page, field, said } = await room('long')
  await field.fill('x'.repeat(256 * 1024 + 1))
  await field.press('Enter')
  await page.getByRole('alert').getByText('a message has 256 KB at most').waitFor()
  assert.deepEqual(await said(), [])
  assert.equal((await field.inputValue()).length, 256 * 1024 + 1)
})

test('the field says who answers, and an archived room why there is none', { skip: noChromium }, async () => {
  const { page } = await room('closed', ['Courante'])
  await page.getByPlaceholder('Message Courante').waitFor()
  await rig.must('PATCH', '/api/rooms/closed', { archived: true })
  await page.reload()
  await page.getByText('This room is archived.').waitFor()
  assert.equal(await page.getByRole('textbox', { name: /^Message/ }).count(), 0)
})

test('a draft and its files go along when the room is renamed', { skip: noChromium }, async () => {
  const { page, field } = await room('old name')
  await field.fill('half a sent')
  await chooser(page).setInputFiles([{ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('a') }])
  await page.getByText('1 B').waitFor()
  await rig.must('PATCH', '/api/rooms/old%20name', { id: 'new name' })
  await page.getByPlaceholder('Message new name').waitFor()
  assert.equal(await field.inputValue(), 'half a sent')
  await page.getByText('1 B').waitFor()
})

/** A new room, its page, its field, and what was said in it by now. */
async function room(
  id: string,
  agents: string[] = [],
): Promise<{ page: Page; field: Locator; said: () => Promise<string[]> }> {
  await rig.must('POST', '/api/rooms', { id, agents })
  const page = await rig.page(`/rooms/${id}`)
  const field = page.getByRole('textbox', { name: /^Message/ })
  await field.waitFor()
  const said = async (): Promise<string[]> => {
    const { messages } = await rig.must('GET', `/api/rooms/${id}/messages`)
    return (messages as { text: string }[]).map(({ text }) => text)
  }
  return { page, field, said }
}

function chooser(page: Page): Locator {
  return page.locator('input[type=file]')
}

/** A file as another program hands it over, with text beside it or without; whether the page took it. */
async function transfer(
  page: Page,
  type: 'paste' | 'dragover' | 'drop',
  file: { name: string; type: string; bytes: number[]; text?: string },
): Promise<boolean> {
  // In a string, since this program knows nothing of browsers.
  return await page.evaluate(`(({ type, file }) => {
    const data = new DataTransfer()
    if (file.text !== undefined) {
      data.setData('text/plain', file.text)
      data.setData('text/html', file.text)
    }
    data.items.add(new File([new Uint8Array(file.bytes)], file.name, { type: file.type }))
    const options = { bubbles: true, cancelable: true, dataTransfer: data, clipboardData: data }
    const event = type === 'paste' ? new ClipboardEvent(type, options) : new DragEvent(type, options)
    return !(document.activeElement ?? document.body).dispatchEvent(event)
  })(${JSON.stringify({ type, file })})`)
}
