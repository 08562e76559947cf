import { exit } from '../../lib/exit.ts'
import type { Problem } from '../../lib/problem.ts'

const wrong = (code: string, what: string, todo?: string): Problem => ({
  code,
  what,
  exit: exit.failed,
  ...(todo === undefined ? {} : { todo }),
})

/** Of users, sessions, keys and invitations. None tells a stranger whether a name exists. */
export const userProblems = {
  badName: (detail: string) =>
    wrong('bad_name', `that can't be a name: ${detail}`, 'Such as alice, Björn, maria.k'),
  nameReserved: (name: string) =>
    wrong('name_reserved', `"${name}" is kept for the program`, 'Choose another name.'),
  nameTaken: (name: string, other: string) =>
    wrong(
      'name_taken',
      name === other ? `there is a "${name}" already` : `"${name}" looks too much like "${other}"`,
      'Choose another name.',
    ),
  noSuchUser: (name: string) => wrong('no_such_user', `there is no user "${name}"`, 'courante users ls'),
  disabled: (name: string) => wrong('disabled', `"${name}" is disabled`, `courante users enable ${name}`),
  localUser: (name: string) =>
    wrong(
      'local_user',
      `"${name}" is the user of this machine, who has no password`,
      'Its rights are those of the account that runs the backend.',
    ),
  lastAdmin: (name: string) =>
    wrong('last_admin', `"${name}" is the last admin who can log in`, 'Make somebody else an admin first.'),
  passwordShort: (least: number) =>
    wrong('password_short', `the password has less than ${least} characters`, 'A few words are a good one.'),
  passwordLong: (most: number) => wrong('password_long', `the password is longer than ${most} bytes`),
  wrongLogin: () => wrong('wrong_login', 'the name or the password is wrong'),
  wrongPassword: () => wrong('wrong_password', 'the old password is wrong'),
  tooManyTries: (seconds: number) =>
    wrong('too_many_tries', 'there were too many wrong tries', `Try again in ${seconds} s.`),
  busy: () => wrong('busy', 'too many people log in at this moment', 'Try again in a few seconds.'),
  badToken: () =>
    wrong(
      'bad_token',
      'this link was used already, or its time is over',
      'Ask an admin for a new one (courante users invite, courante users reset).',
    ),
  nameNeeded: () => wrong('name_needed', 'a name is missing'),
  noPassword: () =>
    wrong('no_password', 'this user has no password: the machine itself is the key', 'courante users invite'),
  noSuchKey: () => wrong('no_such_key', 'there is no such key'),
  noSuchSession: () => wrong('no_such_session', 'there is no such session'),
  noSuchInvitation: () => wrong('no_such_invitation', 'there is no such invitation'),
  tooManyKeys: (most: number) =>
    wrong('too_many_keys', `nobody may have more than ${most} keys`, 'Remove one that is not used any more.'),
} as const

/** Of agents and their answers. */
export const agentProblems = {
  noSuchAgent: (name: string) =>
    wrong(
      'no_such_agent',
      `there is no agent "${name}"`,
      'GET /api/agents lists them; an admin can make one.',
    ),
  notInRoom: (name: string) =>
    wrong('no_such_agent', `"${name}" is not in this room`, 'Its owner can add it to the room.'),
  noAgent: () => wrong('no_agent', 'there is no agent in this room', 'Add one to the room.'),
  notLastReply: () =>
    wrong('conflict', "this is not the room's last message, or no agent's", 'Look at the room again.'),
  againAlready: (agent: string) =>
    wrong('conflict', `${agent} is writing this answer anew already`, 'Wait for it, or stop it.'),
  badAgent: (detail: string) =>
    wrong('bad_agent', `that can't be an agent: ${detail}`, 'docs/agents.md says what an agent has.'),
  agentShipped: (name: string) =>
    wrong(
      'agent_shipped',
      `"${name}" comes with the program and can't be removed`,
      'Take it out of the room, or write an agent with the same name.',
    ),
  tooMany: () =>
    wrong('too_many_replies', 'too many answers are waited for in this room', 'Wait for some of them.'),
  coreGone: () =>
    wrong(
      'not_running',
      'core, which runs the language models, is not there',
      'courante status says how it is; courante start core starts it.',
    ),
  notSubmitted: (code: string) =>
    wrong(
      'not_submitted',
      `the question could not be written into the portal (${code})`,
      'Look at the disk (df -h) and the rights of var/portals.',
    ),
  saidNothing: (agent: string) =>
    wrong('empty_answer', `${agent} said nothing`, 'Ask again, or in other words.'),
  tooLong: (agent: string) =>
    wrong(
      'context_too_long',
      `the message is too long for the model of ${agent}`,
      'Send less, or give the agent a model with a larger context.',
    ),
  badAnswer: (agent: string, service: string) =>
    wrong(
      'bad_answer',
      `${agent} got an answer that is none`,
      `The service ${service} has to answer chat requests as the service llm does.`,
    ),
  broken: (agent: string) =>
    wrong(
      'internal',
      `something went wrong while ${agent} answered`,
      'This is a bug; the log of the backend has more (courante logs backend).',
    ),
} as const

