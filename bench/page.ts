import { readFile, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Page } from 'playwright-core'
import { PageRig } from '../test/support/page-rig.ts'
import { lastLine, roomText } from './page/room.ts'
import { countFrames, memory, opening, typing, until } from './page/tab.ts'
import { between, machine, markdown } from './shared/document.ts'

/**
 * The built page in Chromium on the real backend: a room of a hundred thousand messages opens, is typed in and scrolled; an answer
 * of 50 tokens a second grows; posts are seen in another tab. docs/benchmarks.md says what it means.
 * Usage: `node bench/page.ts [--messages 100000] [--seconds 10] [--posts 100] [--write]`
 */
const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '10' },
    posts: { type: 'string', default: '100' },
    write: { type: 'boolean', default: false },
  },
})
const [messages, seconds, posts] = [values.messages, values.seconds, values.posts].map(Number) as [
  number,
  number,
  number,
]
const perSecond = 50

await using rig = await PageRig.start()
const text = roomText(messages)
await rig.must('POST', '/api/rooms/import?id=long', Buffer.from(text))
await rig.must('POST', '/api/rooms', { id: 'quiet', agents: [] })
await rig.server.kill()
await rig.server.again()
const url = `${rig.url}/rooms/long`
const end = lastLine(messages - 1)

const cold = await opened()
const opens: number[] = []
for (let n = 0; n < 5; n++) opens.push(await opened())
const page = await rig.page('/rooms/quiet')
await opening(page, url, end)
const keys = await typing(page, 'somebody writes a message, and it has to feel light')
const small = await memory(page)
await scrollUp(page)
const large = await memory(page)
await page.getByRole('button', { name: 'To the end' }).click()
const frames = await streaming(page)
const seen = await postsSeen()
await report()

/** In a tab of its own, with nothing in its cache. */
async function opened(): Promise<number> {
  const page = await rig.page('/healthz')
  const ms = await opening(page, url, end)
  await page.context().close()
  return ms
}

/** Until the window of messages is as large as it gets. */
async function scrollUp(page: Page): Promise<void> {
  const list = page.getByTestId('virtuoso-scroller')
  await list.hover()
  for (let before = messages - 100; before > Math.max(0, messages - 2500); before -= 100) {
    while (
      !(await page.evaluate(
        `[...document.querySelectorAll('[data-row]')].some(row => Number(row.ariaPosInSet) <= ${before})`,
      ))
    ) {
      await page.mouse.wheel(0, -10_000)
      await page.evaluate('new Promise(requestAnimationFrame)')
    }
  }
}

async function streaming(page: Page): Promise<{ fps: number[]; long: number[] }> {
  await rig.must('POST', '/api/rooms/long/messages', { text: '@Courante, tell me everything.' })
  const asked = await rig.model.asked()
  await asked.say('Well. ')
  await page.getByRole('feed').getByText('Well.').waitFor()
  const read = await countFrames(page)
  const began = performance.now()
  for (let n = 0; n < seconds * perSecond; n++) {
    const left = began + (n * 1000) / perSecond - performance.now()
    if (left > 0) await new Promise(resolve => setTimeout(resolve, left))
    await asked.say(n % 60 === 59 ? '\n\n' : n % 17 === 0 ? '**word** ' : `word${n} `)
  }
  const counted = await read()
  asked.done()
  return counted
}

/** Ms from Enter in one tab to the frame in which another one shows it. */
async function postsSeen(): Promise<number[]> {
  const [writer, reader] = [await rig.page('/rooms/quiet'), await rig.page('/rooms/quiet')]
  const field = writer.getByRole('textbox', { name: /^Message/ })
  await writer.evaluate(`{
    window.sent = []
    document.addEventListener('keydown', event => {
      if (event.key === 'Enter') window.sent.push(performance.timeOrigin + event.timeStamp)
    }, { capture: true })
  }`)
  await reader.evaluate(`{
    window.seen = []
    const look = () => {
      const rows = [...document.querySelectorAll('[data-row]')].map(row => row.textContent)
      const next = 'post ' + window.seen.length + ' of many'
      if (rows.some(row => row.includes(next))) window.seen.push(performance.timeOrigin + performance.now())
      requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  }`)
  for (let n = 0; n < posts; n++) {
    await field.fill(`post ${n} of many`)
    await field.press('Enter')
    await until(reader, `window.seen.length > ${n}`)
  }
  const sent: number[] = await writer.evaluate('window.sent')
  const seen: number[] = await reader.evaluate('window.seen')
  return seen.map((at, n) => at - (sent[n] ?? NaN))
}

async function report(): Promise<void> {
  const ms = (value: number): string => `${value.toFixed(0)} ms`
  const mb = (value: number): string => `${value.toFixed(0)} MB`
  const open = Math.max(cold, ...opens)
  const fps = frames.fps.reduce((sum, count) => sum + count, 0) / frames.fps.length
  const table = [
    [
      ...machine(),
      `Chromium ${rig.browser.version()}, without a GPU`,
      `${messages} messages, ${mb(text.length / 2 ** 20)}`,
    ].join(' · '),
    markdown([
      ['a room of that size', ''],
      ['navigation → the last message is seen, the first time', ms(cold)],
      ['the same, median of 5 more, nothing cached', ms(at(opens, 0.5))],
      ['a key → its frame: p50, p95', `${ms(at(keys, 0.5))}, ${ms(at(keys, 0.95))}`],
      ['scripts’ memory, and the process: at its end', `${mb(small.heap)}, ${mb(small.process)}`],
      ['the same, after 2,500 messages were scrolled through', `${mb(large.heap)}, ${mb(large.process)}`],
      [
        `frames a second while ${perSecond} tokens a second come: mean, least`,
        `${fps.toFixed(0)}, ${Math.min(...frames.fps)}`,
      ],
      ['tasks over 50 ms meanwhile', `${frames.long.length} in ${seconds} s`],
      ['Enter → seen in another tab: p50, p95', `${ms(at(seen, 0.5))}, ${ms(at(seen, 0.95))}`],
    ]),
  ].join('\n\n')
  const bar = markdown([
    ['the bar', 'measured', ''],
    ['opens in ≤ 1 s', ms(open), verdict(open <= 1000)],
    ['a key ≤ 50 ms, p95', ms(at(keys, 0.95)), verdict(at(keys, 0.95) <= 50)],
    ['the tab ≤ 300 MB', mb(large.process), verdict(large.process <= 300)],
    ['60 frames/s at 50 tokens/s', fps.toFixed(0), verdict(fps >= 59)],
    ['post → seen: p95 ≤ 150 ms', ms(at(seen, 0.95)), verdict(at(seen, 0.95) <= 150)],
  ])
  console.log(`${table}\n\n${bar}`)
  if (!values.write) return
  const path = resolve(import.meta.dirname, '../docs/benchmarks.md')
  const document = between('bench/page.ts', await readFile(path, 'utf8'), 'table', table)
  await writeFile(path, between('bench/page.ts', document, 'bar', bar))
}

function verdict(reached: boolean): string {
  return reached ? 'reached' : 'missed'
}

function at(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * part) - 1] ?? NaN
}
