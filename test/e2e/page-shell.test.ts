import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import { noChromium } from '../support/chromium.ts'
import { holds } from '../support/page-holds.ts'
import { PageRig, password } from '../support/page-rig.ts'

const narrow = { viewport: { width: 390, height: 844 }, hasTouch: true }
let rig: PageRig
before(async () => {
  if (noChromium === false) rig = await PageRig.start()
})
after(() => rig?.[Symbol.asyncDispose]())

const rooms = (page: Page) => page.getByRole('navigation', { name: 'Rooms and pages' })
const field = (page: Page) => page.getByRole('textbox', { name: /^Message / })
const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name, exact: true })

test('a stack that nobody has used opens in the lobby, ready to write', { skip: noChromium }, async () => {
  const page = await rig.page('/')
  await heading(page, 'lobby').waitFor()
  await holds(page, 'document.activeElement?.tagName === "TEXTAREA"')
  assert.equal(await page.title(), 'lobby — Courante')
  assert.equal(await rooms(page).getByRole('link', { name: 'lobby' }).getAttribute('aria-current'), 'page')
  await page.context().close()
})

test(
  'a new room: its name is judged before the server does, then it is open and in the list',
  { skip: noChromium },
  async () => {
    const page = await rig.page('/')
    await page.getByRole('button', { name: 'New room' }).click()
    const dialog = page.getByRole('dialog', { name: 'New room' })
    await dialog.getByRole('textbox', { name: 'Name' }).fill('what?')
    await dialog.getByText('“?” can’t be in a name.').waitFor()
    await dialog.getByRole('textbox', { name: 'Name' }).fill('Lobby')
    await dialog.getByRole('button', { name: 'Make the room' }).click()
    await dialog.getByRole('alert').getByText('There is a room "lobby" already').waitFor()
    await dialog.getByRole('textbox', { name: 'Name' }).fill('workshop')
    await dialog.getByRole('button', { name: 'Make the room' }).click()
    await heading(page, 'workshop').waitFor()
    assert.equal(new URL(page.url()).pathname, '/rooms/workshop')
    await rooms(page).getByRole('link', { name: 'workshop' }).waitFor()
    await page.context().close()
  },
)

test(
  'what is said elsewhere is counted in the list and in the title, until one is there',
  { skip: noChromium },
  async () => {
    await rig.must('POST', '/api/rooms', { id: 'kitchen' })
    const page = await rig.page('/rooms/lobby')
    await heading(page, 'lobby').waitFor()
    await rig.must('POST', '/api/rooms/kitchen/messages', { text: 'Is the soup ready?' })
    ;(await rig.model.asked()).done('Soup!')
    await rooms(page).getByRole('link', { name: 'kitchen 1 unread' }).waitFor()
    await holds(page, 'document.title === "(1) lobby — Courante"')
    await rooms(page).getByRole('link', { name: 'kitchen 1 unread' }).click()
    await holds(page, 'document.title === "kitchen — Courante"')
    await page.context().close()
  },
)

test(
  'settings: another name, agents, put away and brought back; removed with what stays told',
  { skip: noChromium },
  async () => {
    await rig.must('POST', '/api/rooms', { id: 'shed' })
    const page = await rig.page('/rooms/shed')
    const open = async () => {
      await page.getByRole('button', { name: 'More about this room' }).click()
      await page.getByRole('menuitem', { name: 'Settings of the room' }).click()
    }
    await open()
    await page.getByRole('textbox', { name: 'Name' }).fill('tool shed')
    await page.getByRole('button', { name: 'Rename' }).click()
    await heading(page, 'tool shed').waitFor()
    assert.equal(new URL(page.url()).pathname, '/rooms/tool%20shed')

    await open()
    await page.getByRole('checkbox', { name: 'Courante' }).click()
    await page.getByRole('button', { name: 'Agent Courante' }).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Archive' }).click()
    await page.getByRole('button', { name: 'Bring it back' }).click()
    await page.getByRole('button', { name: 'Remove', exact: true }).click()
    await page.getByRole('button', { name: 'Remove the room' }).click()
    await page.getByText('tool shed is removed. Its text is kept on the server.').waitFor()
    await rooms(page).getByRole('link', { name: 'tool shed' }).waitFor({ state: 'detached' })
    assert.notEqual(new URL(page.url()).pathname, '/rooms/tool%20shed')
    await page.context().close()
  },
)

