import { call, onLoggedOut } from './api.ts'
import { meQuery, queries } from './queries.ts'
import { createStore } from './store.ts'
import { forgetUploads } from './uploads/room-uploads.ts'
import type { Me } from '../../../services/backend/protocol.ts'

/** Whether the server has said that nobody is logged in. What is known of a person goes then; drafts stay in the browser. */
export const loggedOut = createStore(false, (_, out: boolean) => out)

export function followSession(signal: AbortSignal): void {
  signal.addEventListener(
    'abort',
    onLoggedOut(() => loggedOut.dispatch(true)),
  )
}

export async function logIn(name: string, password: string): Promise<void> {
  const me = await call<Me>('POST', '/api/login', { body: { name, password } })
  // Of whoever was here before.
  queries.clear()
  forgetUploads(me.name)
  queries.setQueryData(meQuery.queryKey, me)
  loggedOut.dispatch(false)
}

export async function logOut(): Promise<void> {
  await call('POST', '/api/logout')
  forgetUploads()
  loggedOut.dispatch(true)
}
