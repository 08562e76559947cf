import type { Page } from 'playwright-core'

/**
 * Waits until an expression of the page holds. Not `waitForFunction`: that looks again by `eval`, which the page's content
 * security policy forbids.
 */
export async function holds(page: Page, expression: string): Promise<void> {
  const held = await page.evaluate(`new Promise(done => {
    const end = performance.now() + 20_000
    const look = () => {
      if (${expression}) done(true)
      else if (performance.now() > end) done(false)
      else requestAnimationFrame(look)
    }
    look()
  })`)
  if (held !== true) throw new Error(`never held: ${expression}`)
}
