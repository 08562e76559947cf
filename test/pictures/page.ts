import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { root } from '../support/our-stack.ts'
import { PageRig } from '../support/page-rig.ts'
import { holds } from '../support/page-holds.ts'

/**
 * Makes the README's pictures of the page: docs/page-light.png, docs/page-dark.png, docs/page-narrow.png. The page, the server
 * and the rooms are the real ones; what the two agents say is written here, as no model of a few megabytes bakes bread.
 * With a folder as its argument it puts all pages there instead, wide and narrow, light and dark, to be looked at.
 */
const folder = process.argv[2]
const wide = { width: 1280, height: 800 }
/** The whole conversation. */
const tall = { width: 1280, height: 1080 }
const full = { width: 1920, height: 1080 }
const narrow = { width: 390, height: 844 }

await using rig = await PageRig.start({ accounts: true })
const ann = await rig.logIn('Ann')
const ben = await rig.logIn('Ben')
await rig.must('PUT', '/api/agents/Clock', { system: 'You plan the times.', turns: 'mention' }, ann)
for (const id of ['lobby', 'bread', 'garden', 'Ann/reading list'])
  await rig.must('POST', '/api/rooms', { id, agents: id === 'bread' ? ['Courante', 'Clock'] : [] }, ann)
for (const text of ['The beans are up.', 'And so are the slugs.']) await said(ben, 'garden', text)
await said(ann, 'Ann/reading list', 'Tolstoy, after the harvest.')

const fence = '```'
await said(
  ann,
  'bread',
  '@Courante two loaves for Sunday: 900 g of flour at 72 % hydration. What do I weigh?',
)
await answered(`Everything follows from the flour: $m_\\text{water} = 0.72 \\cdot 900\\,\\text{g} = 648\\,\\text{g}$.

| | share | grams |
| --- | ---: | ---: |
| flour | 100 % | 900 |
| water | 72 % | 648 |
| starter | 20 % | 180 |
| salt | 2 % | 18 |`)
await said(ben, 'bread', '@Clock breakfast is at ten. When do we begin?')
await answered(`On Saturday evening, and you sleep through most of it:

${fence}mermaid
flowchart LR
  A[Mix<br>20:00] --> B[Fold<br>20:45] --> C[Fridge<br>22:00] --> D[Shape<br>7:30] --> E[Bake<br>8:45]
${fence}`)
await said(ann, 'bread', '@Courante a line for my shell that tells me to fold, please')
const growing = await rig.model.asked()
await growing.say(`Three times, a quarter of an hour apart:

${fence}sh
for turn in 1 2 3; do sleep 15m; notify-send "Fold the dough, turn $turn"; done
${fence}

Wet hands help more than flour; `)

// Ann has read all of it.
const { bytes } = await rig.must('GET', '/api/rooms/bread', undefined, ann)
await rig.must('PUT', '/api/rooms/bread/read', { offset: bytes }, ann)

const pages: Page[] = [await rig.person('Ben', '/rooms/bread')]
if (folder === undefined) {
  await room('docs/page-light.png', tall, 'light')
  await room('docs/page-dark.png', tall, 'dark')
  await room('docs/page-narrow.png', narrow, 'dark')
} else {
  await mkdir(folder, { recursive: true })
  for (const size of [wide, full, narrow])
    for (const scheme of ['light', 'dark'] as const) await everything(size, scheme)
}
growing.done()
for (const page of pages) await page.context().close()

async function said(cookie: string, id: string, text: string): Promise<void> {
  await rig.must('POST', `/api/rooms/${encodeURIComponent(id)}/messages`, { text }, cookie)
}

async function answered(text: string): Promise<void> {
  const before = await count()
  ;(await rig.model.asked()).done(text)
  // The next one speaks when this one has.
  while ((await count()) === before) continue
}

async function count(): Promise<number> {
  const { messages } = await rig.must('GET', '/api/rooms/bread/messages', undefined, ann)
  return (messages as unknown[]).length
}

async function opened(size: typeof wide, colorScheme: 'light' | 'dark'): Promise<Page> {
  const touch = size === narrow ? { hasTouch: true, isMobile: true } : {}
  const page = await rig.person('Ann', '/rooms/bread', { viewport: size, colorScheme, ...touch })
  await page.getByText('Wet hands help').waitFor()
  await holds(
    page,
    `document.fonts.status === 'loaded' && document.querySelector('.diagram img')?.complete === true`,
  )
  return page
}

async function room(file: string, size: typeof wide, scheme: 'light' | 'dark'): Promise<void> {
  const page = await opened(size, scheme)
  await page.screenshot({ path: join(root, file) })
  await page.context().close()
}

async function everything(size: typeof wide, scheme: 'light' | 'dark'): Promise<void> {
  const page = await opened(size, scheme)
  const shot = async (name: string): Promise<void> => {
    await page.screenshot({ path: join(folder ?? '', `${name}-${size.width}-${scheme}.png`) })
  }
  await shot('room')
  for (const [name, key] of [
    ['search', '/'],
    ['shortcuts', '?'],
    ['new-room', 'n'],
    ['settings', ','],
  ] as const) {
    if (await page.evaluate(`document.activeElement.tagName === 'TEXTAREA'`))
      await page.keyboard.press('Escape')
    await page.keyboard.press(key)
    await page.getByRole('dialog').waitFor()
    if (name === 'search') {
      await page.keyboard.type('fold')
      await page.locator('[role=option] mark').first().waitFor()
    }
    await shot(name)
    await page.keyboard.press('Escape')
  }
  for (const path of ['/models', '/system', '/transcript', '/admin', '/profile', '/nowhere']) {
    await page.evaluate(`history.pushState(null, '', ${JSON.stringify(path)})`)
    await page.getByRole('heading', { level: 1 }).waitFor()
    await holds(page, `document.querySelector('.loading, .late') === null`)
    await shot(path.slice(1))
  }
  await page.context().clearCookies()
  await page.reload()
  await page.getByRole('button', { name: 'Log in' }).waitFor()
  await shot('login')
  await page.context().close()
}