test('a room goes out as a .bb file and comes in as another room', { skip: noChromium }, async () => {
  await rig.must('POST', '/api/rooms', { id: 'hall', agents: [] })
  await rig.must('POST', '/api/rooms/hall/messages', { text: 'Is anybody\nthere?' })
  const page = await rig.page('/rooms/hall')
  await page.getByRole('button', { name: 'More about this room' }).click()
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: 'Export as text (.bb)' }).click(),
  ])
  assert.equal(download.suggestedFilename(), 'hall.bb')
  await page.getByRole('button', { name: 'New room' }).click()
  await page.getByLabel('Begin with a .bb file').setInputFiles({
    name: 'hall (copy).bb',
    mimeType: 'text/plain',
    buffer: Buffer.from('ann:\tIs anybody\n\tthere?\n\n'),
  })
  assert.equal(await page.getByRole('textbox', { name: 'Name' }).inputValue(), 'hall copy')
  await page.getByRole('button', { name: 'Import' }).click()
  await heading(page, 'hall copy').waitFor()
  await page.getByText('Is anybody').waitFor()
  await page.context().close()
})

test(
  'search marks what was found and leads to it; names of places are found, too',
  { skip: noChromium },
  async () => {
    await rig.must('POST', '/api/rooms', { id: 'cellar', agents: [] })
    await rig.must('POST', '/api/rooms/cellar/messages', { text: 'The marmalade is behind the barrel.' })
    const page = await rig.page('/rooms/lobby')
    await page.getByRole('button', { name: 'Search', exact: true }).click()
    const box = page.getByRole('combobox', { name: 'Search messages, rooms and pages' })
    await box.fill('marma')
    const option = page.getByRole('option', { name: /in cellar The marmalade is behind/ })
    await option.waitFor()
    assert.equal(await option.locator('mark').textContent(), 'marmalade')
    await option.click()
    await heading(page, 'cellar').waitFor()
    await page.getByText('The marmalade is behind the barrel.').waitFor()

    await page.getByRole('button', { name: 'Search', exact: true }).click()
    await page.getByRole('radio', { name: 'In cellar' }).check()
    await page.getByRole('combobox', { name: 'Search in this room' }).fill('soup')
    await page.getByText('Nothing has all of these words.').waitFor()
    await page.getByRole('radio', { name: 'Everywhere' }).check()
    await box.fill('mod')
    await page.getByRole('option', { name: 'Models' }).click()
    await page.waitForURL(/\/models$/)
    await page.context().close()
  },
)

test(
  'a browser that keeps nothing, or is full, shows the page all the same',
  { skip: noChromium },
  async () => {
    const refuse = `Object.defineProperty(window, 'NAME', {
    get() { throw new DOMException('denied', 'SecurityError') },
  })`
    for (const script of [
      ['localStorage', 'sessionStorage'].map(name => refuse.replace('NAME', name)).join(';'),
      `Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') }`,
    ]) {
      const page = await rig.page('/models', { colorScheme: 'light' })
      await page.addInitScript(script)
      await page.goto(`${rig.url}/rooms/lobby`)
      await heading(page, 'lobby').waitFor()
      await field(page).fill('half a thought')
      await page.getByRole('button', { name: /profile, theme and more/ }).click()
      await page.getByRole('menuitemradio', { name: 'Dark' }).click()
      await holds(page, 'document.documentElement.dataset.theme === "dark"')
      await page.getByRole('button', { name: /profile, theme and more/ }).click()
      await page.getByRole('menuitemradio', { name: 'Dark', checked: true }).waitFor()
      assert.equal(await field(page).inputValue(), 'half a thought')
      await page.context().close()
    }
  },
)

