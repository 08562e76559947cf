import { exit } from '../lib/exit.ts'
import { plainLines } from '../lib/plain.ts'
import type { Problem } from '../lib/problem.ts'

/** Every sentence about a failure that the runner's commands can print. */
export const messages = {
  unknownCommand: (name: string): Problem => ({
    code: 'unknown_command',
    what: `there is no command "${name}".`,
    todo: 'See all of them: ./courante help',
    exit: exit.usage,
  }),
  badArguments: (detail: string, usage: string): Problem => ({
    code: 'bad_arguments',
    what: detail,
    todo: `Usage: courante ${usage}`,
    exit: exit.usage,
  }),
  badMirror: (value: string): Problem => ({
    code: 'bad_mirror',
    what: `--mirror takes an http or https address, not "${value}".`,
    todo: 'In place of https://huggingface.co: --mirror https://mirror.example.com; of another host: --mirror HOST=URL',
    exit: exit.usage,
  }),
  badListen: (value: string): Problem => ({
    code: 'bad_listen',
    what: `--listen takes an address of this machine, not "${value}".`,
    todo: 'Such as 0.0.0.0 (all it has), 192.168.1.5, 192.168.1.5:8080, [::]; or, behind a proxy for TLS, https://chat.example.com',
    exit: exit.usage,
  }),
  notOurAddress: (host: string): Problem => ({
    code: 'not_our_address',
    what: `--listen: ${host} is no address of this machine.`,
    todo: '0.0.0.0 means all that it has; `ip address` shows them.',
    exit: exit.usage,
  }),
  listenBusy: (host: string, port: number): Problem => ({
    code: 'port_busy',
    what: `--listen: port ${port} of ${host} is in use by another program.`,
    todo: `Who has it: ss -ltnp 'sport = :${port}'; or name another port: --listen ${host.includes(':') ? `[${host}]` : host}:${port + 1}`,
    exit: exit.failed,
  }),
  listenForbidden: (port: number): Problem => ({
    code: 'port_forbidden',
    what: `--listen: port ${port} is not for ordinary users.`,
    todo: 'Choose one above 1023, or put a proxy before it: docs/users.md',
    exit: exit.failed,
  }),
  stackMissing: (path: string): Problem => ({
    code: 'stack_missing',
    what: `there is no stack file ${path}.`,
    todo: 'Name another one with --stack, run this in the folder that has it, or write one with: courante init',
    exit: exit.usage,
  }),
  stackUnreadable: (path: string, reason: string): Problem => ({
    code: 'stack_unreadable',
    what: `the stack file ${path} can't be read (${reason}).`,
    todo: 'Mend its permissions, or name another one with --stack.',
    exit: exit.usage,
  }),
  stackInvalid: (faults: readonly string[]): Problem => ({
    code: 'stack_invalid',
    what: ['the stack file has mistakes:', ...faults.map(fault => `  ${fault}`)].join('\n'),
    todo: 'docs/stack.md describes every key.',
    exit: exit.usage,
  }),
  localUnwritable: (path: string, reason: string): Problem => ({
    code: 'local_unwritable',
    what: `your choice can't be written to ${path} (${reason}).`,
    todo: 'Give yourself the right to write there. courante up --yes asks nothing and goes on without a choice.',
    exit: exit.failed,
  }),
  portBusy: (service: string, port: number, holder: string): Problem => ({
    code: 'port_busy',
    what: `port ${port}, which ${service} needs, is in use by ${holder}.`,
    todo: `Stop that program, or give ${service} another port in stack.local.yaml:\n      services: { ${service}: { port: ${port + 1} } }`,
    exit: exit.failed,
  }),
  wrongNode: (wanted: string, have: string): Problem => ({
    code: 'wrong_node',
    what: `the stack needs Node ${wanted}, and this is ${have}.`,
    todo: 'Install such a Node and put it first on PATH, or mend environment.node in the stack file.',
    exit: exit.failed,
  }),
  cannotAsk: (plan: string): Problem => ({
    code: 'cannot_ask',
    what: `something is missing, and nobody can be asked here: this is no terminal.\n${plan}`,
    todo: 'Agree to it with --yes (npm run up --yes), or run with what is there: courante up --no',
    exit: exit.usage,
  }),
  declined: (): Problem => ({
    code: 'declined',
    what: 'nothing was installed, as you wished.',
    todo: 'Run it again when you like, or with what is there: ./courante up --no',
    exit: exit.declined,
  }),
  notRunning: (home: string, stack: string | undefined): Problem => ({
    code: 'not_running',
    what: `nothing is running in ${home}.`,
    todo: `Start it: courante up${stack === undefined ? '' : ` --stack ${stack}`}`,
    exit: exit.notRunning,
  }),
  unknownProfile: (name: string, known: readonly string[]): Problem => ({
    code: 'unknown_profile',
    what: `there is no profile "${name}".`,
    todo: known.length === 0 ? 'The stack file names none under profiles.' : `There are: ${known.join(', ')}`,
    exit: exit.usage,
  }),
  envFileUnreadable: (service: string, path: string, reason: string): Problem => ({
    code: 'env_file_unreadable',
    what: `the env_file ${path} of ${service} can't be read (${reason}).`,
    todo: 'Make the file, or take it out of the stack file.',
    exit: exit.usage,
  }),
  unknownService: (name: string, known: readonly string[]): Problem => ({
    code: 'unknown_service',
    what: `there is no service "${name}".`,
    todo: `There are: ${known.join(', ')}`,
    exit: exit.usage,
  }),
  supervisorFailed: (log: string, lastLines: string): Problem => ({
    code: 'supervisor_failed',
    what: `the supervisor ended before it was ready.${lastLines === '' ? '' : `\n${lastLines}`}`,
    todo: `Its whole output is in ${log}`,
    exit: exit.failed,
  }),
  supervisorDied: (): Problem => ({
    code: 'supervisor_died',
    what: 'the supervisor was killed; everything that it had started was stopped.',
    todo: 'Start it again: npm run up',
    exit: exit.failed,
  }),
  consoleUnavailable: (name: string, reason: string): Problem => ({
    code: 'console_unavailable',
    what: `the ${name} console can't be used: ${reason}.`,
    todo: 'Leave --console away, and the one that fits is taken.',
    exit: exit.usage,
  }),
  homeUnwritable: (path: string, reason: string): Problem => ({
    code: 'home_unwritable',
    what: `${path} can't be written (${reason}).`,
    todo: 'Make room, mend its permissions, or name another folder with --home.',
    exit: exit.failed,
  }),
  badTime: (option: string, value: string): Problem => ({
    code: 'bad_time',
    what: `${option} takes a time or how long ago, not "${value}".`,
    todo: 'Such as 30s, 10m, 2h, 3d, 2026-11-21, 2026-11-21T09:00, 2026-11-21T09:00:30.250Z',
    exit: exit.usage,
  }),
  badPattern: (value: string, reason: string): Problem => ({
    code: 'bad_pattern',
    what: `--grep takes a regular expression, and "${value}" is none (${reason}).`,
    todo: 'Put a backslash before ( [ { ? * + . where you mean the sign itself.',
    exit: exit.usage,
  }),
}

