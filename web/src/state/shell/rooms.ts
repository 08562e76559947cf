import type { RoomInfo } from '../../../../services/chat/protocol.ts'

export interface RoomGroups {
  /** Everybody's. */
  readonly open: readonly RoomInfo[]
  /** `me/…`. */
  readonly own: readonly RoomInfo[]
  /** `somebody/…`, which I may read. */
  readonly shared: readonly RoomInfo[]
  readonly archived: readonly RoomInfo[]
}

/** By name, so that nothing moves under the pointer; the lobby goes before all others. */
export function groupRooms(rooms: readonly RoomInfo[], me: string): RoomGroups {
  const sorted = [...rooms].sort(
    (a, b) => Number(b.id === lobby) - Number(a.id === lobby) || collator.compare(a.id, b.id),
  )
  const current = sorted.filter(({ archived }) => !archived)
  const mine = `${me.toLowerCase()}/`
  return {
    open: current.filter(({ id }) => !id.includes('/')),
    own: current.filter(({ id }) => id.toLowerCase().startsWith(mine)),
    shared: current.filter(({ id }) => id.includes('/') && !id.toLowerCase().startsWith(mine)),
    archived: sorted.filter(({ archived }) => archived),
  }
}

const lobby = 'lobby'
const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

/** The order in which one goes through them by keys: as they are shown, without the archived ones. */
export function inOrder({ open, own, shared }: RoomGroups): readonly RoomInfo[] {
  return [...open, ...own, ...shared]
}

/** The room `step` places on, around the ends; undefined where there is none to go to. */
export function neighbour(
  rooms: readonly RoomInfo[],
  id: string | undefined,
  step: 1 | -1,
): string | undefined {
  const at = rooms.findIndex(room => room.id === id)
  if (at === -1) return (step === 1 ? rooms[0] : rooms.at(-1))?.id
  return rooms.length === 1 ? undefined : rooms[(at + step + rooms.length) % rooms.length]?.id
}

/** Where `/` leads: the room that was open last, else the lobby, else the first. */
export function homeRoom(groups: RoomGroups, last: string | null): string | undefined {
  const rooms = inOrder(groups)
  const known = [...rooms, ...groups.archived].find(({ id }) => id === last)
  return known?.id ?? rooms[0]?.id
}

/** As it is shown: of one's own rooms only what is behind one's name. */
export function roomName(id: string, me: string): string {
  return id.toLowerCase().startsWith(`${me.toLowerCase()}/`) ? id.slice(me.length + 1) : id
}

export function roomHref(id: string, message?: number): string {
  return `/rooms/${encodeURIComponent(id)}${message === undefined ? '' : `?m=${message}`}`
}

/** The room that an address is of. */
export function roomAt(path: string): string | undefined {
  const [, id] = /^\/rooms\/([^/]+)$/.exec(path) ?? []
  return id === undefined ? undefined : decoded(id)
}

/** An address by hand may hold a lone `%`. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch (error) {
    if (error instanceof URIError) return part
    throw error
  }
}

export function unreadOf(rooms: readonly RoomInfo[]): number {
  return rooms.reduce((sum, { archived, unread }) => sum + (archived ? 0 : unread), 0)
}
