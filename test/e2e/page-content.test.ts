import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import type { Locator, Page } from 'playwright-core'
import { ask } from '../support/api-rig.ts'
import { noChromium } from '../support/chromium.ts'
import { PageRig } from '../support/page-rig.ts'

suite('what a message holds', { skip: noChromium }, () => {
  let rig: PageRig
  before(async () => {
    rig = await PageRig.start()
  })
  after(async () => {
    await rig[Symbol.asyncDispose]()
  })

  test('code has its language, colours, and a copy of exactly what it says', async () => {
    const code = 'const a = 1\n\n\tlet b = "<b>"  // é'
    const page = await said(rig, 'code', [`\`\`\`js\n${code}\n\`\`\``, '```nobody-knows\nx\n```'])
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    const message = page.locator('article').first()
    await message.getByText('js', { exact: true }).waitFor()
    await message.locator('.hljs-keyword').first().waitFor()
    assert.equal(await message.locator('pre').textContent(), code)
    await message.getByRole('button', { name: 'Copy code' }).click()
    await message.getByText('Copied').waitFor()
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), code)
    const wrap = message.getByRole('button', { name: 'Wrap' })
    await wrap.click()
    assert.equal(await wrap.getAttribute('aria-pressed'), 'true')
    assert.equal(await page.locator('article').nth(1).locator('pre').textContent(), 'x')
  })

  test('formulas and colours come when a message needs them, and prices are none', async () => {
    const asked: string[] = []
    const page = await said(rig, 'formulas', ['$5 and $6'])
    page.on('request', request => asked.push(request.url()))
    await page.getByText('$5 and $6').waitFor()
    await post(rig, 'formulas', 'so $x^2$ is')
    await page.locator('.katex-html').waitFor()
    assert.ok(asked.some(url => /typeset.*\.js/.test(url)))
    assert.ok(!asked.some(url => /colours|mermaid/.test(url)))
    await post(rig, 'formulas', 'broken: $\\frac{$')
    await page.getByTitle(/KaTeX parse error/).waitFor()
  })

  test('a diagram is a picture with its source as words, and is drawn anew for the other theme', async () => {
    const source = 'graph LR\n  a[Anna] --> b[Berta]'
    const page = await said(rig, 'diagrams', [
      `\`\`\`mermaid\n${source}\n\`\`\``,
      '```mermaid\ngraph LR\n  a[x -->\n```',
    ])
    const picture = page.getByRole('img', { name: `Diagram: ${source}` })
    await picture.waitFor()
    assert.match((await picture.getAttribute('src')) ?? '', /^blob:/)
    assert.ok((await widthOf(picture)) > 50, 'the picture can be shown')
    await page.getByText(/^This diagram can’t be drawn: Parse error on line \d\.$/).waitFor()
    const toggle = page.getByRole('button', { name: 'Source', exact: true })
    await toggle.click()
    await picture.waitFor({ state: 'detached' })
    await toggle.click()
    const before = await picture.getAttribute('src')
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.locator(`article img:not([src="${before}"])`).waitFor()
    await picture.waitFor()
  })

  test('pictures of ours are shown, others are not asked for; sound plays where it stands; files are links', async () => {
    await rig.must('POST', '/api/rooms', { id: 'files', agents: [] })
    const png = await upload(rig, 'dot.png', Buffer.from(dot, 'base64'))
    const wav = await upload(rig, 'a.wav', Buffer.from('RIFF\x24\0\0\0WAVEfmt \x10\0\0\0'))
    const text = await upload(rig, 'notes.txt', Buffer.from('hello'))
    const page = await rig.page('/rooms/files')
    const asked: string[] = []
    page.on('request', request => asked.push(request.url()))
    const remote = 'https://pictures.invalid/cat.png'
    await post(rig, 'files', `![a dot](${png})\n![a cat](${remote})\n[a.wav](${wav}) [notes.txt](${text})`)
    const picture = page.getByRole('img', { name: 'a dot' })
    await picture.waitFor()
    assert.equal(await widthOf(picture), 1)
    const link = page.getByRole('link', { name: 'a cat Not loaded from pictures.invalid' })
    assert.equal(await link.getAttribute('href'), remote)
    assert.equal(await link.getAttribute('rel'), 'noopener noreferrer nofollow')
    assert.equal(await page.getByLabel('a.wav').getAttribute('src'), wav)
    await page.getByRole('link', { name: 'notes.txt' }).waitFor()
    assert.deepEqual(
      asked.filter(url => !url.startsWith(rig.url)),
      [],
    )
  })

  test('a link to a message of another room stays in the page', async () => {
    const page = await said(rig, 'links', [
      'See [there](/rooms/code?m=1) and [no](javascript:alert) [x](/api/me)',
    ])
    await page.getByRole('link', { name: 'there' }).waitFor()
    await page.evaluate('window.stays = true')
    await page.getByText('See there and no x').waitFor()
    await page.locator('article').getByRole('link').nth(1).waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'there' }).click()
    await page.waitForURL(/\/rooms\/code/)
    assert.equal(await page.evaluate('window.stays'), true)
  })

  test('two messages that say the same have each their own footnotes', async () => {
    const text = 'Word[^1]\n\n[^1]: note'
    const page = await said(rig, 'notes', [text, text])
    const second = page.locator('article').nth(1)
    await second.getByRole('link', { name: '1', exact: true }).click()
    await second.locator('li a:focus').waitFor()
    await page.locator('article').nth(0).locator('li a:focus').waitFor({ state: 'detached' })
  })

  test('a message that would be a huge table is shown as typed, and the page goes on', async () => {
    const text = `|${'a|'.repeat(2000)}\n|${'-|'.repeat(2000)}\n${'|1\n'.repeat(2000)}`
    const page = await said(rig, 'huge', [text, 'a\n-\n'.repeat(3990), 'After them'])
    await page.getByText('After them').waitFor()
    assert.ok(Number(await page.evaluate('document.querySelectorAll("article *").length')) < 1000)
  })

  test('a long text shows its beginning first, and all of it when asked', async () => {
    const lines = Array.from({ length: 8000 }, (_, n) => `line ${n}`).join('\n\n')
    const page = await said(rig, 'long', [lines])
    const all = page.getByRole('button', { name: /^Show all / })
    await all.waitFor()
    // The last of the beginning stands there, so no more of it comes by itself.
    await page.getByText('line 1000', { exact: true }).waitFor()
    await page.getByText('line 7999', { exact: true }).waitFor({ state: 'detached' })
    await all.click()
    await page.getByText('line 7999', { exact: true }).waitFor()
  })

  test('an answer that grows: thoughts are seen and then folded, and what is settled is not touched again', async () => {
    await rig.must('POST', '/api/rooms', { id: 'growing' })
    const page = await rig.page('/rooms/growing')
    await post(rig, 'growing', 'Go')
    const asked = await rig.model.asked()
    await asked.say('<thi')
    await asked.say('nk>\nI wonder')
    const thinking = page.getByRole('button', { name: 'Thinking' })
    await thinking.waitFor()
    assert.equal(await thinking.getAttribute('aria-expanded'), 'true')
    await page.getByText('I wonder', { exact: true }).waitFor()
    await asked.say('</think>\n\nFirst **block**.\n\n')
    const thought = page.getByRole('button', { name: 'Thought for a moment' })
    await thought.waitFor()
    await page.getByText('I wonder', { exact: true }).waitFor({ state: 'detached' })
    const first = page.getByText('First block.')
    await first.evaluate(node => node.setAttribute('data-seen', ''))
    await asked.say('```js\nconst a = ')
    await page.locator('.hljs-keyword').waitFor()
    await asked.say('1\n```\n\n| a |\n| - |\n| cell')
    await page.getByRole('cell', { name: 'cell' }).waitFor()
    await asked.say(' |\n\nThe end.')
    await page.getByText('The end.').waitFor()
    assert.equal(await first.getAttribute('data-seen'), '')
    asked.done()
    await page.locator('article[aria-busy=true]').waitFor({ state: 'detached' })
    assert.equal(await page.locator('article').last().locator('pre').textContent(), 'const a = 1')
    await thought.click()
    await page.getByText('I wonder', { exact: true }).waitFor()
  })
})

/** A 1 × 1 PNG. */
const dot = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=='

async function said(rig: PageRig, id: string, texts: readonly string[]): Promise<Page> {
  await rig.must('POST', '/api/rooms', { id, agents: [] })
  for (const text of texts) await post(rig, id, text)
  return await rig.page(`/rooms/${id}`)
}

let posts = 0
async function post(rig: PageRig, id: string, text: string): Promise<void> {
  await rig.must('POST', `/api/rooms/${id}/messages`, { text, key: `${++posts}` })
}

async function upload(rig: PageRig, name: string, body: Buffer): Promise<string> {
  const headers = { origin: rig.url, 'content-type': 'application/octet-stream' }
  const answer = await ask(`${rig.url}/api/rooms/files/files?name=${name}`, 'POST', { body, headers })
  assert.equal(answer.status, 201, answer.text)
  return (answer.json as { url: string }).url
}

/** Of the picture itself, once it has been decoded. */
async function widthOf(picture: Locator): Promise<number> {
  return await picture.evaluate(async node => {
    const image = node as unknown as { decode(): Promise<void>; naturalWidth: number }
    await image.decode()
    return image.naturalWidth
  })
}
