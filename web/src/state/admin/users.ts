import type { Invitation, User } from '../../../../services/backend/protocol.ts'
import { call } from '../api.ts'
import { queries } from '../queries.ts'

const pathOf = (name: string): string => `/api/users/${encodeURIComponent(name)}`

export const userActions = {
  change: (name: string, to: Partial<Pick<User, 'role' | 'disabled'>>) =>
    known(call('PATCH', pathOf(name), { body: to })),
  remove: (name: string) => known(call('DELETE', pathOf(name))),
}

/** The token of a link by which that user chooses a new password. */
export async function resetLink(name: string): Promise<string> {
  const { token } = await known(
    call<{ invitation: Invitation; token: string }>('POST', `${pathOf(name)}/reset`, { body: {} }),
  )
  return token
}

/** The token of a link by which somebody becomes a user. */
export async function invite(role: User['role'], name: string): Promise<string> {
  const { token } = await known(
    call<{ invitation: Invitation; token: string }>('POST', '/api/invitations', {
      body: { role, ...(name.trim() === '' ? {} : { name: name.trim() }) },
    }),
  )
  return token
}

export function revokeInvitation(id: string): Promise<unknown> {
  return known(call('DELETE', `/api/invitations/${encodeURIComponent(id)}`))
}

/** Where a one-time link goes. After the #, so that it is in no log of a server or a proxy. */
export function linkOf(token: string): string {
  return `${location.origin}/welcome#${token}`
}

async function known<R>(asked: Promise<R>): Promise<R> {
  try {
    return await asked
  } finally {
    await queries.invalidateQueries({ queryKey: ['users'] })
  }
}
