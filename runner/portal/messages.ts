import { exit } from '../../lib/exit.ts'
import type { Problem } from '../../lib/problem.ts'
import type { JobView } from '../../services/portal/queue-view.ts'

const failed = (code: string, what: string, todo: string): Problem => ({
  code,
  what,
  todo,
  exit: exit.failed,
})
const wrong = (code: string, what: string, todo: string): Problem => ({ code, what, todo, exit: exit.usage })

/** Every sentence about a failure that `courante portal` can print. `where`: the --stack and --home that were given. */
export const problems = {
  unknownJob: (text: string, where: string): Problem =>
    failed(
      'unknown_job',
      `there is no job ${text}. Perhaps its answer has been collected, or it has expired.`,
      `All jobs: courante portal ls${where}`,
    ),
  ambiguous: (text: string, found: readonly JobView[]): Problem =>
    failed(
      'ambiguous_job',
      `${text} may be ${found.length} jobs.`,
      ['Give one of these:', ...found.slice(0, 10).map(({ service, id }) => `    ${service}/${id}`)].join(
        '\n',
      ) + (found.length > 10 ? `\n    … and ${found.length - 10} more` : ''),
    ),
  unknownService: (service: string, spool: string, known: readonly string[]): Problem =>
    wrong(
      'unknown_portal',
      `there is no portal "${service}" in ${spool}.`,
      known.length === 0
        ? 'Start its worker first: courante up'
        : `There are: ${known.join(', ')}. A new one begins with its worker.`,
    ),
  noRequest: (service: string): Problem =>
    wrong(
      'no_request',
      'say what to do with --request or --request-file.',
      `Such as: courante portal submit ${service} --request '{"kind":"transcribe","file":"talk.wav"}' talk.wav`,
    ),
  twoRequests: (): Problem =>
    wrong('two_requests', 'one request at a time.', 'Give --request or --request-file, not both.'),
  badRequest: (detail: string): Problem =>
    wrong(
      'bad_request',
      `the request is no JSON object (${detail}).`,
      `Such as: --request '{"kind":"transcribe","file":"talk.wav"}'`,
    ),
  badId: (id: string): Problem =>
    wrong('bad_id', `"${id}" can't be an id.`, "1 to 64 of A-Z a-z 0-9 . _ - and no '.' first"),
  badFileName: (name: string): Problem =>
    wrong('bad_file_name', `no file of a request may be called "${name}".`, 'Give it another name.'),
  sameFileName: (name: string): Problem =>
    wrong('same_file_name', `two files are called ${name}.`, 'They lie in one folder: rename one of them.'),
  unreadable: (path: string, code: string): Problem =>
    wrong(
      'unreadable',
      code === 'ENOENT' ? `there is no file ${path}.` : `${path} can't be read (${code}).`,
      'Give a file that is there, and that you may read.',
    ),
  filesWithoutWait: (): Problem =>
    wrong('files_without_wait', '--files-to goes with --wait.', 'Give both, or neither.'),
  otherDisk: (folder: string, spool: string, command: string): Problem =>
    failed(
      'other_disk',
      `${folder} is on another disk than the portals, and files are moved there; the answer still lies in its place.`,
      `Name a folder on the disk of ${spool}: ${command}`,
    ),
  collected: (id: string): Problem =>
    failed(
      'collected',
      `the answer of ${id} was collected by somebody else.`,
      'Whoever waited for it has it. There is nothing left here.',
    ),
  answerGone: (id: string, where: string): Problem =>
    failed(
      'answer_gone',
      `the answer of ${id} has been collected; only its request is kept, since it crashed its engine.`,
      `To try it again: courante portal retry ${id}${where}`,
    ),
  waitsAlready: (id: string, where: string): Problem =>
    failed('waits', `${id} waits already.`, `Its answer: courante portal wait ${id}${where}`),
  runsAlready: (id: string, where: string): Problem =>
    failed('runs', `${id} is at work.`, `To begin anew, stop it first: courante portal cancel ${id}${where}`),
  requestGone: (id: string): Problem =>
    failed('request_gone', `of ${id} only the answer is left, no request.`, 'Submit it again.'),
  endedAlready: (id: string, state: 'done' | 'failed', where: string): Problem =>
    failed(
      'ended',
      `there is nothing to cancel: ${id} ${state === 'done' ? 'is done' : 'has failed'} already.`,
      `Its answer: courante portal wait ${id}${where}`,
    ),
  notCancelled: (id: string, where: string): Problem =>
    failed(
      'not_cancelled',
      `${id} changed its place meanwhile.`,
      `Try again: courante portal cancel ${id}${where}`,
    ),
  spoolFault: (path: string, code: string): Problem =>
    failed(
      'portal_fault',
      code === 'ENOSPC' || code === 'EDQUOT'
        ? `the disk is full: ${path} can't be written.`
        : `${path} can't be used (${code}).`,
      'Make room, mend its permissions, or name another stack or home with --stack, --home.',
    ),
}

