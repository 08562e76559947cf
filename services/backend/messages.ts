import { exit } from '../../lib/exit.ts'
import type { Problem } from '../../lib/problem.ts'

export const problems = {
  portBusy: (host: string, port: number): Problem => ({
    code: 'port_busy',
    what: `port ${port} on ${host} is in use by another program`,
    todo: `stop that program, or give the backend another port in stack.yaml (who has it: ss -ltnp 'sport = :${port}')`,
    exit: exit.failed,
  }),
  portForbidden: (port: number): Problem => ({
    code: 'port_forbidden',
    what: `port ${port} is not for ordinary users`,
    todo: 'choose one above 1023, or put a proxy before it: docs/users.md',
    exit: exit.failed,
  }),
  notOurAddress: (host: string): Problem => ({
    code: 'not_our_address',
    what: `${host} is no address of this machine`,
    todo: '--listen 0.0.0.0 means all that it has; `ip address` shows them',
    exit: exit.usage,
  }),
  badListen: (value: string): Problem => ({
    code: 'bad_listen',
    what: `COURANTE_LISTEN can't be "${value}"`,
    todo: 'such as 0.0.0.0, 192.168.1.5:8770, [::], https://chat.example.com',
    exit: exit.usage,
  }),
  newerState: (home: string): Problem => ({
    code: 'newer_state',
    what: `${home}/state.db was written by a later version of this program`,
    todo: 'bring the program up to date, or name another folder with --home',
    exit: exit.failed,
  }),
  noPage: (folder: string): Problem => ({
    code: 'no_page',
    what: `there is no built page in ${folder}`,
    todo: 'build it: node node_modules/vite/bin/vite.js build web (up --prod does it by itself)',
    exit: exit.failed,
  }),
  badEnvironment: (name: string, problem: string): Problem => ({
    code: 'bad_environment',
    what: `the environment variable ${name} is not usable: ${problem}`,
    todo: 'start the backend with `npm run up`, which sets it',
    exit: exit.usage,
  }),
} as const

