import { exit } from '../../lib/exit.ts'
import type { Problem } from '../../lib/problem.ts'
import type { Ready } from '../stack/model.ts'
import type { NotStarted, PortHolder, PullRefusal, PullResult, Recycled, ServiceStatus } from './events.ts'

/** Every word of the supervisor for people. */
export const problems = {
  alreadyRunning: (pid: number): Problem => ({
    code: 'already_running',
    what: `a supervisor runs already for this home (pid ${pid})`,
    todo: 'courante down ends it',
    exit: exit.failed,
  }),
  noStackFile: (path: string, detail: string): Problem => ({
    code: 'no_resolved_stack',
    what: `the supervisor can't read ${path}: ${detail}`,
    todo: '`courante up` writes this file and starts the supervisor; do not start it by hand',
    exit: exit.usage,
  }),
  noPty: (detail: string): Problem => ({
    code: 'no_pty',
    what: `the terminal package @lydell/node-pty does not load here: ${detail}`,
    todo: 'run setup.sh again; it has binaries for Linux with glibc and macOS, on x64 and arm64',
    exit: exit.failed,
  }),
  unknownService: (name: string, known: string[]): Problem => ({
    code: 'unknown_service',
    what: `this run has no service named ${name}`,
    todo: `it has: ${known.join(', ')}. What else the stack file names belongs to another profile, or came later: courante down, then up`,
    exit: exit.usage,
  }),
  badRequest: (what: string): Problem => ({ code: 'bad_request', what, exit: exit.usage }),
  noSuchRoute: (route: string): Problem => ({
    code: 'no_such_route',
    what: `the supervisor does not know ${route}`,
    exit: exit.usage,
  }),
  noTerminal: (service: string): Problem => ({
    code: 'no_terminal',
    what: `${service} does not run, so nothing can be typed into it`,
    exit: exit.failed,
  }),
  stopping: (): Problem => ({
    code: 'stopping',
    what: 'the stack is stopping, nothing can be started now',
    exit: exit.failed,
  }),
  taskFailed: (task: string, why: string, others: readonly string[]): Problem => ({
    code: 'task_failed',
    what: `${task} failed (${why})${others.length === 0 ? '' : `, so ${others.join(', ')} ${others.length === 1 ? 'was' : 'were'} not restarted`}`,
    todo: `courante logs ${task} shows why; then restart again`,
    exit: exit.failed,
  }),
  wouldWait: (service: string, missing: readonly string[]): Problem => ({
    code: 'would_wait',
    what: `${service} was left as it is: it could not come back without ${missing.join(', ')}`,
    todo: `courante restart ${missing.join(' ')} ${service}`,
    exit: exit.failed,
  }),
  internal: (detail: string): Problem => ({
    code: 'internal',
    what: `the supervisor failed to answer: ${detail}`,
    exit: exit.failed,
  }),
  gone: (): Problem => ({
    code: 'supervisor_gone',
    what: 'the supervisor ended before it answered',
    todo: 'courante status tells whether one runs; its last words are in logs/supervisor.log',
    exit: exit.notRunning,
  }),
}

/** Things that are only told, in the pane's log and by every console. */
export const notices = {
  logTrouble: (service: string, detail: string): string =>
    `the log of ${service} can't be written: ${detail}; the service goes on`,
  guardTrouble: (detail: string): string =>
    `no guard: ${detail}; if the supervisor is killed, services may be left over`,
  keysTrouble: (detail: string): string => `the keys' pipe does not work: ${detail}; the commands do`,
  pullBusy: (): string => 'a pull is under way',
  watchTrouble: (service: string, detail: string): string =>
    `the files of ${service} can't be watched: ${detail}; it is not restarted when they change`,
  serviceTrouble: (service: string, detail: string): string =>
    `trouble with ${service}: ${detail}; the others go on`,
  renewing: (what: string): string => `${what} changed: everything starts anew`,
  renewByHand: (what: string): string =>
    `${what} changed: courante down, then up again takes it over; until then only services restart`,
  stackBroken: (words: string): string =>
    `the changed stack file has mistakes, so it is not taken over: ${words}`,
}

