import { exit } from '../../lib/exit.ts'
import type { Problem } from '../../lib/problem.ts'
import { plainLines } from '../../lib/plain.ts'
import { failed, usageOf } from './messages.ts'

/** Of the commands that talk to the backend's /api. */
export const chatProblems = {
  usage: usageOf('chat', '[ROOM] [WORD…] [--follow] [-n N] [--quick] [--json]'),
  roomsUsage: usageOf(
    'rooms',
    'ls [--all] | new ROOM [--agent NAME]… | rename ROOM NAME | archive|restore ROOM | rm ROOM | agents ROOM NAME… | share ROOM USER[=reader|writer]… | export ROOM | import ROOM [FILE] | search WORD… [--json]',
  ),
  notRunning: (): Problem => ({
    code: 'not_running',
    what: 'the backend is not running, and it keeps the rooms',
    todo: 'Start it: npm run up; or: courante start backend',
    exit: exit.notRunning,
  }),
  notOurs: (url: string, status: number) =>
    failed(
      'not_ours',
      `${url} answered ${status}, and not as the backend does`,
      'Who has the port: ss -ltnp; which one ours is: courante status',
    ),
  refused: ({ code, title, detail }: { code: string; title: string; detail?: string | undefined }) =>
    failed(code, title, detail),
  gone: (room: string) => failed('gone', `the room ${room} has gone`),
} as const

/** What `chat` says on a terminal beside the room's own words. */
export const chatNotes = {
  hello: ({ id, agents }: { id: string; agents: readonly string[] }) =>
    `${id}${agents.length === 0 ? '' : `, with ${agents.join(', ')}`}. Ctrl-D leaves, Ctrl-C stops an answer, /help tells more.`,
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
  rewound: (id: number) => `What stood from message ${id + 1} on was changed:`,
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