/** What `up` tells besides failures; each ends its line. */
export const notices = {
  note: (text: string): string => `note: ${plainLines(text)}\n`,
  address: (name: string, address: string): string => `${name}: ${address}\n`,
  stackFound: (path: string): string => `stack: ${path}\n`,
  attaching: (name: string, supervisor: number): string =>
    `${name} is running already (supervisor ${supervisor}); attaching to it.\n`,
  consoleClosed: (name: string): string =>
    `The console was closed; ${name} goes on. The same command attaches again, courante down stops it.\n`,
  renewed: (name: string): string =>
    `${name} starts anew in the terminal that began it; courante attach shows it here.\n`,
  detached: (name: string, supervisor: number): string =>
    `${name} runs in the background (supervisor ${supervisor}). courante attach shows it, courante down stops it.\n`,
  notUp: (service: string, why: string): string =>
    `${service} is not up: ${why}. The others go on; courante logs ${service}, courante events tell more.\n`,
  outdated: (): string =>
    'the stack file has changed since this run began. courante down, then up takes it over; so does R in a console.\n',
  ownStack: (path: string): string =>
    `there is no stack.yaml in this folder; this is Courante's own stack, ${path}.\n`,
  runsAlready: (name: string): string =>
    `${name} runs already; --profile, --prod, --exit-on and --listen count only at its start.\n`,
  listening: (text: string): string =>
    `open to others (--listen ${text}): everybody needs an account. Where, and a link for the first one: courante logs backend; another link: courante users invite --admin\n`,
  stackGood: (path: string, services: number, others: readonly string[]): string =>
    `${path} is right: ${services} ${services === 1 ? 'service' : 'services'}${others.length === 0 ? '' : `; with a profile alone: ${others.join(', ')}`}.\n`,
  restartGoesOn: (): string =>
    'the restart goes on; courante events shows how, courante status how it stands',
  left: (name: string): string => `${name} goes on; courante down stops it.\n`,
  stopped: (name: string, logs: string): string => `${name} stopped. Its logs: ${logs}/\n`,
}