/** Lines of the log, and the faults of agents' files. */
export const agentNotes = {
  definition: 'agent',
  unknownKey: 'unknown key',
  missing: 'missing',
  noFile: 'no plain file',
  unreadable: (code: string) => `can't be read (${code})`,
  tooLarge: (bytes: number) => `larger than ${bytes} bytes`,
  twice: (name: string, other: string) => `${other} has the name ${name} already`,
  broken: (problem: string, agent: string | undefined) =>
    `agents: ${problem.replaceAll('\n', '; ')}${agent === undefined ? '' : ` (${agent} goes on as it was)`}`,
  recovered: (agent: string, room: string) =>
    `agents: kept what ${agent} had said in ${room} when the backend ended`,
  noRoom: (agent: string, room: string) =>
    `agents: dropped what ${agent} had begun in ${room}, which is gone`,
  failed: (agent: string, room: string, code: string, what: string) =>
    `agents: ${agent} in ${room}: ${code}: ${what}`,
  trouble: (where: string, error: unknown) =>
    `agents: ${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
} as const

/** Of rooms and their files. */
export const roomProblems = {
  badId: (id: string, detail: string) => wrong('bad_room', `"${id}" can't be a room's name: ${detail}`),
  badAuthor: (name: string) =>
    wrong(
      'bad_name',
      `"${name}" can't stand before a message`,
      'No control characters, and no colon at its end.',
    ),
  none: (id: string) => wrong('no_such_room', `there is no room "${id}"`),
  exists: (id: string) => wrong('room_exists', `there is a room "${id}" already`, 'Choose another name.'),
  archived: (id: string) =>
    wrong('room_archived', `the room "${id}" is archived`, 'Its owner can take it back.'),
  empty: () => wrong('empty_message', 'the message is empty'),
  longMessage: (most: number) =>
    wrong(
      'message_too_long',
      `a message of the text is longer than ${most} bytes`,
      'Part it by an empty line and a name.',
    ),
  tooBig: (id: string) =>
    wrong(
      'room_too_big',
      `the file of the room "${id}" is over 2 GB`,
      'Move its older part into another file.',
    ),
  notPlain: (id: string) =>
    wrong(
      'room_not_plain',
      `the room "${id}" is a link or a folder, or no ordinary file`,
      'Put the file itself there.',
    ),
  unreadable: (id: string, code: string) =>
    wrong(
      'room_unreadable',
      `the backend may not read and write the file of the room "${id}" (${code})`,
      'Look at its owner and mode.',
    ),
  diskFull: (id: string) =>
    wrong(
      'disk_full',
      `the disk has no room left for the room "${id}"`,
      'Nothing was written. Make room and try again.',
    ),
  busyDatabase: () =>
    wrong('busy', 'another program has locked state.db', 'Nothing was written. Try again in a few seconds.'),
  busyEdit: (id: string) =>
    wrong(
      'room_changes',
      `the file of the room "${id}" is changed by another program all the time`,
      'Try again.',
    ),
  inUse: (pid: number | undefined) =>
    wrong(
      'rooms_in_use',
      `another backend writes these rooms${pid === undefined ? '' : ` (pid ${pid})`}`,
      'Stop it first; two at once would mix up the files.',
    ),
} as const

/** Lines of the backend's log. */
export const roomLog = {
  ignored: (path: string, why: string) => `rooms: ${path} is left out: ${why}`,
  noName: 'its name is none for a room',
  notPlain: 'it is no ordinary file',
  twice: (path: string) => `there is ${path} already`,
  recovered: (room: string) => `rooms: a message that a crash kept from ${room} is in it now`,
  leftAlone: (room: string) => `rooms: ${room} was changed after a crash; its last post is not written again`,
  trouble: (what: string, error: unknown) =>
    `rooms: ${what}: ${error instanceof Error ? error.message : String(error)}`,
  searchFailed: (error: unknown) => `search: ${error instanceof Error ? error.message : String(error)}`,
} as const

/** In a rendered message. */
export const htmlWords = {
  thoughts: 'Thoughts',
} as const
