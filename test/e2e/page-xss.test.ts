import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Page } from 'playwright-core'
import { xssNames, xssSvg, xssTexts } from '../fixtures/xss.ts'
import { ask } from '../support/api-rig.ts'
import { noChromium } from '../support/chromium.ts'
import { PageRig } from '../support/page-rig.ts'

const inMermaid = [
  '<img src=x onerror=alert(1)>',
  '<script>alert(1)</script>',
  '"><svg onload=alert(1)>',
].flatMap(payload => [
  `graph LR\n  a["${payload}"] -->|"${payload}"| b`,
  `sequenceDiagram\n  A->>B: ${payload}`,
  `classDiagram\n  class A["${payload}"]`,
  `---\ntitle: ${JSON.stringify(payload)}\n---\ngraph LR\n  a`,
])
const diagrams = [
  ...inMermaid,
  'graph LR\n  a\n  click a "javascript:alert(1)"',
  'graph LR\n  a\n  click a href "javascript:alert(1)"',
  'graph LR\n  a\n  click a call alert(1)',
  '%%{init: {"securityLevel": "loose", "htmlLabels": true}}%%\ngraph LR\n  a["<img src=x onerror=alert(1)>"]',
  '%%{init: {"themeCSS": "@import url(http://xss.invalid/x); * { background: url(http://xss.invalid/y) }"}}%%\ngraph LR\n  a',
  '%%{init: {"fontFamily": "x; } * { background: url(http://xss.invalid/z) }"}}%%\ngraph LR\n  a',
  'graph LR\n  a@{ img: "http://xss.invalid/x.png", label: "x" }',
].map(source => `\`\`\`mermaid\n${source}\n\`\`\``)

/** As people, as files and as pictures; a hundred messages to a room, so that all of them stand on one screen. */
const messages = [
  ...xssTexts.map((text, n) => ({ author: xssNames[n % xssNames.length] ?? '', text })),
  ...xssTexts.slice(0, 50).map(text => ({ author: 'Mallory', text: `> - *${text}*` })),
]
const roomSize = 100

suite('what anybody writes stays text', { skip: noChromium }, () => {
  test('in messages, names, file names, pictures, formulas and diagrams, with the policy and without', async () => {
    await using rig = await PageRig.start()
    const rooms = await fill(rig)
    for (const withoutPolicy of [false, true]) {
      const { page, strangers } = await setTrap(rig, withoutPolicy)
      const drawn = page.getByText(/^Diagram$|^This diagram can’t be drawn/)
      for (const { id, count } of rooms) {
        await page.goto(`${rig.url}/rooms/${id}`)
        await page
          .locator('article')
          .nth(count - 1)
          .waitFor()
        await page.locator('article').nth(count).waitFor({ state: 'detached' })
        if (id === 'diagrams') await drawn.nth(diagrams.length - 1).waitFor()
        await assertQuiet(page, `${rig.url}/rooms/${id}`)
      }
      assert.deepEqual(strangers, [])
      await page.close()
    }
  })

  test('in an answer that grows', async () => {
    await using rig = await PageRig.start()
    await rig.must('POST', '/api/rooms', { id: 'growing' })
    const { page, strangers } = await setTrap(rig, true)
    await page.goto(`${rig.url}/rooms/growing`)
    await rig.must('POST', '/api/rooms/growing/messages', { text: 'Go', key: '1' })
    const asked = await rig.model.asked()
    for (const text of xssTexts.filter((_, n) => n % 4 === 0)) {
      const half = Math.floor(text.length / 2)
      await asked.say(text.slice(0, half))
      await asked.say(`${text.slice(half)}\n\n`)
    }
    await asked.say('grown')
    await page.getByText('grown', { exact: true }).waitFor()
    await assertQuiet(page, `${rig.url}/rooms/growing`)
    asked.done()
    await page.locator('article[aria-busy=true]').waitFor({ state: 'detached' })
    await assertQuiet(page, `${rig.url}/rooms/growing`)
    assert.deepEqual(strangers, [])
  })
})