/** What /api refuses; the status is said where it is refused. */
export const apiProblems = {
  notOurs: (mode: 'local' | 'accounts'): Problem =>
    refused(
      'not_ours',
      'this server does not answer to that Host or Origin',
      mode === 'local'
        ? 'it serves this machine only: 127.0.0.1, localhost or [::1]'
        : 'open it by its address, or by the name that --listen was given; a page of another site may not use it',
    ),
  noSuchSocket: (): Problem =>
    refused('no_such_socket', 'there is no such WebSocket here', 'try /v1/realtime'),
  notLoggedIn: (): Problem => refused('not_logged_in', 'log in first', 'POST /api/login, or send an API key'),
  keyTooWeak: (scope: string): Problem =>
    scope === 'no key'
      ? refused('no_key', 'this is not for API keys', 'log in with your password')
      : refused('key_too_weak', `this API key is not good for ${scope}`, 'make a key with that scope'),
  adminsOnly: (): Problem => refused('admins_only', 'this is for admins'),
  notYourRole: (role: string): Problem =>
    refused('not_your_role', `you would have to be ${role} in this room`, 'ask the owner of the room'),
  archived: (id: string): Problem =>
    refused('room_archived', `the room ${id} is archived`, 'its owner can bring it back'),
  noSuchRoom: (): Problem => refused('no_such_room', 'there is no such room here, or you may not read it'),
  noSuchMessage: (): Problem => refused('no_such_message', 'there is no such message'),
  notYourFile: (): Problem => refused('not_yours', 'this file is not yours', 'ask the owner of the room'),
  notYours: (): Problem => refused('not_yours', 'this message is not yours', 'ask the owner of the room'),
  conflict: (): Problem =>
    refused('conflict', 'this message is another one by now', 'read the room anew and try again'),
  noSuchReply: (): Problem => refused('no_such_reply', 'no such reply is being written'),
  noSuchFile: (): Problem => refused('no_such_file', 'there is no such file'),
  noSuchAgent: (): Problem => refused('no_such_agent', 'there is no such agent'),
  unknownAgent: (name: string): Problem =>
    refused('unknown_agent', `there is no agent ${name}`, 'GET /api/agents lists them'),
  noSuchUser: (name: string): Problem => refused('no_such_user', `there is no user ${name}`),
  userHasName: (name: string): Problem =>
    refused('name_taken', `${name} is a user`, 'an agent needs a name of its own'),
  notYourFolder: (name: string): Problem =>
    refused('not_your_folder', `rooms below ${name}/ are made by ${name}`, 'take your own name, or none'),
  importBelow: (name: string): Problem =>
    refused(
      'not_your_folder',
      'only admins make a public room of a text that anybody may have written',
      `take a name below your own, such as ${name}/notes`,
    ),
  tooManyRooms: (limit: number): Problem =>
    refused('too_many_rooms', `you have ${limit} rooms, which is the most`, 'remove one'),
  tooManyFiles: (limit: string): Problem =>
    refused('too_many_files', `your files would have more than ${limit}`, 'remove some'),
  noSuchRoute: (method: string, path: string): Problem =>
    refused('no_such_route', `there is no ${method} ${path}`, 'GET /api/openapi.json lists what there is'),
  badField: (where: string, field: string, problem: string): Problem =>
    refused('bad_request', `${where}${field === '' ? '' : `.${field}`}: ${problem}`),
  badBody: (problem: string): Problem => refused('bad_request', `body: ${problem}`),
  notUtf8: (): Problem => refused('not_utf8', 'the text is not UTF-8'),
  badRange: (bytes: number): Problem => refused('bad_range', `the file has ${bytes} bytes`),
  mediaType: (wanted: string): Problem => refused('media_type', `the body must be ${wanted}`),
  tooLarge: (limit: string): Problem => refused('too_large', `the body is larger than ${limit}`),
  tooSlow: (): Problem => refused('too_slow', 'the body of the request did not come in time'),
  noSpace: (): Problem => refused('no_space', 'the disk of the server is too full for that'),
  tooManyStreams: (limit: number): Problem =>
    refused('too_many_streams', `you have ${limit} streams open, which is the most`, 'close some'),
  pictureUrl: (): Problem =>
    refused(
      'bad_picture_url',
      'a picture has to come as a data: URL in base64 (PNG, JPEG, WebP or GIF)',
      'nothing is fetched from elsewhere',
    ),
  noSuchModel: (id: string): Problem => refused('no_such_model', `there is no model ${id}`),
  modelPartOnly: (id: string): Problem =>
    refused('part_only', `${id} works inside of other models and is not used by itself`),
  modelMissing: (id: string): Problem => refused('not_installed', `${id} is not installed`, 'get it first'),
  modelNotInMemory: (id: string): Problem => refused('not_loaded', `${id} is not in memory`),
  modelPinned: (id: string): Problem =>
    refused(
      'pinned',
      `${id} is pinned, and would be loaded again at once`,
      `unpin it first: courante models unpin ${id}`,
    ),
  modelInMemory: (id: string): Problem => refused('resident', `${id} is in memory`, 'unload it first'),
  modelIsFetched: (id: string): Problem =>
    refused('fetching', `${id} is being downloaded`, 'stop the download first'),
  modelComesWith: (id: string): Problem =>
    refused('shipped', `${id} comes with Courante itself, so there is nothing to remove`),
  modelOfOthers: (id: string): Problem =>
    refused(
      'foreign',
      `the files of ${id} are not of the catalog`,
      'what was added by hand is removed with courante models rm; what another program keeps, there',
    ),
  modelOtherKind: (id: string, kind: string, is: string): Problem =>
    refused('wrong_model', `${id} can't be the default for ${kind}: it is a model for ${is}`),
  modelFile: (path: string, code: string): Problem =>
    refused('not_writable', `${path} can't be removed (${code})`, 'give yourself the right to write there'),
  nothingToFetch: (id: string): Problem =>
    refused('nothing_to_fetch', `there is nothing to download for ${id}`),
  notFetching: (id: string): Problem => refused('not_fetching', `${id} is not being downloaded`),
  changed: (id: string): Problem =>
    refused('changed', `what ${id} needs is another download by now`, 'look at it again, then agree to it'),
  coreAbsent: (): Problem =>
    refused('core_absent', 'core does not run, and only it works with models', 'courante start core'),
  coreEnded: (id: string): Problem =>
    refused('core_ended', `core ended before it was done with ${id}`, 'its log says why: courante logs core'),
  noStack: (): Problem =>
    refused(
      'no_stack',
      'this backend was started by hand, without a supervisor',
      'start everything with npm run up',
    ),
  noSuchService: (name: string): Problem => refused('no_such_service', `there is no service ${name}`),
  tooManyAtOnce: (limit: number): Problem =>
    refused('too_many_at_once', `${limit} of these are under way for you, which is the most`, 'stop one'),
  nothingToSay: (): Problem =>
    refused('nothing_to_say', 'there is nothing in this text that can be read aloud', 'send some words'),
  /** For who is no admin: the whole of it names files of the server. */
  downloadEnded: (code: string): Problem =>
    refused(code, 'the download did not come to its end', 'an admin can see why'),
  loadFailed: (code: string): Problem =>
    refused(code, 'it could not be loaded or unloaded', 'an admin can see why'),
  modelIsAsked: (id: string): Problem =>
    refused('resident', `core is asked to load or unload ${id}`, 'wait for the end of it, or unload it'),
  stopping: (): Problem => refused('stopping', 'the server is stopping', 'try again in a moment'),
  internal: (): Problem =>
    refused('internal', 'the server made a mistake', 'what happened stands in the log of the backend'),
} as const

