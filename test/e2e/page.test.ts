// The transcript page, by the dev server: its proxy has to show a backend's death, and its return.
import assert from 'node:assert/strict'
import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { launchChromium, noChromium } from '../support/chromium.ts'
import { Spawned } from '../support/spawned.ts'
import { tempDir } from '../support/temp.ts'

test(
  'lines of transcript.log appear, old and new, with the day they belong to',
  { skip: noChromium },
  async () => {
    await using stack = await startStack('2026-11-02 09:14:02.120 < Good morning.\n')
    await using browser = await launchChromium()
    const page = await open(browser, stack.url)
    await page.getByText('Good morning.').waitFor()
    await page.getByText('Monday 2 November 2026').waitFor()
    await stack.append('2026-11-02 09:14:05.000 > Good morning to you.')
    await page.getByText('Good morning to you.').waitFor()
    await stack.append('a note by hand, with <b>no markup</b>')
    await page.getByText('a note by hand, with <b>no markup</b>').waitFor()
    assert.deepEqual(await textsOf(page), [
      'Good morning.',
      'CouranteGood morning to you.',
      'a note by hand, with <b>no markup</b>',
    ])
  },
)

test('an empty transcript says what to do', { skip: noChromium }, async () => {
  await using stack = await startStack('')
  await using browser = await launchChromium()
  const page = await open(browser, stack.url)
  await page.getByRole('heading', { name: 'Nothing heard yet' }).waitFor()
  await page.getByText('./courante mike --file x.wav').waitFor()
  await stack.append('2026-11-02 09:14:02.120 < Now.')
  await page.getByText('Now.').waitFor()
  assert.equal(await page.getByRole('heading', { name: 'Nothing heard yet' }).count(), 0)
})

test('a reader who scrolled up stays there and is told what is new', { skip: noChromium }, async () => {
  const many = Array.from({ length: 90 }, (_, n) => `2026-11-02 09:00:00.000 < Line ${n}.\n`).join('')
  await using stack = await startStack(many)
  await using browser = await launchChromium()
  const page = await open(browser, stack.url)
  await page.getByText('Line 89.', { exact: true }).waitFor()
  const transcript = page.getByRole('region', { name: 'Transcript' })
  // A line that comes while one is at the end is followed.
  await stack.append('2026-11-02 09:00:01.000 < Followed.')
  await inView(page, 'Followed.')
  await transcript.hover()
  await page.mouse.wheel(0, -2000)
  await page.waitForFunction(
    () => (document.querySelector('.transcript-scroller')?.scrollTop ?? Infinity) < 1500,
  )
  const before = await transcript.evaluate(node => node.scrollTop)
  await stack.append('2026-11-02 09:00:02.000 < First new.')
  await stack.append('2026-11-02 09:00:03.000 < Second new.')
  const button = page.getByRole('button', { name: '2 new' })
  await button.waitFor()
  assert.equal(await transcript.evaluate(node => node.scrollTop), before)
  await button.click()
  await inView(page, 'Second new.')
  await button.waitFor({ state: 'detached' })
})

test(
  'a killed backend is told; when it is back, no line is lost or doubled',
  { skip: noChromium },
  async () => {
    await using stack = await startStack('2026-11-02 09:00:00.000 < One.\n')
    await using browser = await launchChromium()
    const page = await open(browser, stack.url)
    await page.getByText('One.').waitFor()
    await page.getByText('Core not ready').waitFor()
    await stack.pretendCore()
    await page.getByText('Connected', { exact: true }).waitFor()
    await stack.append('2026-11-02 09:00:01.000 < Two.')
    await page.getByText('Two.').waitFor()
    for (const [lost, later] of [
      ['Three.', 'Four.'],
      ['Five.', 'Six.'],
    ] as const) {
      await stack.killBackend()
      await page.getByText('Reconnecting').waitFor()
      await stack.append(`2026-11-02 09:00:02.000 < ${lost}`)
      await stack.startBackend()
      await page.getByText('Connected', { exact: true }).waitFor()
      await stack.append(`2026-11-02 09:00:03.000 < ${later}`)
      await page.getByText(later).waitFor()
    }
    assert.deepEqual(await textsOf(page), ['One.', 'Two.', 'Three.', 'Four.', 'Five.', 'Six.'])
    // Vite would print a stack trace for each request that found no backend.
    assert.doesNotMatch(stack.vite.stdout + stack.vite.stderr, /\n\s+at /)
  },
)

async function startStack(transcript: string) {
  await using cleanup = new AsyncDisposableStack()
  const home = cleanup.use(await tempDir())
  const log = join(home.path, 'transcript.log')
  await writeFile(log, transcript)
  const env = { COURANTE_HOME: home.path, COURANTE_SOCKETS: home.path, NO_COLOR: '1' }
  let backend: Spawned | undefined
  cleanup.defer(async () => backend?.[Symbol.asyncDispose]())
  const startBackend = async (port: string): Promise<string> => {
    backend = new Spawned('services/backend/main.ts', [], { ...env, PORT: port })
    const [, given = ''] = await backend.saw(/^backend listening on \S+:(\d+)$/m)
    return given
  }
  const port = await startBackend('0')
  const viteEnv = { ...env, PORT: '0', COURANTE_PORT_BACKEND: port }
  const vite = cleanup.use(new Spawned('node_modules/vite/bin/vite.js', ['web'], viteEnv))
  const [url] = await vite.saw(/http:\/\/127\.0\.0\.1:\d+\//)
  const all = cleanup.move()
  return {
    env,
    url,
    vite,
    append: (line: string) => appendFile(log, `${line}\n`),
    killBackend: async () => backend?.[Symbol.asyncDispose](),
    startBackend: () => startBackend(port),
    /** Core's own file, with a process that lives. */
    pretendCore: async () => {
      await mkdir(join(home.path, 'run'), { recursive: true })
      await writeFile(join(home.path, 'run', 'core.json'), JSON.stringify({ pid: process.pid }))
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

/** A page whose script errors fail the test. */
async function open(browser: Browser, url: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 390, height: 800 } })
  const page = await context.newPage()
  page.on('pageerror', error => {
    throw error
  })
  await page.goto(`${url}transcript`)
  await page.getByText(/Connected|Core not ready/).waitFor()
  return page
}

async function textsOf(page: Page): Promise<string[]> {
  return page.getByRole('log').locator('p').allTextContents()
}

/** Until the line with this text stands within the window. */
async function inView(page: Page, text: string): Promise<void> {
  await page.getByText(text).waitFor()
  await page.waitForFunction(text => {
    const box = document.querySelector('.transcript-scroller')?.getBoundingClientRect()
    const lines = [...document.querySelectorAll('.transcript-line')]
    const line = lines.find(one => one.textContent.includes(text))?.getBoundingClientRect()
    return box !== undefined && line !== undefined && line.bottom <= box.bottom + 1
  }, text)
}
