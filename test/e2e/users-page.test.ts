import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { launchChromium, noChromium } from '../support/chromium.ts'
import { password, usersRig, type UsersRig } from '../support/users-rig.ts'

/** A new visitor with a link; whatever the browser complains about is kept. */
async function visit(
  browser: Browser,
  rig: UsersRig,
  token: string,
): Promise<{ page: Page; said: string[] }> {
  const page = await (await browser.newContext({ viewport: { width: 360, height: 640 } })).newPage()
  const said: string[] = []
  page.on('console', message => said.push(message.text()))
  page.on('pageerror', error => said.push(error.message))
  await page.goto(`${rig.url}/welcome${token === '' ? '' : `#${token}`}`)
  return { page, said }
}

async function fill(page: Page, name: string, words: readonly [string, string]): Promise<void> {
  if (name !== '') await page.getByLabel('Your name').fill(name)
  await page.getByLabel('A password').fill(words[0])
  await page.getByLabel('The same password again').fill(words[1])
  await page.getByRole('button', { name: 'Go' }).click()
}

test(
  'the first user by the page: mistakes in words, then logged in; the link is worth nothing afterwards',
  { skip: noChromium },
  async () => {
    await using rig = await usersRig()
    await using browser = await launchChromium()
    const { page, said } = await visit(browser, rig, rig.firstToken)
    await page.getByText('Choose a name and a password for your account here.').waitFor()
    assert.ok(!page.url().includes(rig.firstToken), 'the address bar forgets the link')
    await fill(page, 'alice', [password, 'another horse'])
    await page.getByText('The two passwords are not the same.').waitFor()
    await fill(page, 'everyone', [password, password])
    await page.getByText('"everyone" is kept for the program').waitFor()
    await fill(page, 'alice', [password, password])
    await page.getByText('Done. You are logged in as alice.').waitFor()
    const me = await page.evaluate('fetch("/api/whoami").then(answer => answer.json())')
    assert.equal((me as { name: string }).name, 'alice')
    assert.equal(await page.evaluate('document.cookie'), '')
    // A form of 409 is what the console tells of; no policy was broken and nothing threw.
    assert.deepEqual(
      said.filter(line => !line.includes('409')),
      [],
    )
    const late = await visit(browser, rig, rig.firstToken)
    await late.page.getByText('this link was used already, or its time is over').waitFor()
    assert.equal(await late.page.getByRole('button').count(), 0)
  },
)

test(
  'a reset by the page asks for no name; without a link the page says what it is for',
  { skip: noChromium },
  async () => {
    await using rig = await usersRig()
    await rig.users(['add', 'alice', '--admin', '--password-stdin'], 0, 'correct horse')
    const { out } = await rig.users(['reset', 'alice'])
    await using browser = await launchChromium()
    const { page } = await visit(browser, rig, out.trim().split('#')[1] ?? '')
    await page.getByText('Choose a new password.').waitFor()
    assert.equal(await page.getByLabel('Your name').inputValue(), 'alice')
    assert.equal(await page.getByLabel('Your name').getAttribute('readonly'), '')
    await fill(page, '', [password, password])
    await page.getByText('Done. You are logged in as alice.').waitFor()
    await rig.logIn('alice')
    const without = await visit(browser, rig, '')
    await without.page.getByText('This page is opened by a link').waitFor()
  },
)

test(
  'the page fits a telephone, in the dark as well, and its texts can be read',
  { skip: noChromium },
  async () => {
    await using rig = await usersRig()
    await using browser = await launchChromium()
    const { page } = await visit(browser, rig, rig.firstToken)
    await page.getByRole('button', { name: 'Go' }).waitFor()
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      const seen = await page.evaluate(`({
      wide: document.documentElement.scrollWidth > innerWidth,
      inputs: getComputedStyle(document.querySelector('input')).fontSize,
      button: [getComputedStyle(document.querySelector('button')).color, getComputedStyle(document.querySelector('button')).backgroundColor],
    })`)
      const { wide, inputs, button } = seen as { wide: boolean; inputs: string; button: [string, string] }
      assert.equal(wide, false)
      // Smaller ones make a telephone zoom in.
      assert.ok(Number.parseFloat(inputs) >= 16)
      assert.ok(contrast(...button) >= 4.5, colorScheme)
    }
  },
)

/** WCAG 2's ratio of two `rgb(…)`. */
function contrast(one: string, other: string): number {
  const [a = 0, b = 0] = [one, other].map(luminance).sort((x, y) => y - x)
  return (a + 0.05) / (b + 0.05)
}

function luminance(color: string): number {
  const [r = 0, g = 0, b = 0] = (color.match(/[\d.]+/g) ?? []).map(part => {
    const value = Number(part) / 255
    return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}