test(
  'a dialog that is at work stays, whatever is pressed; what was typed isn’t lost by a press beside it',
  { skip: noChromium },
  async () => {
    const page = await rig.page('/rooms/lobby')
    await heading(page, 'lobby').waitFor()
    const answer = Promise.withResolvers<void>()
    await page.route('**/api/rooms', async route => {
      if (route.request().method() !== 'POST') return route.continue()
      await answer.promise
      const problem = { code: 'exists', title: 'there is one already', status: 409 }
      await route.fulfill({
        status: 409,
        contentType: 'application/problem+json',
        body: JSON.stringify(problem),
      })
    })
    const dialog = page.getByRole('dialog', { name: 'New room' })
    await page.getByRole('button', { name: 'New room' }).click()
    await dialog.waitFor()
    await page.mouse.click(5, 5)
    await dialog.waitFor({ state: 'detached' })

    await page.getByRole('button', { name: 'New room' }).click()
    await dialog.getByRole('textbox', { name: 'Name' }).fill('twin')
    await page.mouse.click(5, 5)
    assert.equal(await dialog.getByRole('textbox', { name: 'Name' }).inputValue(), 'twin')
    await dialog.getByRole('textbox', { name: 'Name' }).press('Enter')
    await dialog.getByRole('button', { name: 'Cancel' }).and(page.locator(':disabled')).waitFor()
    for (let presses = 0; presses < 4; presses++) await page.keyboard.press('Escape')
    answer.resolve()
    await dialog.getByRole('alert').getByText('There is one already').waitFor()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await page.context().close()
  },
)

test('a room is asked for at once, before it is known who asks', { skip: noChromium }, async () => {
  const page = await rig.page('/models')
  const known = Promise.withResolvers<void>()
  await page.route('**/api/whoami', async route => {
    await known.promise
    await route.continue()
  })
  const asked = page.waitForRequest(/\/api\/rooms\/lobby$/)
  await page.goto(`${rig.url}/rooms/lobby`)
  await asked
  known.resolve()
  await heading(page, 'lobby').waitFor()
  await page.context().close()
})

test('the bar that the server is gone comes and goes by itself', { skip: noChromium }, async () => {
  const page = await rig.page('/rooms/lobby')
  await heading(page, 'lobby').waitFor()
  await rig.server.kill()
  const bar = page.getByRole('status').getByText('The server doesn’t answer. Trying again.').first()
  await bar.waitFor()
  await rig.server.again()
  await bar.waitFor({ state: 'detached' })
  await page.context().close()
})

test(
  'a part that can’t be loaded says so, and the rest goes on; unknown addresses and rooms have words',
  { skip: noChromium },
  async () => {
    const page = await rig.page('/rooms/lobby')
    await page.route(/models-page.*\.js$/, route => route.abort())
    await rooms(page).getByRole('link', { name: 'Models' }).click()
    await page.getByRole('heading', { name: 'This part of the page has failed' }).waitFor()
    await page.getByRole('button', { name: 'Reload' }).waitFor()
    await rooms(page).getByRole('link', { name: 'lobby' }).click()
    await field(page).waitFor()
    await page.evaluate('history.pushState(null, "", "/nowhere")')
    await heading(page, 'Nothing is here').waitFor()
    await page.evaluate('history.pushState(null, "", "/rooms/nobody%2Fknows")')
    await heading(page, 'There is no room “nobody/knows”').waitFor()
    await page.getByRole('link', { name: 'To the rooms' }).click()
    await heading(page, 'lobby').waitFor()
    await page.context().close()
  },
)

test(
  'on a telephone the sidebar is a drawer that keeps the focus and gives it back',
  { skip: noChromium },
  async () => {
    const page = await rig.page('/rooms/lobby', narrow)
    const opener = page.getByRole('button', { name: 'Rooms and pages' })
    await opener.click()
    const drawer = page.getByRole('dialog', { name: 'Rooms and pages' })
    await drawer.waitFor()
    assert.equal(await page.evaluate('document.activeElement.closest("dialog") !== null'), true)
    await page.keyboard.press('Escape')
    await drawer.waitFor({ state: 'detached' })
    await holds(page, 'document.activeElement?.getAttribute("aria-label") === "Rooms and pages"')
    await opener.click()
    await drawer.getByRole('link', { name: 'Models' }).click()
    await drawer.waitFor({ state: 'detached' })
    await heading(page, 'Models').waitFor()
    assert.equal(await page.evaluate('document.documentElement.scrollWidth > innerWidth'), false)
    await page.context().close()
  },
)

test('the theme is what was chosen, from the first paint on', { skip: noChromium }, async () => {
  const page = await rig.page('/rooms/lobby', { colorScheme: 'light' })
  await page.getByRole('button', { name: /profile, theme and more/ }).click()
  await page.getByRole('menuitemradio', { name: 'Dark' }).click()
  await holds(page, 'document.documentElement.dataset.theme === "dark"')
  await page.reload({ waitUntil: 'commit' })
  await holds(page, 'document.documentElement.dataset.theme === "dark"')
  await page.context().close()
})

