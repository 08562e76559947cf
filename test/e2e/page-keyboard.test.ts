import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FileChooser, Page } from 'playwright-core'
import { noChromium } from '../support/chromium.ts'
import { holds } from '../support/page-holds.ts'
import { PageRig, password } from '../support/page-rig.ts'

/** Everything in this file is done by keys alone: there is no call of a mouse, and no `click`. */

test('a room from its making to its settings by keyboard alone', { skip: noChromium }, async () => {
  await using rig = await PageRig.start()
  const page = await rig.page('/', { permissions: ['clipboard-read', 'clipboard-write'] })
  const { keyboard } = page
  const press = (key: string) => keyboard.press(key)
  // From the start: while Playwright turns its interception on, a chooser that opens is lost.
  const chosen = Promise.withResolvers<FileChooser>()
  page.on('filechooser', chosen.resolve)

  // A new room. The cursor is in the lobby's field at first; letters are keys only outside of it.
  await inField(page, 'Message Courante')
  await leaveField(page)
  await press('n')
  await holds(page, 'document.activeElement?.matches("dialog input")')
  await keyboard.type('workshop')
  await press('Enter')
  await page.getByRole('heading', { level: 1, name: 'workshop' }).waitFor()
  await inField(page, 'Message Courante')

  // Say something in two lines, and stop the answer.
  await keyboard.type('What is a lathe?')
  await press('Shift+Enter')
  await keyboard.type('In a word.')
  await press('Enter')
  await page.getByRole('article').getByText('In a word.').waitFor()
  const stopped = await rig.model.asked()
  await stopped.say('A machine that')
  await page.getByRole('article').getByText('A machine that').waitFor()
  await tabTo(page, 'Stop Courante')
  await press('Enter')
  await stopped.withdrawn()
  await page.getByRole('button', { name: 'Stop Courante' }).last().waitFor({ state: 'detached' })

  // By name, which @ completes.
  await write(page)
  await keyboard.type('@Cou')
  await page.getByRole('option', { name: /Courante/ }).waitFor()
  await press('Tab')
  await keyboard.type('how does it turn?')
  await press('Enter')
  ;(await rig.model.asked()).done('Quickly.')
  await page.getByRole('article').getByText('Quickly.').waitFor()

  // Edit one's last message, have the last answer written anew, copy it.
  await press('ArrowUp')
  await holds(
    page,
    'document.activeElement?.closest("article") !== null && document.activeElement.matches("textarea")',
  )
  await press('End')
  await keyboard.type(' Please.')
  await press('Enter')
  await page.getByRole('article').getByText('how does it turn? Please.').waitFor()
  await holds(page, 'document.querySelector("article textarea") === null')
  await lastMessage(page, 'Quickly.')
  await press('r')
  ;(await rig.model.asked()).done('Around its axis.')
  await page.getByRole('article').getByText('Around its axis.').waitFor()
  await lastMessage(page, 'Around its axis.')
  await press('c')
  await page.getByText('Copied').first().waitFor()
  assert.equal(await page.evaluate('navigator.clipboard.readText()'), 'Around its axis.')

  // A file, by its button.
  await tabTo(page, 'Attach files')
  await press('Enter')
  const chooser = await chosen.promise
  await chooser.setFiles({ name: 'plan.txt', mimeType: 'text/plain', buffer: Buffer.from('a plan') })
  await page.getByText('plan.txt').first().waitFor()
  await write(page)
  await press('Enter')
  await page.getByRole('article').getByRole('link', { name: 'plan.txt' }).waitFor()
  ;(await rig.model.asked()).done('Thank you.')

  // Search, and go there.
  await press('Control+k')
  await inField(page, search)
  await keyboard.type('lathe')
  await page.getByRole('option', { name: /in workshop What is a lathe/ }).waitFor()
  await press('ArrowDown')
  await press('ArrowUp')
  await press('Enter')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.getByRole('article').getByText('What is a lathe?').waitFor()

  // Settings: out of the way and back.
  await leaveField(page)
  await press(',')
  await page.getByRole('dialog', { name: 'Settings of workshop' }).waitFor()
  await tabTo(page, 'Archive')
  await press('Enter')
  await page.getByRole('button', { name: 'Bring it back' }).waitFor()
  await tabTo(page, 'Bring it back')
  await press('Enter')
  await page.getByRole('button', { name: 'Archive' }).waitFor()
  await press('Escape')
  await noDialog(page)

  // A menu in the room: Escape closes it, and the button that opened it has the focus again.
  await tabTo(page, 'More about this room')
  await press('Enter')
  await holds(page, `${openMenu} !== null && ${openMenu}.contains(document.activeElement)`)
  await press('n')
  await press('Escape')
  await holds(page, `${openMenu} === null && ${focused} === 'More about this room'`)
  assert.equal(await page.getByRole('dialog').count(), 0)

  // The room before, the list of keys, the theme, another page.
  await press('Alt+ArrowUp')
  await page.getByRole('heading', { level: 1, name: 'lobby' }).waitFor()
  await inField(page, 'Message Courante')
  await leaveField(page)
  await press('?')
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
  await press('Escape')
  await noDialog(page)
  await tabTo(page, /profile, theme and more/)
  await press('Enter')
  await holds(page, `${openMenu}?.contains(document.activeElement)`)
  await press('End')
  await holds(page, `${focused} === 'Dark'`)
  await press('Enter')
  await holds(page, 'document.documentElement.dataset.theme === "dark"')
  await holds(page, `${openMenu} === null`)
  await press('/')
  await inField(page, search)
  await keyboard.type('models')
  await page.getByRole('option', { name: 'Models' }).waitFor()
  await press('Enter')
  await page.getByRole('heading', { level: 1, name: 'Models' }).waitFor()
})

