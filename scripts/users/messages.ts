import type { AuditEntry } from '../../services/chat/users/audit.ts'
import type { Invitation } from '../../services/chat/users/invitations.ts'
import type { Key } from '../../services/chat/users/keys.ts'
import type { User } from '../../services/chat/users/users.ts'
import { exit } from '../../lib/exit.ts'
import type { Problem } from '../../lib/problem.ts'
import { usageOf, failed } from '../shared/messages.ts'

export const usersProblems = {
  usage: usageOf(
    'users',
    'ls | add NAME [--admin] [--password-stdin] | invite [--admin] | reset NAME | role NAME admin|user | disable|enable NAME | rm NAME | keys NAME [add LABEL SCOPE… | rm ID] | links [rm ID] | audit [-n N] [--json]',
  ),
  noHome: (home: string): Problem => ({
    code: 'no_home',
    what: `there is no folder ${home}`,
    todo: 'Name the home of the run with --home; npm run up makes ours.',
    exit: exit.usage,
  }),
  newerState: (home: string) =>
    failed(
      'newer_state',
      `${home}/state.db was written by a later version of this program`,
      'Bring the program up to date.',
    ),
  noState: (home: string, detail: string) =>
    failed(
      'no_state',
      `${home}/state.db can't be opened: ${detail}`,
      'Is it of the user who runs the backend?',
    ),
  badRole: (word: string) => usersProblems.usage(`"${word}" is no role: admin or user`),
  badScope: (word: string, known: readonly string[]) =>
    usersProblems.usage(`"${word}" is no scope: ${known.join(', ')}`),
} as const

/** What `users` tells, a line each. */
export const usersNotes = {
  user: ({ role, disabled, hasPassword, created }: User): string =>
    [
      role.padEnd(5),
      dayOf(created),
      disabled ? 'disabled' : hasPassword ? '' : 'this machine, without a password',
    ].join('  '),
  key: ({ id, label, scopes, created, used }: Key): string =>
    `${id}  ${scopes.join(' ')}  made ${dayOf(created)}, ${used === null ? 'never used' : `used ${dayOf(used)}`}  ${label}`,
  link: ({ id, kind, role, name, madeBy, expires }: Invitation): string => {
    const whom = `${kind === 'reset' ? 'a new password ' : ''}for ${name ?? 'anybody'}`
    return `${id}  ${role.padEnd(5)}  until ${timeOf(expires)}  ${whom}, by ${madeBy}`
  },
  audit: ({ at, who, what, about, address }: AuditEntry): string =>
    [timeOf(at), what.padEnd(18), who ?? '-', about ?? '', address ?? ''].join('  ').trimEnd(),
  /** On stderr, so that the link alone can be piped on. */
  goodFor: (what: string, expires: number): string =>
    `One use, until ${timeOf(expires)}: ${what}. Whoever has the link can do it.`,
  becomes: (name: string | null, role: string): string =>
    name === null ? `somebody becomes a user (${role})` : `${name} becomes a user (${role})`,
  chooses: (name: string): string => `${name} chooses a new password`,
  once: 'Shown this once; only a hash of it is kept:',
  singleUser:
    'note: the backend runs in single-user mode, where nobody has to log in; links are for `up --listen` (docs/users.md)',
} as const

function timeOf(ms: number): string {
  const { year, month, day, hour, minute } = parts(ms)
  return `${year}-${month}-${day} ${hour}:${minute}`
}

function dayOf(ms: number): string {
  return timeOf(ms).slice(0, 10)
}

/** In the time zone of this machine, as its logs are. */
function parts(ms: number): Record<'year' | 'month' | 'day' | 'hour' | 'minute', string> {
  const date = new Date(ms)
  const two = (number: number): string => String(number).padStart(2, '0')
  return {
    year: String(date.getFullYear()),
    month: two(date.getMonth() + 1),
    day: two(date.getDate()),
    hour: two(date.getHours()),
    minute: two(date.getMinutes()),
  }
}
