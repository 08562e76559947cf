import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import { noChromium } from '../support/chromium.ts'
import { deadNetwork } from '../support/dead-network.ts'
import { PageRig, password } from '../support/page-rig.ts'

const kitchen = '/rooms/kitchen'

test(
  'two people see each other’s posts and an answer as it grows; a reload in the middle of it goes on',
  { skip: noChromium },
  async () => {
    await using rig = await PageRig.start({ accounts: true })
    const cookie = await rig.logIn('ann')
    await rig.must('POST', '/api/rooms', { id: 'kitchen' }, cookie)
    const ann = await rig.person('ann', kitchen)
    const bob = await rig.person('bob', kitchen)
    await ann.getByText('Nothing has been said here yet').waitFor()
    await say(ann, 'Is anybody **there**?')
    await said(ann, 'Is anybody there?').waitFor()
    await said(bob, 'Is anybody there?').waitFor()
    const asked = await rig.model.asked()
    await row(bob, 'Courante').getByText('Thinking').waitFor()
    await asked.say('I am')
    await said(ann, 'I am').waitFor()
    await said(bob, 'I am').waitFor()
    await bob.reload()
    await said(bob, 'I am').waitFor()
    await asked.say(' here.')
    for (const page of [ann, bob]) await said(page, 'I am here.').waitFor()
    asked.done()
    for (const page of [ann, bob]) {
      await stop(page).waitFor({ state: 'detached' })
      assert.deepEqual(await texts(page), ['Is anybody there?', 'I am here.'])
    }
    await bob
      .getByRole('log', { name: 'News' })
      .getByText('Courante: I am here.')
      .waitFor({ state: 'attached' })
    await say(bob, 'Good.')
    await said(ann, 'Good.').waitFor()
    // Neighbours by one author have one name.
    await say(bob, 'Very good.')
    await said(ann, 'Very good.').waitFor()
    assert.equal(await ann.getByRole('feed').getByText('bob', { exact: true }).count(), 1)
  },
)

test(
  'a message is edited in place, answered anew, taken back; an answer is stopped and tried again',
  { skip: noChromium },
  async () => {
    await using rig = await PageRig.start()
    await rig.must('POST', '/api/rooms', { id: 'kitchen' })
    const page = await rig.page(kitchen)
    await say(page, 'Who ate the cake?')
    const first = await rig.model.asked()
    await first.say('The cat')
    await said(page, 'The cat').waitFor()
    await stop(page).click()
    await first.withdrawn()
    await page.getByText('Stopped.').waitFor()
    await page.getByRole('button', { name: 'Try again' }).click()
    const second = await rig.model.asked()
    second.done('The dog.')
    await said(page, 'The dog.').waitFor()
    await page.getByText('Stopped.').waitFor({ state: 'detached' })

    await act(page, 'The dog.', 'Answer anew')
    const third = await rig.model.asked()
    await third.say('The bird.')
    await said(page, 'The bird.').waitFor()
    third.done()
    await said(page, 'The dog.').waitFor({ state: 'detached' })
    assert.deepEqual(await texts(page), ['Who ate the cake?', 'The cat', 'The bird.'])

    await act(page, 'Who ate the cake?', 'Edit')
    const field = page.getByRole('textbox', { name: 'Text of the message' })
    await field.fill('Who ate the **bread**?')
    // Somebody else was quicker: what was typed is kept, and saving again is a choice.
    const { messages } = (await rig.must('GET', '/api/rooms/kitchen/messages')) as {
      messages: { hash: string }[]
    }
    const { hash } = messages[0] ?? {}
    await rig.must('PUT', '/api/rooms/kitchen/messages/0', { text: 'Who ate the pie?', hash })
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Somebody has changed this message meanwhile').waitFor()
    assert.equal(await field.inputValue(), 'Who ate the **bread**?')
    await field.press('Enter')
    await said(page, 'Who ate the bread?').waitFor()
    await act(page, 'Who ate the bread?', 'Edit')
    await field.press('Escape')
    await field.waitFor({ state: 'detached' })

    await act(page, 'The bird.', 'More')
    await page.getByRole('menuitem', { name: 'Take back' }).click()
    await said(page, 'The bird.').waitFor({ state: 'detached' })
    assert.deepEqual(await texts(page), ['Who ate the bread?', 'The cat'])
  },
)

