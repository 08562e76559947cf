import type { Me } from '../../../../services/backend/protocol.ts'

/** The pages beside the rooms. */
export const pages = [
  { path: '/models', name: 'Models', icon: 'models', admins: false },
  { path: '/system', name: 'System', icon: 'system', admins: true },
  { path: '/transcript', name: 'Transcript', icon: 'transcript', admins: true },
  { path: '/admin', name: 'Admin', icon: 'shield', admins: true },
  { path: '/profile', name: 'Profile', icon: 'person', admins: false },
] as const
export type PlacePath = (typeof pages)[number]['path']

/** What somebody is offered. Where nobody logs in there are no users to look after, only agents. */
export function pagesFor(me: Me): { path: PlacePath; name: string; icon: (typeof pages)[number]['icon'] }[] {
  const words = (path: PlacePath, name: string): string => {
    if (me.mode === 'accounts') return name
    return { '/admin': 'Agents', '/profile': 'Preferences' }[path as string] ?? name
  }
  return pages
    .filter(({ admins }) => !admins || me.role === 'admin')
    .map(({ path, name, icon }) => ({ path, icon, name: words(path, name) }))
}

/** What the tab says: `● (3) kitchen — Courante`. The dot: the microphone is on. */
export function documentTitle(place: string | undefined, unread: number, listening: boolean): string {
  const marks = [listening ? '● ' : '', unread > 0 ? `(${unread > 99 ? '99+' : unread}) ` : ''].join('')
  return `${marks}${place === undefined ? '' : `${place} — `}Courante`
}
