import type { Model } from '../../../../services/backend/protocol.ts'
import { call } from '../api.ts'
import { queries } from '../queries.ts'
import { watchDownloads } from './downloads.ts'

const pathOf = (id: string): string => `/api/models/${encodeURIComponent(id)}`

/** What can be asked of a model. Each says by itself that the list is another one now. */
export const modelActions = {
  load: ({ id }: Model) => done(call('POST', `${pathOf(id)}/load`)),
  unload: ({ id }: Model) => done(call('POST', `${pathOf(id)}/unload`)),
  /** What was shown and agreed to goes along: nobody gets more than that. */
  fetch: async ({ id, download }: Model) => {
    await done(call('POST', `${pathOf(id)}/fetch`, { body: { bytes: download?.bytes ?? 0 } }))
    watchDownloads()
  },
  stopFetch: ({ id }: Model) => done(call('DELETE', `${pathOf(id)}/fetch`)),
  makeDefault: ({ id, kind }: Model) => done(call('PUT', '/api/models/defaults', { body: { kind, id } })),
  remove: ({ id }: Model) => done(call('DELETE', pathOf(id))),
}

async function done(asked: Promise<unknown>): Promise<void> {
  try {
    await asked
  } finally {
    await queries.invalidateQueries({ queryKey: ['models'] })
  }
}
