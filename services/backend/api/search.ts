import { z } from 'zod'
import { roleIn } from '../../chat/rooms/access.ts'
import type { Search } from '../../chat/rooms/search.ts'
import { foundSchema } from '../protocol.ts'
import { route, type Api } from './route.ts'

export function searchRoutes(api: Api, search: Search): void {
  route(
    api,
    {
      method: 'GET',
      path: '/api/search',
      access: 'user',
      scope: 'rooms:read',
      summary:
        'Messages with all of these words (or their beginnings) in the rooms that you may read, newest first',
      query: z.strictObject({
        q: z.string().trim().min(1).max(500),
        /** Only in this room. */
        room: z.string().max(200).optional(),
        limit: z.coerce.number().int().min(1).max(100).default(30),
        before: z.coerce.number().int().min(0).optional(),
      }),
      reply: z.object({ found: z.array(foundSchema) }),
    },
    async ({ who, query }) => {
      const ids = api.rooms
        .list()
        .filter(entry => roleIn(entry, who) !== undefined)
        .map(({ id }) => id)
        .filter(id => query.room === undefined || query.room === id)
      return { found: await search.search(query.q, ids, query.limit, query.before) }
    },
  )
}
