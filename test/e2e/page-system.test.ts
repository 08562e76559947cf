import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import type { Page } from 'playwright-core'
import { builtPage } from '../support/built-page.ts'
import { launchChromium, noChromium } from '../support/chromium.ts'
import { freePort } from '../support/free-port.ts'
import { PageRig } from '../support/page-rig.ts'
import { Spawned } from '../support/spawned.ts'
import { Rig } from '../support/supervisor-rig.ts'

const root = resolve(import.meta.dirname, '../..')
const skip = noChromium

test(
  'services, their logs as they grow, and restarts: a stack seen from its own page',
  { skip },
  async () => {
    await using stack = await Rig.up({
      worker: { command: ['sh', '-c', talker] },
      core: { command: ['sh', '-c', talker] },
    })
    await stack.ready()
    const { home } = stack.stack
    const port = String(await freePort())
    await using backend = new Spawned('services/backend/main.ts', [], {
      COURANTE_HOME: home,
      COURANTE_SOCKETS: join(home, 'b'),
      COURANTE_PORT_BACKEND: port,
      COURANTE_PAGE: await builtPage(),
    })
    await backend.saw(/^backend listening/m)
    await using browser = await launchChromium()
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } })
    await page.goto(`http://127.0.0.1:${port}/system`)
    const worker = page.getByRole('row', { name: /^worker/ })
    await worker.getByText('ready').waitFor()
    await worker.getByText(/\d [kM]B/).waitFor()

    await page.getByRole('button', { name: 'Log of worker' }).click()
    const log = page.getByRole('region', { name: 'Log of worker' })
    await log.getByText('began', { exact: true }).waitFor()
    assert.equal(await log.getByText('began', { exact: true }).getAttribute('data-tone'), 'good')
    const first = await processOf(page, 'worker')
    await worker.getByRole('button', { name: 'Restart worker' }).click()
    await page.getByText('worker restarts').waitFor()
    await otherProcess(page, 'worker', first)
    // The same page goes on with what the new process says.
    await page.getByLabel('Filter lines').fill('BEGAN')
    await log.getByText('began', { exact: true }).nth(1).waitFor()
    await page.getByLabel('Filter lines').fill('no line is so')
    await page.getByText('No line has these words.').waitFor()

    // What the others need is asked about.
    await page.getByRole('button', { name: 'Restart core' }).click()
    const asked = page.getByRole('dialog', { name: 'Restart core?' })
    await asked.getByText(/Models leave memory/).waitFor()
    const before = await processOf(page, 'core')
    await asked.getByRole('button', { name: 'Restart' }).click()
    await asked.waitFor({ state: 'detached' })
    await otherProcess(page, 'core', before)
  },
)

test('a backend that was started by hand says so, with what it knows', { skip }, async () => {
  await using rig = await PageRig.start()
  const page = await rig.page('/system')
  await page.getByText('The backend was started by hand, without a supervisor.').waitFor()
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  await page.getByText(version, { exact: true }).waitFor()
  await page.getByText(rig.server.home, { exact: true }).waitFor()
  await page.getByText(/free of/).waitFor()
  assert.equal(await page.getByRole('table').count(), 0)
})

/** Says in colour that it is there, and then nothing. */
const talker = String.raw`printf '\033[32mbegan\033[0m\n'; exec sleep 600`

function processOf(page: Page, service: string): Promise<string | null> {
  return page
    .getByRole('row', { name: new RegExp(`^${service}`) })
    .locator('[data-head=Process]')
    .textContent()
}

/** Until the page shows a new process of that service. */
async function otherProcess(page: Page, service: string, before: string | null): Promise<void> {
  await page
    .getByRole('row', { name: new RegExp(`^${service}`) })
    .locator('[data-head=Process]')
    .filter({ hasText: /^\d+$/, hasNotText: new RegExp(`^${before}$`) })
    .waitFor()
}