test(
  'a killed backend and a dead network lose and double nothing, and what was written meanwhile arrives',
  { skip: noChromium },
  async () => {
    await using rig = await PageRig.start()
    await using network = await deadNetwork(rig.url)
    await rig.must('POST', '/api/rooms', { id: 'kitchen', agents: [] })
    const page = await rig.page()
    await page.goto(`${network.url}${kitchen}`)
    await page.getByText('Nothing has been said here yet').waitFor()
    await say(page, 'One')
    await said(page, 'One').waitFor()

    await rig.server.kill()
    await say(page, 'Two')
    await row(page, 'root').getByText('Sending').waitFor()
    await say(page, 'Three')
    await rig.server.again()
    await rig.must('POST', '/api/rooms/kitchen/messages', { text: 'From elsewhere' })
    await page.getByText('Sending').first().waitFor({ state: 'detached' })
    await said(page, 'From elsewhere').waitFor()
    await said(page, 'Three').waitFor()

    network.dead = true
    await say(page, 'Four')
    await rig.must('POST', '/api/rooms/kitchen/messages', { text: 'Not heard' })
    await page.context().setOffline(true)
    network.dead = false
    await page.context().setOffline(false)
    await said(page, 'Not heard').waitFor()
    await said(page, 'Four').waitFor()
    await page.getByText('Sending').waitFor({ state: 'detached' })
    const told = await texts(page)
    assert.deepEqual(told.toSorted(), ['Four', 'From elsewhere', 'Not heard', 'One', 'Three', 'Two'])
    const { messages } = (await rig.must('GET', '/api/rooms/kitchen/messages')) as {
      messages: { text: string }[]
    }
    assert.deepEqual(
      messages.map(({ text }) => text),
      told,
    )
  },
)

test(
  'who reads above is not moved, is told what is new, and goes through the messages by keys',
  { skip: noChromium },
  async () => {
    await using rig = await PageRig.start()
    await importRoom(rig, 'kitchen', 400)
    const page = await rig.page(kitchen)
    await inView(said(page, 'Message 399'))
    const list = page.getByTestId('virtuoso-scroller')
    await list.hover()
    // To the first of the window and before it: more is loaded, without a jump.
    for (let before = 300; before > 100; before -= 100) {
      await page.mouse.wheel(0, -20_000)
      // Loaded before it was needed: what stands above the view is rendered, too.
      await page.locator(`[data-row][aria-posinset="${before}"]`).waitFor({ state: 'attached' })
    }
    const anchor = await firstInView(page)
    const top = async (): Promise<number> => (await said(page, anchor).boundingBox())?.y ?? NaN
    const before = await top()
    for (const text of ['New one', 'New two', '@Courante, and you?'])
      await rig.must('POST', '/api/rooms/kitchen/messages', { text })
    const asked = await rig.model.asked()
    const button = page.getByRole('button', { name: '3 new messages' })
    await button.waitFor()
    for (let n = 0; n < 20; n++) await asked.say(`line ${n}\n\n`)
    asked.done()
    await page.getByRole('button', { name: '4 new messages' }).waitFor()
    assert.equal(await top(), before)
    await page.getByRole('button', { name: '4 new messages' }).click()
    await inView(said(page, 'line 19'))
    // The button has gone, and the keyboard is in the list.
    await page.locator('[data-testid="virtuoso-scroller"]:focus').waitFor()
    await page.keyboard.press('j')
    await focused(page, 'line 19')
    await page.keyboard.press('k')
    await focused(page, '@Courante, and you?')
    await page.keyboard.press('ArrowUp')
    await focused(page, 'New two')
    await page.keyboard.press('e')
    const box = page.getByRole('textbox', { name: 'Text of the message' })
    // The Escape of an input method is about the word that it offers.
    await box.press('x')
    await box.dispatchEvent('keydown', { key: 'Escape', keyCode: 229, isComposing: true })
    // What is typed outlives scrolling, and being brought elsewhere in the room.
    await box.fill('New two, corrected')
    await list.hover()
    await page.mouse.wheel(0, -8000)
    await box.waitFor({ state: 'detached' })
    await list.press('Home')
    await inView(said(page, 'Message 0'))
    await page.getByRole('button', { name: 'To the end' }).click()
    await inView(said(page, 'line 19'))
    await box.waitFor()
    assert.equal(await box.inputValue(), 'New two, corrected')
    await box.press('Escape')
    await said(page, 'New two').waitFor()
    await page.goto(`${rig.url}${kitchen}?m=37`)
    await inView(said(page, 'Message 37'))
    await page.getByRole('button', { name: 'To the end' }).click()
    await inView(said(page, 'line 19'))
  },
)

