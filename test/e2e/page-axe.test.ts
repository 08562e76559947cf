import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { noChromium } from '../support/chromium.ts'
import { PageRig } from '../support/page-rig.ts'

let rig: PageRig
before(async () => {
  if (noChromium !== false) return
  rig = await PageRig.start({ accounts: true })
  const ann = await rig.logIn('ann')
  const ben = await rig.logIn('ben')
  await rig.must('POST', '/api/rooms', { id: 'kitchen' }, ann)
  await rig.must('POST', '/api/rooms', { id: 'ann/notes', agents: [] }, ann)
  await rig.must('POST', '/api/rooms', { id: 'attic', agents: [] }, ann)
  await rig.must('PATCH', '/api/rooms/attic', { archived: true }, ann)
  await rig.must('POST', '/api/rooms/kitchen/messages', { text: everything }, ben)
  const asked = await rig.model.asked()
  await asked.say('Let me think.', 'thought')
  await asked.say(everything)
  asked.done()
})
after(() => rig?.[Symbol.asyncDispose]())

const fence = '```'
const everything = `# A title

Some *text* with \`code\`, a [link](https://example.org) and ~~less~~.

- [ ] to do
- [x] done

| a | b |
| - | - |
| 1 | 2 |

> A quote.

${fence}js
const answer = 42 // why not
${fence}

$$e^{i\\pi} = -1$$`

/** Nothing serious or critical, wide and light as well as narrow and dark. */
async function check(page: Page, name: string): Promise<void> {
  for (const [width, colorScheme] of [
    [1280, 'light'],
    [390, 'dark'],
  ] as const) {
    await page.setViewportSize({ width, height: 844 })
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await checkNow(page, `${name}, ${width}, ${colorScheme}`)
  }
}

async function checkNow(page: Page, name: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze()
  const grave = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, any }) => `${html.slice(0, 200)} ${any[0]?.message ?? ''}`).join('\n    ')}`,
    )
  assert.deepEqual(grave, [], name)
}

test('axe finds nothing grave in a room', { skip: noChromium }, async () => {
  const page = await rig.person('ann', '/rooms/kitchen')
  await page.getByRole('article').nth(1).getByText('A title').waitFor()
  await check(page, 'room')
  await page.context().close()
})

for (const [path, heading] of [
  ['/models', 'Models'],
  ['/system', 'System'],
  ['/transcript', 'Transcript'],
  ['/admin', 'Admin'],
  ['/profile', 'Profile'],
] as const)
  test(`axe finds nothing grave on ${path}`, { skip: noChromium }, async () => {
    const page = await rig.person('ann', path)
    await page.getByRole('heading', { level: 1, name: heading }).waitFor()
    await check(page, path)
    await page.context().close()
  })

test('axe finds nothing grave where one logs in', { skip: noChromium }, async () => {
  const page = await rig.page('/')
  await page.getByRole('button', { name: 'Log in' }).waitFor()
  await check(page, 'login')
  await page.context().close()
})

test('axe finds nothing grave in dialogs, menus and the drawer', { skip: noChromium }, async () => {
  const page = await rig.person('ann', '/rooms/kitchen', { reducedMotion: 'reduce', colorScheme: 'dark' })
  await page.getByRole('article').nth(1).getByText('A title').waitFor()
  const open = async (name: string, show: () => Promise<void>, there: string): Promise<void> => {
    await show()
    const shown = page.locator(there)
    await shown.first().waitFor()
    await checkNow(page, name)
    await page.keyboard.press('Escape')
    await shown.first().waitFor({ state: 'detached' })
  }
  const press = (name: string | RegExp) => () => page.getByRole('button', { name }).first().click()
  const menuItem = (menu: string, item: string) => async () => {
    await press(menu)()
    await page.getByRole('menuitem', { name: item }).click()
  }
  await open('more', press('More about this room'), '[role=menu]:popover-open')
  await open('person', press(/profile, theme and more/), '[role=menu]:popover-open')
  await open('agent', press('Agent Courante'), '.popover:popover-open')
  await open('new room', press('New room'), 'dialog:modal')
  await open('settings', menuItem('More about this room', 'Settings of the room'), 'dialog:modal')
  await open('shortcuts', menuItem('ann: profile, theme and more', 'Keyboard shortcuts'), 'dialog:modal')
  await open(
    'search',
    async () => {
      await page.getByRole('button', { name: 'Search', exact: true }).click()
      await page.getByRole('combobox', { name: 'Search messages, rooms and pages' }).fill('t')
    },
    '[role=option] mark',
  )
  await page.setViewportSize({ width: 390, height: 844 })
  await open('drawer', press('Rooms and pages'), 'dialog:modal')
  await page.context().close()
})