/** Core's own words for a job that failed. */
export function fromCore(error: { code: string; message: string; todo?: string | undefined }): Problem {
  return refused(error.code, error.message, error.todo)
}

function refused(code: string, what: string, todo?: string): Problem {
  return { code, what, exit: exit.failed, ...(todo === undefined ? {} : { todo }) }
}

/** Why a service does not run, as far as its supervisor knows. */
export function whyDown({
  state,
  notStarted,
  waitingFor,
  lastEnd,
}: {
  readonly state: string
  readonly notStarted?: Readonly<Record<string, unknown>> | undefined
  readonly waitingFor?: readonly string[] | undefined
  readonly lastEnd?: { readonly code: number; readonly signal?: string | undefined } | undefined
}): string | undefined {
  if (waitingFor !== undefined && waitingFor.length > 0) return `It waits for ${waitingFor.join(', ')}.`
  if (notStarted !== undefined) {
    const { reason, program, folder, port, detail } = notStarted
    if (reason === 'no_program') return `There is no program ${String(program)} on its PATH.`
    if (reason === 'no_folder') return `Its folder ${String(folder)} is not there.`
    if (reason === 'port_busy') return `Its port ${String(port)} is held by another program.`
    return `The system refused to start it: ${String(detail)}.`
  }
  // One that has done its work has ended, too.
  if (lastEnd === undefined || state === 'done') return undefined
  return lastEnd.signal === undefined
    ? `It exited with code ${lastEnd.code}.`
    : `It was ended by ${lastEnd.signal}.`
}

/** Bodies of refused requests. */
export const messages = {
  /** `port`: of the dev server, where one is in this run. */
  pageElsewhere: (port: string | undefined): string =>
    port === undefined
      ? 'This is the API. The page is served here when everything is started with: npm run up -- --prod\n'
      : `This is the API. The page is at http://127.0.0.1:${port}/ in this run.\n`,
  noCore: 'Core does not run, so there is nothing to measure. Start it: courante start core\n',
} as const

/** Lines of the backend's log. */
export const log = {
  listening: (address: string) => `backend listening on ${address}`,
  openTo: (origins: readonly string[]) => `open to others, who need an account: ${origins.join('  ')}`,
  accountsUnused:
    'There are accounts, but this run has no --listen: nobody logs in, and whoever reaches 127.0.0.1 is the user of this machine.',
  firstLink: (link: string) =>
    `Nobody has an account yet. This link, good for one use and seven days, makes the first, an admin's:\n${link}\nAnother one: courante users invite --admin`,
  connection: (number: number, line: string) => `ws   #${number} ${line}`,
  opened: 'open /v1/realtime',
  /** 1000, 1001 and 1005 (no code) are how clients leave; any other code has a reason behind it. */
  closed: (code: number, seconds: number) =>
    `closed${[1000, 1001, 1005].includes(code) ? '' : ` (${code})`} after ${seconds} s`,
  heldBack: 'held back: it sends faster than the engine reads',
  unread: 'cut off: it does not read what it is sent',
  broken: (message: string) => `broken: ${message}`,
  engineReady: (ms: number) => `engine ready in ${Math.round(ms)} ms`,
  engineGone: (why: string) => `engine gone: ${why}`,
  final: (text: string, delayMs: number | undefined) => {
    const words = text.length > 40 ? `${text.slice(0, 39).trimEnd()}…` : text
    return `stt  "${words.replace(/\p{Cc}+/gu, ' ')}"${delayMs === undefined ? '' : ` ${delayMs} ms after its end`}`
  },
  failed: (method: string, path: string, error: unknown) =>
    `${method} ${path.replace(/\p{Cc}+/gu, ' ')} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  coreUnread: (error: unknown) =>
    `what core says of itself can't be read, so what it said last stands: ${messageOf(error)}`,
  notLetIn: (error: unknown) => `a connection could not be let in: ${messageOf(error)}`,
  fetchFailed: (id: string, error: unknown) => `models: the download of ${id} failed: ${messageOf(error)}`,
  jobFailed: (id: string, error: unknown) =>
    `models: what core does with ${id} is not known: ${messageOf(error)}`,
  transcriptFailed: (path: string, error: unknown) => `transcript: can't write ${path}: ${messageOf(error)}`,
  transcriptUnread: (path: string, error: unknown) => `transcript: can't read ${path}: ${messageOf(error)}`,
} as const

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