export function recycledInWords(why: Recycled): string {
  switch (why.reason) {
    case 'not_alive':
      return `did not answer ${why.failures} times (${why.waitedFor}): it is restarted`
    case 'memory':
      return `uses ${megabytes(why.bytes)} of memory, its limit is ${megabytes(why.limit)}: it is restarted`
    case 'files_changed': {
      const [first = '', ...others] = why.files
      return `is restarted: ${first}${others.length === 0 ? '' : ` and ${others.length} more`} changed`
    }
  }
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}

export function readyInWords(ready: Ready): string {
  switch (ready.type) {
    case 'started':
      return 'its start'
    case 'log':
      return `a line like /${ready.pattern}/`
    case 'tcp':
      return `a connection to ${ready.host}:${ready.port}`
    case 'http':
      return `a good answer from ${ready.url}`
    case 'exec':
      return `\`${ready.command}\` to succeed`
  }
}

export function notStartedInWords(why: NotStarted): string {
  switch (why.reason) {
    case 'no_program':
      return `there is no program ${why.program} on its PATH`
    case 'no_folder':
      return `its folder ${why.folder} is not there`
    case 'port_busy':
      return `its port ${why.port} is held by ${holderInWords(why.holder)}`
    case 'system':
      return `the system refused: ${why.detail}`
  }
}

/** Why a service is not up, as far as that is known. */
export function whyDown({
  notStarted,
  lastEnd,
}: Pick<ServiceStatus, 'notStarted' | 'lastEnd'>): string | undefined {
  if (notStarted !== undefined) return notStartedInWords(notStarted)
  if (lastEnd === undefined) return undefined
  return lastEnd.signal === undefined ? `exited with code ${lastEnd.code}` : `ended by ${lastEnd.signal}`
}

export function holderInWords(holder: PortHolder): string {
  return holder === 'unknown' ? "another user's process" : `pid ${holder.pid} (${holder.command})`
}

/** What a pull did, or why it did nothing: one line. */
export function pullInWords(result: PullResult): string {
  if (!result.ok) return `not pulled: ${pullRefusals[result.reason](result.detail, result.files)}`
  const commit = `${result.short} ${result.date}`
  if (!result.updated) return `nothing new: ${commit} ${result.subject}`
  const files = `${result.filesChanged} ${result.filesChanged === 1 ? 'file' : 'files'}`
  // What to do stands before the subject: a narrow line cuts the end.
  return `pulled ${commit}, ${files}; ${afterPull(result)}: ${result.subject}`
}

function afterPull(result: PullResult & { ok: true }): string {
  if (result.installs) return 'packages changed, R installs them and starts anew'
  if (result.lockfileChanged) return 'package-lock.json changed, npm install, then R'
  return result.runnerChanged ? 'the runner changed, R starts anew' : 'R restarts'
}

const pullRefusals: Record<PullRefusal, (detail: string, files: string[]) => string> = {
  no_git: () => 'git is not installed',
  no_checkout: folder => `${folder} is not a git checkout`,
  detached: () => 'no branch is checked out; `git switch <branch>` first',
  no_upstream: branch =>
    `branch ${branch} follows no remote branch; \`git branch --set-upstream-to\` names one`,
  dirty: (_, files) => `files are changed here (${files.join(', ')}); commit or stash them first`,
  in_the_way: (_, files) => `files here that git does not know are in the way (${files.join(', ')})`,
  diverged: detail => `this branch and its remote have grown apart (${detail}); rebase or merge by hand`,
  unreachable: detail => `the remote can't be reached: ${detail}`,
  offline: detail => `this run is offline (OFFLINE, --offline), and the remote is ${detail}`,
  failed: detail => `git failed: ${detail}`,
}