test(
  'a post that has no answer yet goes on when its room is left, and after a reload, once',
  { skip: noChromium },
  async () => {
    await using rig = await PageRig.start()
    for (const id of ['hall', 'kitchen']) await rig.must('POST', '/api/rooms', { id, agents: [] })
    const page = await rig.page(kitchen)
    const posts = /rooms\/kitchen\/messages$/
    await page.route(posts, route => route.abort())
    await say(page, 'Left behind')
    await row(page, 'root').getByText('Sending').waitFor()
    await page.getByRole('navigation').getByRole('link', { name: 'hall' }).click()
    await page.getByPlaceholder('Message hall').waitFor()
    await page.getByRole('navigation').getByRole('link', { name: 'kitchen' }).click()
    await row(page, 'root').getByText('Sending').waitFor()
    // Another room is opened next: nobody has to look.
    await page.goto(`${rig.url}/rooms/hall`)
    await page.getByPlaceholder('Message hall').waitFor()
    await page.unroute(posts)
    const heard = page.waitForResponse(response => posts.test(response.url()) && response.ok())
    await heard
    await page.goto(`${rig.url}${kitchen}`)
    await said(page, 'Left behind').waitFor()
    await page.getByText('Sending').waitFor({ state: 'detached' })
    assert.deepEqual(await texts(page), ['Left behind'])
  },
)

test(
  'a login that is over loses nothing: what was sent goes out after the next one',
  { skip: noChromium },
  async () => {
    await using rig = await PageRig.start({ accounts: true })
    const cookie = await rig.logIn('ann')
    await rig.must('POST', '/api/rooms', { id: 'kitchen', agents: [] }, cookie)
    const page = await rig.person('ann', kitchen)
    await page.getByRole('textbox', { name: /^Message/ }).fill('Still here')
    await page.context().clearCookies()
    await page.keyboard.press('Enter')
    await page.getByLabel('Name').fill('ann')
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Log in' }).click()
    await said(page, 'Still here').waitFor()
    await page.getByText('Sending').waitFor({ state: 'detached' })
    assert.deepEqual(await texts(page), ['Still here'])
  },
)

test(
  'a room that is removed gives back what was not sent, and takes no more',
  { skip: noChromium },
  async () => {
    await using rig = await PageRig.start()
    await rig.must('POST', '/api/rooms', { id: 'kitchen', agents: [] })
    const page = await rig.page(kitchen)
    await page.route(/rooms\/kitchen\/messages$/, route => route.abort())
    await say(page, 'On its way')
    await row(page, 'root').getByText('Sending').waitFor()
    await page.getByRole('textbox', { name: /^Message/ }).fill('half a sent')
    await rig.must('DELETE', '/api/rooms/kitchen')
    const left = page.getByRole('textbox', { name: 'What you wrote is kept here' })
    await left.waitFor()
    assert.equal(await left.inputValue(), 'On its way\n\nhalf a sent')
    await page.getByText('Nothing can be sent.').waitFor()
    assert.equal(await page.getByRole('textbox', { name: /^Message/ }).count(), 0)
  },
)

