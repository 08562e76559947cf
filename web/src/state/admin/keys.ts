import type { ApiKey } from '../../../../services/backend/protocol.ts'
import { call } from '../api.ts'
import { queries } from '../queries.ts'

export type Scope = ApiKey['scopes'][number]

export const scopeInWords: Record<Scope, { title: string; about: string }> = {
  'rooms:read': {
    title: 'Read rooms',
    about: 'Everything that you can read: rooms, messages, files, search.',
  },
  'rooms:write': { title: 'Write', about: 'Say something as you, change rooms of yours, stop answers.' },
  models: { title: 'Models', about: 'Answers, embeddings and pictures for programs, over /v1.' },
  voice: { title: 'Voice', about: 'Live speech, and reading aloud.' },
  admin: { title: 'Admin', about: 'Users, agents, models and services, as you may.' },
}

/** The key itself, which is told this once. */
export async function createKey(label: string, scopes: readonly Scope[]): Promise<string> {
  const { token } = await call<{ key: ApiKey; token: string }>('POST', '/api/keys', {
    body: { label, scopes },
  })
  await queries.invalidateQueries({ queryKey: ['users', 'keys'] })
  return token
}

export async function removeKey(id: string): Promise<void> {
  await call('DELETE', `/api/keys/${encodeURIComponent(id)}`)
  await queries.invalidateQueries({ queryKey: ['users', 'keys'] })
}

/** Good for every key: it asks who one is. */
export function curlLine(origin: string, token: string): string {
  return `curl ${origin}/api/whoami -H 'Authorization: Bearer ${token}'`
}