test('logging in and out by keyboard alone', { skip: noChromium }, async () => {
  await using rig = await PageRig.start({ accounts: true })
  await rig.logIn('ann')
  const page = await rig.page('/')
  await inField(page, 'Name')
  await page.keyboard.type('ann')
  await page.keyboard.press('Tab')
  await inField(page, 'Password')
  await page.keyboard.type(password)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { level: 1, name: 'lobby' }).waitFor()
  await tabTo(page, /profile, theme and more/)
  await page.keyboard.press('Enter')
  await holds(page, `${openMenu}?.contains(document.activeElement)`)
  await page.keyboard.press('End')
  await holds(page, `${focused} === 'Log out'`)
  await page.keyboard.press('Enter')
  await inField(page, 'Name')
})

/** What the focus is on, as a screen reader would name it, more or less. */
const focused = `(() => {
  const { activeElement: at } = document
  return at?.getAttribute('aria-label') ?? at?.labels?.[0]?.textContent ?? at?.textContent?.trim() ?? ''
})()`

async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const seen: string[] = []
  while (seen.length < 80) {
    await page.keyboard.press('Tab')
    const at = String(await page.evaluate(focused))
    if (typeof name === 'string' ? at === name : name.test(at)) return
    seen.push(at.slice(0, 40))
  }
  assert.fail(`Tab never came to ${String(name)}, but to ${seen.join(' | ')}`)
}

/** Waits until the focus is in that field. */
async function inField(page: Page, name: string): Promise<void> {
  const isField = `/^(TEXTAREA|INPUT)$/.test(document.activeElement?.tagName)`
  await holds(page, `${isField} && ${focused} === ${JSON.stringify(name)}`)
}

const search = 'Search messages, rooms and pages'
const openMenu = `document.querySelector('[role=menu]:popover-open')`

/** Out of every field, so that letters are keys. */
async function leaveField(page: Page): Promise<void> {
  const left = `!document.activeElement?.matches('textarea, input')`
  if (!(await page.evaluate(left))) await page.keyboard.press('Escape')
  await holds(page, left)
}

async function noDialog(page: Page): Promise<void> {
  await holds(page, `document.querySelector('dialog') === null`)
}

/** To the last message, which has that text. */
async function lastMessage(page: Page, text: string): Promise<void> {
  await leaveField(page)
  if (!(await page.evaluate(isOnMessage))) await page.keyboard.press('j')
  await holds(page, isOnMessage)
  await page.keyboard.press('End')
  await onMessage(page, text)
}

const isOnMessage = `document.activeElement?.matches('article') === true`

/** Into the field of the room, wherever the focus is. */
async function write(page: Page): Promise<void> {
  await leaveField(page)
  await page.keyboard.press('w')
  await inField(page, 'Message Courante')
}

async function onMessage(page: Page, text: string): Promise<void> {
  await holds(
    page,
    `document.activeElement?.matches('article') && document.activeElement.textContent.includes(${JSON.stringify(text)})`,
  )
}
