import type { IncomingMessage } from 'node:http'
import { roomIdSchema, type RoomRole } from '../../chat/protocol.ts'
import { mayAs, roleIn } from '../../chat/rooms/access.ts'
import type { RoomEntry } from '../../chat/rooms/entry.ts'
import type { Rooms } from '../../chat/rooms/rooms.ts'
import type { Scope, Who } from '../../chat/users/who.ts'
import type { Guard } from '../guard.ts'
import { apiProblems } from '../messages.ts'
import { Refusal } from './refusal.ts'

/** Who may use a route. A role is one in the room that the path's `:id` names. */
export type Access = 'anyone' | 'user' | 'admin' | RoomRole

export interface Need {
  readonly access: Access
  /** What an API key must be good for. */
  readonly scope: Scope | 'any' | 'no key'
}

/** Where to ask about people and rooms. */
export interface Doors {
  readonly guard: Guard
  readonly rooms: Rooms
}

export interface Admitted {
  readonly who: Who | undefined
  /** Set where a role in a room is asked for. */
  readonly entry: RoomEntry | undefined
  readonly role: RoomRole | undefined
}

/**
 * The one place where access is decided. Throws a `Refusal`: 401 for nobody, 403 for a key that is not good for it and for
 * a room that one may read but not so, 404 for a room that one may not even read: a name must not be found out.
 */
export function admit(doors: Doors, need: Need, request: IncomingMessage, roomId?: string): Admitted {
  // Not even looked at: what anyone may have must not depend on a cookie.
  if (need.access === 'anyone') return { who: undefined, entry: undefined, role: undefined }
  const who = doors.guard.who(request)
  if (who === undefined) throw new Refusal(401, apiProblems.notLoggedIn())
  if (!isGoodFor(who, need.scope)) throw new Refusal(403, apiProblems.keyTooWeak(need.scope))
  if (need.access === 'user') return { who, entry: undefined, role: undefined }
  if (need.access === 'admin') {
    if (who.role !== 'admin') throw new Refusal(403, apiProblems.adminsOnly())
    return { who, entry: undefined, role: undefined }
  }
  const { entry, role } = findRoom(doors.rooms, who, roomId)
  if (!mayAs(role, need.access)) throw new Refusal(403, apiProblems.notYourRole(need.access))
  if (need.access === 'writer' && entry.archived) throw new Refusal(409, apiProblems.archived(entry.id))
  return { who, entry, role }
}

/** Throws a 404 for a room that `who` may not read, as for one that isn't there. */
export function findRoom(
  rooms: Rooms,
  who: Who,
  roomId: string | undefined,
): { entry: RoomEntry; role: RoomRole } {
  const id = roomIdSchema.safeParse(roomId)
  const entry = id.success ? rooms.entry(id.data) : undefined
  const role = entry === undefined ? undefined : roleIn(entry, who)
  if (entry === undefined || role === undefined) throw new Refusal(404, apiProblems.noSuchRoom())
  return { entry, role }
}

function isGoodFor(who: Who, scope: Need['scope']): boolean {
  if (who.scopes === 'all' || scope === 'any') return true
  return scope !== 'no key' && who.scopes.has(scope)
}
