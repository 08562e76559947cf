import assert from 'node:assert/strict'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { ask, type Answer } from './api-rig.ts'
import { builtPage } from './built-page.ts'
import { launchChromium } from './chromium.ts'
import { RoomsBackend } from './rooms-backend.ts'

export const password = 'correct horse battery'

/**
 * The page as it is built, served by the real backend on a home of its own; a model that the test steers (`model`); and a
 * browser. In single-user mode, or with `accounts`, where `person` makes users and logs them in.
 */
export class PageRig implements AsyncDisposable {
  readonly server: RoomsBackend
  readonly url: string
  readonly browser: Browser
  readonly #all: AsyncDisposableStack
  /** Of any page, until a test has been told of it. */
  readonly #faults: string[] = []
  #admin: string | undefined

  private constructor(server: RoomsBackend, browser: Browser, all: AsyncDisposableStack) {
    this.server = server
    this.url = `http://127.0.0.1:${server.env['COURANTE_PORT_BACKEND']}`
    this.browser = browser
    this.#all = all
  }

  static async start(
    options: { accounts?: boolean; env?: Record<string, string>; microphone?: string } = {},
  ): Promise<PageRig> {
    await using cleanup = new AsyncDisposableStack()
    const env = {
      COURANTE_PAGE: await builtPage(),
      ...(options.accounts === true ? { COURANTE_LISTEN: '127.0.0.1' } : {}),
      ...options.env,
    }
    const server = cleanup.use(await RoomsBackend.start(env))
    const browser = cleanup.use(await launchChromium(options))
    return new PageRig(server, browser, cleanup.move())
  }

  get model() {
    return this.server.model
  }

  /** A request as a person's own page sends it; `cookie` from `logIn`. Fails the test for a refusal. */
  async must(method: string, path: string, body?: unknown, cookie?: string): Promise<Answer['json']> {
    const headers = { origin: this.url, ...(cookie === undefined ? {} : { cookie }) }
    const answer = await ask(`${this.url}${path}`, method, { body, headers })
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`)
    return answer.json
  }

  /**
   * A new tab with storage of its own. A script's error, and whatever the page's policy forbids, fails the test that asks for
   * the next page, or that ends the rig.
   */
  async page(path = '/', options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
    return this.#open(context, path)
  }

  /** In accounts mode: the same for a user of that name, who is made if there is none; the first one is the admin. */
  async person(
    name: string,
    path = '/',
    options: BrowserContextOptions = {},
    browser = this.browser,
  ): Promise<Page> {
    const cookie = await this.logIn(name)
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options })
    const [cookieName = '', value = ''] = cookie.split('=')
    await context.addCookies(
      ['/api', '/v1'].map(path => ({ name: cookieName, value, domain: '127.0.0.1', path, httpOnly: true })),
    )
    return this.#open(context, path)
  }

  /** The cookie of that user, who is made if there is none. */
  async logIn(name: string): Promise<string> {
    if (this.#admin === undefined) {
      const [, token] = await this.server.backend.saw(/^\S+\/welcome#([\w-]{43})$/m)
      const answer = await ask(`${this.url}/api/redeem`, 'POST', {
        body: { token, name, password },
        headers: { origin: this.url },
      })
      assert.equal(answer.status, 200, answer.text)
      this.#admin = cookieOf(answer)
      return this.#admin
    }
    const { users } = await this.must('GET', '/api/users', undefined, this.#admin)
    const known = (users as { name: string }[]).some(user => user.name === name)
    if (!known) await this.must('POST', '/api/users', { name, password }, this.#admin)
    const answer = await ask(`${this.url}/api/login`, 'POST', {
      body: { name, password },
      headers: { origin: this.url },
    })
    assert.equal(answer.status, 200, answer.text)
    return cookieOf(answer)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#all.disposeAsync()
    this.#tellFaults()
  }

  async #open(context: BrowserContext, path: string): Promise<Page> {
    this.#tellFaults()
    const page = await context.newPage()
    // Collected: an error thrown in here would be one of whatever test runs by then.
    page.on('pageerror', error => this.#faults.push(error.stack ?? String(error)))
    page.on('console', message => {
      if (/Content Security Policy/.test(message.text())) this.#faults.push(message.text())
    })
    await page.goto(`${this.url}${path}`)
    return page
  }

  #tellFaults(): void {
    assert.deepEqual(this.#faults.splice(0), [], 'a page had faults')
  }
}

function cookieOf(answer: Answer): string {
  const [cookie = ''] = [answer.headers['set-cookie']].flat()
  return cookie.split(';')[0] ?? ''
}
