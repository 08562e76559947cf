import { exit } from '../../lib/exit.ts'
import type { Problem } from '../../lib/problem.ts'
import { plainLines } from '../../lib/plain.ts'
import { failed, usageOf } from './messages.ts'

/** Of the commands that talk to the backend's /api. */
export const chatProblems = {
  usage: usageOf('chat', '[ROOM] [WORD…] [--follow] [-n N] [--quick] [--json]'),
  roomsUsage: usageOf(
    'rooms',
    'ls [--all] | new ROOM [--agent NAME]… | rename ROOM NAME | archive|restore ROOM | rm ROOM | agents ROOM [NAME…|none] | share ROOM [USER[=reader|writer|none]…] | export ROOM | import ROOM [FILE] | search WORD… [--json]',
  ),
  notRunning: (): Problem => ({
    code: 'not_running',
    what: 'the backend is not running, and it keeps the rooms',
    todo: 'Start it: npm run up; or: courante start backend',
    exit: exit.notRunning,
  }),
  badUrl: (url: string): Problem => ({
    code: 'usage',
    what: `COURANTE_URL is ${JSON.stringify(url)}, and no address`,
    todo: 'Such as: COURANTE_URL=http://192.168.1.5:8770',
    exit: exit.usage,
  }),
  notOurs: (url: string, status: number) =>
    failed(
      'not_ours',
      `${url} answered ${status}, and not as the backend does`,
      'Who has the port: ss -ltnp; which one ours is: courante status',
    ),
  noSuchRoom: (room: string) =>
    failed(
      'no_such_room',
      `there is no room ${room} here, or you may not read it`,
      `courante rooms lists them; courante rooms new ${/\s/.test(room) ? `"${room}"` : room} makes it`,
    ),
  nothingFound: (words: string) => failed('nothing_found', `nothing was found for ${words}`),
  refused: ({ code, title, detail }: { code: string; title: string; detail?: string | undefined }) =>
    failed(code, title, detail),
  gone: (room: string) => failed('gone', `the room ${room} has gone`),
} as const

/** What `chat` says on a terminal beside the room's own words. */
export const chatNotes = {
  hello: ({ id, agents }: { id: string; agents: readonly string[] }) =>
    `${id}${agents.length === 0 ? '' : `, with ${agents.join(', ')}`}. Ctrl-C stops an answer, Ctrl-D leaves, /help tells more.`,
  help: [
    '@name asks an agent, @everyone all of them; Tab completes a name.',
    '/poke [name]  an answer without a message     /stop   ends what is being written',
    '/again        the last answer anew            /undo   takes the last message back',
    '/who          who is here                     /quit   leaves (Ctrl-D)',
  ].join('\n'),
  present: (people: readonly string[], agents: readonly string[]) =>
    `here: ${people.join(', ') || 'nobody'}; agents: ${agents.join(', ') || 'none'}`,
  noSuchCommand: (word: string) =>
    `There is no command ${word}; /help lists them. To say it, put a space before it.`,
  problem: ({ what, todo }: Problem) => plainLines(todo === undefined ? what : `${what}\n  → ${todo}`),
  failed: ({ agent, what, todo }: { agent: string; what: string; todo: string | undefined }) =>
    plainLines(`${agent} could not answer: ${what}${todo === undefined ? '' : `\n  → ${todo}`}`),
  changedFrom: (id: number) =>
    `courante: what stood from message ${id + 1} on was changed, and is written again`,
  takenBack: () => 'The last message was taken back.',
  rewound: (before: { readonly text: string } | undefined) =>
    before === undefined
      ? 'All of the room was changed. It is:'
      : `What comes after “${beginning(before.text)}” was changed. It is:`,
  nobodyAnswers: (agents: readonly string[]) =>
    `Nobody was asked to answer. Name one with @: ${agents.map(name => `@${name}`).join(', ')}`,
  nobodyWas: () => 'said; nobody was asked to answer (name an agent of the room with @)',
  nothingToStop: () => 'Nothing is being written.',
  leaveHow: () => 'Ctrl-C once more, or Ctrl-D, leaves.',
  saidLater: (text: string) => `The backend is away. “${beginning(text)}” is said when it is back.`,
  notSaid: ({ what, todo }: Problem, text: string) =>
    plainLines(`“${beginning(text)}” was not said: ${what}${todo === undefined ? '' : `\n  → ${todo}`}`),
  lost: () => 'The backend has gone; this waits until it is back.',
  resumed: () => 'The backend is back.',
  renamed: (to: string) => `The room is ${to} now.`,
  anew: (room: string) => `Much of ${room} was changed; what is new follows.`,
  room: ({ unread, agents, archived, changed }: RoomFacts) =>
    [
      changed.slice(0, 16).replace('T', ' '),
      agents.length === 0 ? 'no agents' : agents.join(', '),
      ...(unread === 0 ? [] : [`${unread} unread`]),
      ...(archived ? ['archived'] : []),
    ].join('  '),
  removed: (room: string) => `${room} was removed; its text is kept in var/rooms/.old/`,
  hit: ({ room, id, author, snippet }: Hit) =>
    `${room} ${id + 1}  ${author === null ? '' : `${author}: `}${snippet.replaceAll('\n', ' ')}`,
  gone: (room: string) => `The room ${room} has gone.`,
} as const

interface RoomFacts {
  readonly unread: number
  readonly agents: readonly string[]
  readonly archived: boolean
  readonly changed: string
}

interface Hit {
  readonly room: string
  readonly id: number
  readonly author: string | null
  readonly snippet: string
}

function beginning(text: string): string {
  const [first = ''] = text.split('\n')
  const letters = Array.from(new Intl.Segmenter().segment(first), ({ segment }) => segment)
  return letters.length > 40 || first !== text ? `${letters.slice(0, 39).join('').trimEnd()}…` : first
}
