import assert from 'node:assert/strict'
import { appendFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { launchChromium, noChromium } from '../support/chromium.ts'
import { haveSpeech, modelsDir, plainWords, speech } from '../support/speech.ts'
import { Spawned } from '../support/spawned.ts'
import { tempDir } from '../support/temp.ts'

const noSpeech = noChromium || (!haveSpeech() && 'the speech models or the sample are not here')

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
  await page.waitForFunction('document.querySelector(".scroller").scrollTop < 1500')
  const before = await transcript.evaluate('node => node.scrollTop')
  await stack.append('2026-11-02 09:00:02.000 < First new.')
  await stack.append('2026-11-02 09:00:03.000 < Second new.')
  const button = page.getByRole('button', { name: '2 new' })
  await button.waitFor()
  assert.equal(await transcript.evaluate('node => node.scrollTop'), before)
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
    await page.getByText('Connected').waitFor()
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
      await page.getByText('Connected').waitFor()
      await stack.append(`2026-11-02 09:00:03.000 < ${later}`)
      await page.getByText(later).waitFor()
    }
    assert.deepEqual(await textsOf(page), ['One.', 'Two.', 'Three.', 'Four.', 'Five.', 'Six.'])
    // Vite would print a stack trace for each request that found no backend.
    assert.doesNotMatch(stack.vite.stdout + stack.vite.stderr, /\n\s+at /)
  },
)

test(
  'M turns the microphone on, M and Escape turn it off, and what was said becomes text',
  { skip: noChromium },
  async () => {
    await using stack = await startStack('')
    await using _ = await stack.startStandIn(['What the beep said.'])
    await using browser = await launchChromium()
    const page = await open(browser, stack.url, ['microphone'])
    const button = page.getByRole('button', { name: 'Microphone' })
    await page.keyboard.press('m')
    await page.getByText('Hearing you').waitFor()
    assert.equal(await button.getAttribute('aria-pressed'), 'true')
    assert.equal(await page.title(), '● Courante')
    await page.keyboard.press('m')
    await page.getByText('Microphone off').waitFor()
    await page.getByText('What the beep said.').waitFor()
    await page.keyboard.press('M')
    await page.getByText('Hearing you').waitFor()
    await page.keyboard.press('Escape')
    await page.getByText('Microphone off').waitFor()
    assert.equal(await button.getAttribute('aria-pressed'), 'false')
  },
)

test(
  'a backend that goes while the microphone is on turns it off, in words',
  { skip: noChromium },
  async () => {
    await using stack = await startStack('')
    await using _ = await stack.startStandIn([])
    await using browser = await launchChromium()
    const page = await open(browser, stack.url, ['microphone'])
    await page.getByRole('button', { name: 'Microphone' }).click()
    await page.getByText('Hearing you').waitFor()
    await stack.killBackend()
    await page.getByRole('alert').getByText('The connection to the backend was lost').waitFor()
    await page.getByText('Microphone off').waitFor()
  },
)

test('an engine that is missing is told in the backend’s words', { skip: noChromium }, async () => {
  await using stack = await startStack('')
  const refuse = { code: 'model_missing', message: 'The model is not installed.', todo: 'Run npm run up.' }
  await using _ = await stack.startStandIn([], refuse)
  await using browser = await launchChromium()
  const page = await open(browser, stack.url, ['microphone'])
  await page.keyboard.press('m')
  await page.getByRole('alert').getByText('The model is not installed. Run npm run up.').waitFor()
})

test(
  'a microphone that is not allowed is told in words, and Escape clears them',
  { skip: noChromium },
  async () => {
    await using stack = await startStack('')
    await using browser = await launchChromium()
    const page = await open(browser, stack.url, [])
    await page.getByRole('button', { name: 'Microphone' }).click()
    await page.getByRole('alert').getByText('The microphone is blocked for this page').waitFor()
    await page.keyboard.press('Escape')
    await page.getByText('The microphone is blocked').waitFor({ state: 'detached' })
  },
)

test('words spoken into the microphone appear in the page', { skip: noSpeech }, async () => {
  await using stack = await startStack('')
  await using core = new Spawned('services/core/main.ts', [], { ...stack.env, COURANTE_MODELS: modelsDir })
  await core.saw(/core ready/)
  await using browser = await launchChromium({ microphone: speech.path })
  const page = await open(browser, stack.url, ['microphone'])
  await page.getByText('Connected').waitFor()
  await page.keyboard.press('m')
  await page.getByText('Hearing you').waitFor()
  await page.waitForFunction(
    `/you can do for your country/i.test(document.querySelector('.lines').textContent)`,
  )
  await page.keyboard.press('m')
  await page.getByText('Microphone off').waitFor()
  // The browser's gain control bends the sound a little: one word in 22 may be another.
  const said = plainWords((await textsOf(page)).join(' ')).split(' ')
  const missing = speech.words.split(' ').filter(word => !said.includes(word))
  assert.ok(missing.length <= 1, `missing ${missing.join(' ')} in: ${said.join(' ')}`)
})

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
    /** An engine that hears these texts in any sound. */
    startStandIn: async (texts: string[], refuse?: { code: string; message: string; todo: string }) => {
      const engine = new Spawned('test/support/portal-engine.ts', [JSON.stringify({ texts, refuse })], env)
      await engine.saw(/^core ready$/m)
      return engine
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  }
}

/** A page whose script errors fail the test. */
async function open(browser: Browser, url: string, permissions: string[] = []): Promise<Page> {
  const context = await browser.newContext({ permissions, viewport: { width: 390, height: 800 } })
  const page = await context.newPage()
  page.on('pageerror', error => {
    throw error
  })
  await page.goto(url)
  // By then it listens to keys.
  await page.getByText(/Connected|Core not ready/).waitFor()
  return page
}

async function textsOf(page: Page): Promise<string[]> {
  return page.getByRole('log').locator('p').allTextContents()
}

/** Until the line with this text stands within the window. */
async function inView(page: Page, text: string): Promise<void> {
  await page.getByText(text).waitFor()
  await page.waitForFunction(`(() => {
    const box = document.querySelector('.scroller').getBoundingClientRect()
    const line = [...document.querySelectorAll('.line')].find(one => one.textContent.includes(${JSON.stringify(text)}))
    return line !== undefined && line.getBoundingClientRect().bottom <= box.bottom + 1
  })()`)
}