async function fill(rig: PageRig): Promise<{ id: string; count: number }[]> {
  const rooms: { id: string; count: number }[] = []
  for (let from = 0; from < messages.length; from += roomSize) {
    const some = messages.slice(from, from + roomSize)
    const id = `texts ${from}`
    // By an import, which takes any label; a post has to have a user's name.
    const text = some
      .map(({ author, text }) => `${author}:\t${text.replaceAll(/\r?\n/g, '\n\t')}\n\n`)
      .join('')
    const answer = await ask(`${rig.url}/api/rooms/import?id=${encodeURIComponent(id)}`, 'POST', {
      body: Buffer.from(text),
      headers: { origin: rig.url, 'content-type': 'application/octet-stream' },
    })
    assert.equal(answer.status, 201, answer.text)
    rooms.push({ id: encodeURIComponent(id), count: some.length })
  }
  await rig.must('POST', '/api/rooms', { id: 'files', agents: [] })
  const names = xssNames.filter((_, n) => n % 5 === 0)
  for (const [n, name] of names.entries()) {
    const path = `/api/rooms/files/files?name=${encodeURIComponent(name)}`
    const file = await ask(`${rig.url}${path}`, 'POST', {
      body: Buffer.from(n % 2 === 0 ? xssSvg : `<!doctype html>${name}`),
      headers: { origin: rig.url, 'content-type': 'application/octet-stream' },
    })
    assert.equal(file.status, 201, file.text)
    const { url } = file.json as { url: string }
    await rig.must('POST', '/api/rooms/files/messages', {
      text: `![${name}](${url}) [${name}](${url})`,
      key: `${n}`,
    })
  }
  rooms.push({ id: 'files', count: names.length })
  await rig.must('POST', '/api/rooms', { id: 'diagrams', agents: [] })
  for (const [n, text] of diagrams.entries())
    await rig.must('POST', '/api/rooms/diagrams/messages', { text, key: `${n}` })
  rooms.push({ id: 'diagrams', count: diagrams.length })
  // Almost all are refused; what is taken stands in the sidebar from then on.
  for (const name of xssNames.slice(-12))
    await ask(`${rig.url}/api/rooms`, 'POST', { body: { id: name }, headers: { origin: rig.url } })
  return rooms
}

/** `alert` counts, wherever it is called; whatever is asked of somebody else is noted and refused. */
async function setTrap(rig: PageRig, withoutPolicy: boolean): Promise<{ page: Page; strangers: string[] }> {
  const strangers: string[] = []
  const page = await rig.page('/system', {
    viewport: { width: 1280, height: 12_000 },
    bypassCSP: withoutPolicy,
  })
  await page.addInitScript('window.ran ??= 0; window.alert = () => void window.top.ran++')
  page.on('dialog', dialog => {
    strangers.push(dialog.message())
    void dialog.dismiss()
  })
  page.on('popup', popup => strangers.push(popup.url()))
  await page.route('**', async route => {
    const request = route.request()
    if (request.url().startsWith(`${rig.url}/`)) return await route.continue()
    strangers.push(request.url())
    return await route.abort()
  })
  if (withoutPolicy) {
    // The trap bites.
    await page.goto(`${rig.url}/system`)
    await page.evaluate('document.body.insertAdjacentHTML("beforeend", "<img src=x onerror=alert(1)>")')
    await page.waitForFunction('window.ran === 1')
  }
  return { page, strangers }
}

async function assertQuiet(page: Page, url: string): Promise<void> {
  // Focus, toggles, animations and pictures that fail have their turn.
  await page.evaluate(
    'new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))',
  )
  assert.equal(await page.evaluate('window.ran'), 0)
  assert.equal(page.url(), url)
  const bad = await page.evaluate(
    `[...document.querySelectorAll('article *')].flatMap(node => [
      ...node.getAttributeNames().filter(name => name.startsWith('on')),
      ...(['SCRIPT', 'IFRAME', 'OBJECT', 'EMBED', 'FORM', 'STYLE', 'LINK', 'BASE', 'META'].includes(node.tagName) ? [node.outerHTML] : []),
      ...(node.tagName === 'A' && !['http:', 'https:', 'mailto:', ':'].includes(node.protocol) ? [node.outerHTML] : []),
      ...(node.tagName === 'IMG' && !/^(blob:|\\/files\\/)/.test(node.getAttribute('src')) ? [node.outerHTML] : []),
    ])`,
  )
  assert.deepEqual(bad, [])
}
