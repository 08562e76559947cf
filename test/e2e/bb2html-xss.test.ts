import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { messageHtml } from '../../services/chat/html/html.ts'
import { pageEnd, pageStart } from '../../services/chat/html/page.ts'
import { xssNames, xssTexts } from '../fixtures/xss.ts'
import { strangersIn } from '../support/allowed-html.ts'
import { launchChromium, noChromium } from '../support/chromium.ts'

const messages = [
  ...xssTexts.map(text => ({ author: 'Mallory', text })),
  ...xssTexts.map(text => ({ author: null, text: `before\n${text}\nafter` })),
  ...xssTexts.map(text => ({ author: 'Mallory', text: `> - *${text}*` })),
  ...xssTexts.map(text => ({ author: 'Mallory', text: `<think>${text}` })),
  ...xssNames.map(author => ({ author, text: 'hi' })),
]

test('a message is one article of allowed elements and attributes, whatever it says', () => {
  for (const message of messages) {
    const html = messageHtml(message)
    assert.deepEqual(strangersIn(html), [], `${JSON.stringify(message)}\n${html}`)
  }
})

suite('in a browser, without any policy to help', { skip: noChromium }, () => {
  test('no script runs, nothing is asked for, no link leads to a script', async () => {
    await using browser = await launchChromium()
    const page = await browser.newPage()
    const trap = await setTrap(page)

    // The trap bites.
    await page.setContent('<script>alert(1)</script><img src="http://xss.invalid/x" onerror="alert(1)">')
    await page.waitForFunction('window.ran === 2')
    assert.deepEqual(trap.asked.splice(0), ['http://xss.invalid/x'])

    await page.evaluate('window.ran = 0')

    for (const part of partsOf(messages, 200)) {
      const html = part.map(messageHtml)
      await page.setContent(`<!doctype html><main>${html.join('\n')}</main><p id=end>`)
      await assertQuiet(page, part.length)
      // As the page does it: another parser's mode, in which handlers run and scripts don't.
      await page.setContent('<!doctype html><main></main><p id=end>')
      await page.evaluate(`document.querySelector('main').innerHTML = ${JSON.stringify(html.join('\n'))}`)
      await assertQuiet(page, part.length)
    }
    for (const name of xssNames) {
      const start = pageStart(name).replace(/<meta http-equiv[^>]*>/, '')
      await page.setContent(`${start}${messageHtml({ author: name, text: 'hi' })}<p id=end>${pageEnd}`)
      assert.equal(await page.title(), name.replaceAll(/ +/g, ' ').replaceAll(/^ | $/g, ''))
      assert.equal(await page.locator('.author').textContent(), name)
    }
    // The window was the same all along, and so is its count.
    await assertQuiet(page, 1)
    assert.deepEqual(
      trap.asked.filter(url => !url.startsWith('http://page.invalid/files/')),
      [],
    )
    assert.deepEqual(trap.dialogs, [])
  })
})

/** Every request is noted and refused, and `alert` counts. */
async function setTrap(page: Page): Promise<{ readonly asked: string[]; readonly dialogs: string[] }> {
  const asked: string[] = []
  const dialogs: string[] = []
  await page.addInitScript('window.ran = 0; window.alert = () => void window.ran++')
  await page.route('**', route => {
    const url = route.request().url()
    if (url === 'http://page.invalid/') return route.fulfill({ contentType: 'text/html', body: '' })
    asked.push(url)
    return route.abort()
  })
  page.on('dialog', dialog => {
    dialogs.push(dialog.message())
    void dialog.dismiss()
  })
  page.on('popup', popup => dialogs.push(popup.url()))
  // Relative addresses lead somewhere then.
  await page.goto('http://page.invalid/')
  return { asked, dialogs }
}

async function assertQuiet(page: Page, articles: number): Promise<void> {
  await page.locator('#end').waitFor({ state: 'attached' })
  // Focus, toggles, animations and pictures that fail have their turn; and what was asked for has been noted.
  await page.evaluate(
    'new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))',
  )
  assert.equal(await page.evaluate('window.ran'), 0)
  assert.equal(await page.locator('main > article').count(), articles)
  // ':' is no address at all, and leads nowhere.
  const bad = await page.evaluate(
    `[...document.querySelectorAll('a[href]')].filter(a => !['http:', 'https:', 'mailto:', ':'].includes(a.protocol) ||
      (a.origin === location.origin && !a.pathname.startsWith('/files/') && !a.hash.startsWith('#user-content-'))).map(a => a.outerHTML)`,
  )
  assert.deepEqual(bad, [])
}

function partsOf<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) => list.slice(i * size, (i + 1) * size))
}