/** What the subcommands tell besides failures. */
export const words = {
  states: {
    waiting: 'waiting',
    running: 'running',
    cancelling: 'being cancelled',
    done: 'done',
    failed: 'failed',
  },
  columns: ['id', 'service', 'state', 'attempt', 'age', 'error'],
  none: (user: string, spool: string): string => `No requests of ${user} in ${spool}.`,
  more: (count: number): string => `… and ${count} more (--json lists all)`,
  noWorker: (service: string): string =>
    `Nobody serves ${service}: what waits there begins when its worker starts (courante up).`,
  orphan: 'its worker has ended; the next one takes it over',
  silent: 'its worker gives no sign of life',
  ago: (age: string): string => `${age} old`,
  attempt: (attempt: number): string => `attempt ${attempt}`,
  cut: '…',
  filesCut: (count: number): string => `… and ${count} more`,
  lastLines: (lines: number): string => `last ${lines} lines`,
  nextOpen: (id: string, where: string): string =>
    `courante portal wait ${id}${where}, or courante portal cancel ${id}${where}`,
  nextDone: (id: string, where: string): string =>
    `courante portal wait ${id}${where} prints and removes it, courante portal retry ${id}${where} does it again`,
  nextFailed: (id: string, where: string): string =>
    `courante portal retry ${id}${where}, or courante portal wait ${id}${where} prints and removes it`,
  nextGrave: (id: string, where: string): string => `courante portal retry ${id}${where}`,
  goesOn: (id: string, where: string): string =>
    `${id} goes on. Its answer: courante portal wait ${id}${where}\n  To stop it: courante portal cancel ${id}${where}\n`,
  filesLeft: (folder: string, command: string): string =>
    `The files that came with it lie in ${folder}, so nothing was removed. To take them: ${command}\n`,
  retried: (id: string): string => `${id} waits again, as its first attempt.\n`,
  cancelled: (id: string): string => `${id} is cancelled.\n`,
  cancelAsked: (id: string, where: string): string =>
    `${id} was asked to stop. How it ended: courante portal wait ${id}${where}\n`,
  shared: (user: string, services: string, spool: string): string =>
    `${user} can use ${services} now, in ${spool}/SERVICE/${user}; docs/portal.md says how.\n`,
  gone: (id: string): string => `${id} has ended, and whoever waited for it has its answer.\n`,
  kinds: {
    prep: 'unfinished requests',
    done: 'results',
    error: 'failures',
    dead: 'crashed jobs',
    live: 'left-over states',
    cancel: 'left-over cancellations',
    trash: 'half removed',
  },
  nothingToRemove: 'Nothing has expired.\n',
  removed: (what: string, bytes: string): string => `Removed ${what}: ${bytes} freed.\n`,
  queues: (spool: string): string => `queues in ${spool}`,
  quit: 'Q quits',
  top: {
    service: [
      'service',
      'waiting',
      'oldest',
      'running',
      'workers',
      'per s (10 s)',
      '(1 min)',
      'failed (10 s)',
      '(1 min)',
    ],
    user: ['user', 'waiting', 'running'],
    noWorker: 'none',
    beat: (pid: number, age: string): string => `${pid} (${age})`,
    silent: (pid: number, age: string): string => `${pid} (silent for ${age})`,
    dead: (pid: number): string => `${pid} (ended)`,
  },
  noQueues: 'No portal yet: one begins with its worker or its first request.',
}
