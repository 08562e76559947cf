import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'

const files = [
  ['/welcome', 'welcome.html', 'text/html; charset=utf-8'],
  ['/welcome/welcome.js', 'welcome.js', 'text/javascript; charset=utf-8'],
  ['/welcome/welcome.css', 'welcome.css', 'text/css; charset=utf-8'],
] as const

/** Only what the page needs: its own script and style, and the API. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

/** `GET /welcome`: the page behind one-time links. The token stands behind `#`, where no server, log or proxy sees it. */
export async function welcomeRoutes(app: FastifyInstance): Promise<void> {
  for (const [url, file, type] of files) {
    const body = await readFile(join(import.meta.dirname, 'welcome', file))
    app.get(url, async (_request, reply) =>
      reply
        .type(type)
        .headers({
          'content-security-policy': policy,
          'cache-control': 'no-cache',
          'referrer-policy': 'no-referrer',
          'x-content-type-options': 'nosniff',
        })
        .send(body),
    )
  }
}
