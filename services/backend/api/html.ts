import { z } from 'zod'
import { pageEnd, pageStart } from '../../chat/html/page.ts'
import type { Renderer } from '../../chat/html/renderer.ts'
import { route, type Api } from './route.ts'

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
      summary: 'The last messages of a room, or those before one, as a page that needs no script',
      params: z.object({ id: z.string() }),
      query: z.strictObject({
        before: z.coerce.number().int().min(0).optional(),
        limit: z.coerce.number().int().min(1).max(500).default(100),
      }),
      reply: { type: 'text/html; charset=utf-8', about: 'The page' },
    },
    async ({ room, query, reply }) => {
      const opened = await room()
      const messages = await opened.list(query)
      const articles = await Promise.all(messages.map(message => renderer.html(message)))
      await reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', policy)
        .send(`${pageStart(opened.id)}${articles.join('\n')}\n${pageEnd}`)
    },
  )
}
