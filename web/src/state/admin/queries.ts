import { queryOptions } from '@tanstack/react-query'
import type { ApiKey, AuditEntry, Invitation, Session } from '../../../../services/backend/protocol.ts'
import { call } from '../api.ts'

// Below `users`, so that they are asked again when the server says that accounts have changed.

export const invitationsQuery = queryOptions({
  queryKey: ['users', 'invitations'],
  queryFn: ({ signal }) =>
    call<{ invitations: Invitation[] }>('GET', '/api/invitations', { signal }).then(
      ({ invitations }) => invitations,
    ),
})

export const auditQuery = (limit: number) =>
  queryOptions({
    queryKey: ['users', 'audit', limit],
    queryFn: ({ signal }) =>
      call<{ entries: AuditEntry[] }>('GET', `/api/audit?limit=${limit}`, { signal }).then(
        ({ entries }) => entries,
      ),
    placeholderData: before => before,
  })

export const sessionsQuery = queryOptions({
  queryKey: ['users', 'sessions'],
  queryFn: ({ signal }) =>
    call<{ sessions: Session[] }>('GET', '/api/sessions', { signal }).then(({ sessions }) => sessions),
})

export const keysQuery = queryOptions({
  queryKey: ['users', 'keys'],
  queryFn: ({ signal }) => call<{ keys: ApiKey[] }>('GET', '/api/keys', { signal }).then(({ keys }) => keys),
})
