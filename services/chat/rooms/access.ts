import type { RoomRole } from '../protocol.ts'
import type { Who } from '../users/who.ts'
import type { RoomEntry } from './entry.ts'

/** What somebody may do in a room; undefined: not even know of it. An archived room is still its owner's. */
export function roleIn(entry: RoomEntry, who: Who): RoomRole | undefined {
  if (who.role === 'admin') return 'owner'
  if (entry.owner !== null && same(entry.owner, who.name)) return 'owner'
  // By its owner and not by its place: who gets the name of an account that was removed has none of its rooms.
  if (!entry.id.includes('/')) return 'writer'
  for (const [name, role] of entry.members) if (same(name, who.name)) return role
  return undefined
}

/** Whether this role is enough where that one is asked for. */
export function mayAs(role: RoomRole | undefined, needed: RoomRole): boolean {
  return role !== undefined && order.indexOf(role) >= order.indexOf(needed)
}

const order: readonly RoomRole[] = ['reader', 'writer', 'owner']

function same(one: string, other: string): boolean {
  return one.normalize('NFC').toLowerCase() === other.normalize('NFC').toLowerCase()
}
