import type { Found, Me } from '../../../../services/backend/protocol.ts'
import type { RoomInfo } from '../../../../services/chat/protocol.ts'
import type { ShortcutId } from '../keys/shortcuts.ts'
import { pagesFor, type PlacePath } from '../shell/places.ts'
import { groupRooms, inOrder, roomHref, roomName } from '../shell/rooms.ts'
import { byName } from './found.ts'

/** One line of the search dialog: somewhere to go, or something to do. */
export type Entry =
  | { readonly type: 'room'; readonly name: string; readonly href: string }
  | { readonly type: 'page'; readonly name: string; readonly href: string; readonly path: PlacePath }
  | {
      readonly type: 'action'
      readonly name: string
      readonly does: 'newRoom' | 'help'
      readonly shortcut: ShortcutId
    }
  | { readonly type: 'message'; readonly found: Found; readonly href: string }

export interface Group {
  readonly heading: string
  readonly entries: readonly Entry[]
}

const actions = [
  { type: 'action', name: 'New room', does: 'newRoom', shortcut: 'newRoom' },
  { type: 'action', name: 'Keyboard shortcuts', does: 'help', shortcut: 'help' },
] as const

const mostRooms = 6

/** What is offered for these words: places and actions by name, then what the server found. `within`: only one room's messages. */
export function searchGroups(
  words: string,
  {
    me,
    rooms,
    found,
    within,
  }: { me: Me; rooms: readonly RoomInfo[]; found: readonly Found[]; within: boolean },
): Group[] {
  const groups = groupRooms(rooms, me.name)
  const places = [...inOrder(groups), ...groups.archived].map(
    ({ id }) => ({ type: 'room', name: roomName(id, me.name), href: roomHref(id) }) as const,
  )
  const pages = pagesFor(me).map(({ path, name }) => ({ type: 'page', name, path, href: path }) as const)
  const messages = found.map(
    found => ({ type: 'message', found, href: roomHref(found.room, found.id) }) as const,
  )
  const named: Group[] = within
    ? []
    : [
        { heading: 'Rooms', entries: byName(places, words).slice(0, mostRooms) },
        { heading: 'Pages', entries: [...byName(pages, words), ...byName(actions, words)] },
      ]
  return [...named, { heading: 'Messages', entries: messages }].filter(({ entries }) => entries.length > 0)
}