test('the key C copies the answer without its thoughts', { skip: noChromium }, async () => {
  await using rig = await PageRig.start()
  await rig.must('POST', '/api/rooms', { id: 'kitchen', agents: [] })
  await rig.must('POST', '/api/rooms/kitchen/messages', { text: '<think>hm</think>Yes.' })
  const page = await rig.page(kitchen, { permissions: ['clipboard-read', 'clipboard-write'] })
  await row(page, 'root').focus()
  await page.keyboard.press('c')
  await page.getByText('Copied').waitFor()
  assert.equal(await page.evaluate('navigator.clipboard.readText()'), 'Yes.')
})

test('on a telephone a message’s menu stands on the line of its name', { skip: noChromium }, async () => {
  await using rig = await PageRig.start()
  await rig.must('POST', '/api/rooms', { id: 'kitchen', agents: [] })
  await rig.must('POST', '/api/rooms/kitchen/messages', { text: 'Hello' })
  const page = await rig.page(kitchen, {
    viewport: { width: 390, height: 800 },
    hasTouch: true,
    isMobile: true,
  })
  const middle = async (locator: Locator): Promise<number> => {
    const box = await locator.boundingBox()
    return (box?.y ?? NaN) + (box?.height ?? NaN) / 2
  }
  const menu = row(page, 'root').getByRole('button', { name: 'More' })
  await menu.waitFor()
  const [at, name] = [await middle(menu), await middle(row(page, 'root').locator('.message-author'))]
  assert.ok(Math.abs(at - name) <= 1, `${at} beside ${name}`)
})

async function say(page: Page, text: string): Promise<void> {
  const field = page.getByRole('textbox', { name: /^Message/ })
  await field.fill(text)
  await field.press('Enter')
}

/** A message's text in the list. */
function said(page: Page, text: string): Locator {
  return page.locator('.message-said > .prose').filter({ hasText: new RegExp(`${literal(text)}\\s*$`) })
}

function row(page: Page, author: string): Locator {
  return page.getByRole('article', { name: author }).last()
}

function stop(page: Page): Locator {
  return page.getByRole('feed').getByRole('button', { name: 'Stop Courante' })
}

async function act(page: Page, text: string, action: string): Promise<void> {
  const article = page.getByRole('article').filter({ has: said(page, text) })
  await article.hover()
  await article.getByRole('button', { name: action, exact: true }).click()
}

async function texts(page: Page): Promise<string[]> {
  return (await page.locator('.message-said > .prose').allInnerTexts()).map(text => text.trim())
}

/** Its end is in view; a long one may begin above. */
async function inView(locator: Locator): Promise<void> {
  const list = locator.page().getByTestId('virtuoso-scroller')
  const end = (box: Awaited<ReturnType<Locator['boundingBox']>>): number => (box?.y ?? 0) + (box?.height ?? 0)
  for (const began = Date.now(); ;) {
    const [box, view] = [await locator.boundingBox(), await list.boundingBox()]
    if (end(box) > (view?.y ?? 0) && end(box) <= end(view) + 1) return
    assert.ok(Date.now() - began < 20_000, 'it is not in view')
    await locator.page().evaluate('new Promise(requestAnimationFrame)')
  }
}

/** The text of the first message that is wholly in view. */
async function firstInView(page: Page): Promise<string> {
  const list = await page.getByTestId('virtuoso-scroller').boundingBox()
  for (const message of await page.locator('.message-said > .prose').all()) {
    const box = await message.boundingBox()
    if (box !== null && list !== null && box.y > list.y) return await message.innerText()
  }
  throw new Error('no message is in view')
}

async function focused(page: Page, text: string): Promise<void> {
  await page.locator('article:focus').filter({ hasText: text }).waitFor()
}

async function importRoom(rig: PageRig, id: string, count: number): Promise<void> {
  const text = Array.from({ length: count }, (_, n) => `${n % 3 === 0 ? 'ann' : 'bob'}:\tMessage ${n}\n\n`)
  await rig.must('POST', `/api/rooms/import?id=${id}`, Buffer.from(text.join('')))
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