test(
  'with accounts one logs in where one wanted to go, and a session that ends takes no draft along',
  { skip: noChromium },
  async () => {
    await using rig = await PageRig.start({ accounts: true })
    const cookie = await rig.logIn('ann')
    await rig.must('POST', '/api/rooms', { id: 'kitchen', agents: [] }, cookie)
    const page = await rig.page('/rooms/kitchen')
    const name = page.getByRole('textbox', { name: 'Name' })
    await name.waitFor()
    await holds(page, 'document.activeElement?.name === "username"')
    await name.fill('ann')
    await page.getByRole('textbox', { name: 'Password' }).fill('wrong')
    await page.getByRole('button', { name: 'Log in' }).click()
    await page
      .getByRole('alert')
      .getByText(/password/i)
      .waitFor()
    await page.getByRole('textbox', { name: 'Password' }).fill(password)
    await page.getByRole('button', { name: 'Log in' }).click()
    await heading(page, 'kitchen').waitFor()

    await field(page).fill('half a thought')
    const { sessions } = (await page.evaluate('fetch("/api/sessions").then(answer => answer.json())')) as {
      sessions: { id: string; own: boolean }[]
    }
    const own = sessions.find(session => session.own)
    await rig.must('DELETE', `/api/sessions/${own?.id}`, undefined, cookie)
    await page.getByRole('textbox', { name: 'Password' }).waitFor()
    await name.fill('ann')
    await page.getByRole('textbox', { name: 'Password' }).fill(password)
    await page.getByRole('button', { name: 'Log in' }).click()
    await heading(page, 'kitchen').waitFor()
    assert.equal(await field(page).inputValue(), 'half a thought')

    await page.getByRole('button', { name: /profile, theme and more/ }).click()
    await page.getByRole('menuitem', { name: 'Log out' }).click()
    await page.getByRole('textbox', { name: 'Password' }).waitFor()
  },
)

test('a room of one’s own is shared, and is there for the other at once', { skip: noChromium }, async () => {
  await using rig = await PageRig.start({ accounts: true })
  const ann = await rig.person('ann')
  const ben = await rig.person('ben')
  await ann.getByRole('button', { name: 'New room' }).click()
  await ann.getByRole('textbox', { name: 'Name' }).fill('plans')
  await ann.getByRole('radio', { name: /Only you/ }).check()
  await ann.getByRole('button', { name: 'Make the room' }).click()
  await heading(ann, 'plans').waitFor()
  await rooms(ann).getByRole('list', { name: 'Your own' }).getByRole('link', { name: 'plans' }).waitFor()
  await ben.goto(`${rig.url}/rooms/ann%2Fplans`)
  await heading(ben, 'There is no room “ann/plans”').waitFor()

  await ann.getByRole('button', { name: 'More about this room' }).click()
  await ann.getByRole('menuitem', { name: 'Settings of the room' }).click()
  await ann.getByRole('combobox', { name: 'Share with' }).selectOption('ben')
  await ann.getByRole('combobox', { name: 'What they may do' }).selectOption('may read')
  await ann.getByRole('button', { name: 'Share', exact: true }).click()
  await ann.getByRole('combobox', { name: 'What ben may do' }).waitFor()
  await ann.keyboard.press('Escape')

  await rooms(ben)
    .getByRole('list', { name: 'Of others' })
    .getByRole('link', { name: /ann\/plans/ })
    .waitFor()
  // He stood before the closed door, and is let in without a reload.
  await heading(ben, 'ann/plans').waitFor()
  await ben.getByText('Nothing has been said here yet').waitFor()
  await ann.getByText('ben is here').first().waitFor()
  await rooms(ben).getByRole('link', { name: 'Models' }).waitFor()
  assert.equal(await rooms(ben).getByRole('link', { name: 'Admin' }).count(), 0)
})

test('a fault in a page fails the test that asks for the next one', { skip: noChromium }, async () => {
  const page = await rig.page('/rooms/lobby')
  const told = page.waitForEvent('pageerror')
  await page.evaluate('void setTimeout(() => { throw new Error("planted") })')
  await told
  await assert.rejects(rig.page('/rooms/lobby'), /planted/)
  await page.context().close()
})
