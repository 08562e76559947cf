import { readFile } from 'node:fs/promises'
import type { Page } from 'playwright-core'

/** Ms from the navigation to the frame in which this text stands in the list; as the page itself sees it. */
export async function opening(page: Page, url: string, text: string): Promise<number> {
  await page.addInitScript(`{
    const look = () => {
      const list = document.querySelector('.timeline-scroller')?.getBoundingClientRect()
      const rows = [...document.querySelectorAll('[data-row]')]
      const row = rows.findLast(row => row.textContent.includes(${JSON.stringify(text)}))?.getBoundingClientRect()
      if (list && row && row.bottom <= list.bottom + 1 && row.height > 0) window.opened = performance.now()
      else requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  }`)
  await page.goto(url)
  await until(page, 'window.opened !== undefined')
  return await page.evaluate('window.opened')
}

/** Ms from each of these keys to the frame that shows it, while somebody types. */
export async function typing(page: Page, text: string): Promise<number[]> {
  await page.evaluate(`{
    window.keys = []
    document.addEventListener('keydown', ({ timeStamp }) => {
      requestAnimationFrame(() => {
        // Behind the frame's own work.
        const { port1, port2 } = new MessageChannel()
        port2.onmessage = () => window.keys.push(performance.now() - timeStamp)
        port1.postMessage(0)
      })
    }, { capture: true })
  }`)
  const field = page.getByRole('textbox', { name: /^Message/ })
  await field.focus()
  await field.pressSequentially(text, { delay: 60 })
  await until(page, `window.keys.length >= ${text.length}`)
  return await page.evaluate('window.keys')
}

/** Counts frames, and tasks of more than 50 ms, until `read`. */
export async function countFrames(page: Page): Promise<() => Promise<{ fps: number[]; long: number[] }>> {
  await page.evaluate(`{
    window.frames_ = []
    window.long_ = []
    new PerformanceObserver(list => window.long_.push(...list.getEntries().map(({ duration }) => duration)))
      .observe({ type: 'longtask' })
    const began = performance.now()
    const count = () => {
      const second = Math.floor((performance.now() - began) / 1000)
      window.frames_[second] = (window.frames_[second] ?? 0) + 1
      requestAnimationFrame(count)
    }
    requestAnimationFrame(count)
  }`)
  return async () => ({
    fps: (await page.evaluate<(number | undefined)[]>('window.frames_'))
      .slice(0, -1)
      .map(count => count ?? 0),
    long: await page.evaluate('window.long_'),
  })
}

/** MB: what its scripts have allocated, and the private and proportional memory of the largest process that renders. */
export async function memory(page: Page): Promise<{ heap: number; process: number }> {
  const tab = await page.context().newCDPSession(page)
  await tab.send('HeapProfiler.collectGarbage')
  await tab.send('Performance.enable')
  const { metrics } = await tab.send('Performance.getMetrics')
  const heap = metrics.find(({ name }) => name === 'JSHeapUsedSize')?.value ?? NaN
  await tab.detach()
  const browser = await page.context().browser()?.newBrowserCDPSession()
  const { processInfo } = (await browser?.send('SystemInfo.getProcessInfo')) ?? { processInfo: [] }
  const renderers = processInfo.filter(({ type }) => type === 'renderer')
  const sizes = await Promise.all(renderers.map(({ id }) => rss(id)))
  return { heap: heap / 2 ** 20, process: Math.max(...sizes) }
}

async function rss(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024
}

/** In the page, frame by frame. Not Playwright's waitForFunction: it needs `eval`, which the page forbids. */
export async function until(page: Page, condition: string): Promise<void> {
  await page.evaluate(`new Promise(resolve => {
    const look = () => ((${condition}) ? resolve() : requestAnimationFrame(look))
    look()
  })`)
}
