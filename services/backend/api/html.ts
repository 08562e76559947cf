import { z } from 'zod'
import { pageEnd, pageStart } from '../../chat/html/page.ts'
import { plainMessageHtml } from '../../chat/html/plain.ts'
import type { Renderer } from '../../chat/html/renderer.ts'
import { pageBytes } from './messages.ts'
import { route, type Api } from './route.ts'

/** Of one page's messages together, in ms; those that are left are shown as they are. */
const renderMs = 5000

/** The page brings its own style, whose hash it names itself; anything else is as forbidden as everywhere. */
const policy =
  "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"

export function htmlRoutes(api: Api, renderer: Renderer): void {
  route(
    api,
    {
      method: 'GET',
      path: '/api/rooms/:id/html',
      access: 'reader',
      summary:
        'The last messages of a room, or those before one, about 1 MB at most, as a page that needs no script',
      params: z.object({ id: z.string() }),
      query: z.strictObject({
        before: z.coerce.number().int().min(0).optional(),
        limit: z.coerce.number().int().min(1).max(500).default(100),
      }),
      reply: { type: 'text/html; charset=utf-8', about: 'The page' },
    },
    async ({ room, query, reply }) => {
      const opened = await room()
      const messages = await opened.list({ ...query, bytes: pageBytes })
      const late = performance.now() + renderMs
      const articles: string[] = []
      // One after the other: all pages share one thread, and none may fill its queue.
      for (const message of messages) {
        if (reply.raw.destroyed) return
        articles.push(performance.now() < late ? await renderer.html(message) : plainMessageHtml(message))
      }
      await reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', policy)
        .send(`${pageStart(opened.id)}${articles.join('\n')}\n${pageEnd}`)
    },
  )
}
