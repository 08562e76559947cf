import { exit } from '../../lib/exit.ts'
import { exitCodeOf } from '../../lib/io.ts'
import type { Problem } from '../../lib/problem.ts'
import type { ProgramSource } from '../../models/programs.ts'
import { memory } from '../console/units.ts'
import { megabytes } from './bytes.ts'
import type { Obstacle } from './builds/obstacle.ts'
import type { ToolNeed } from './environment.ts'
import type { PackageManager } from './look.ts'
import type { Tried } from './python.ts'
import type { Sum } from './screen.ts'
import type { Step } from './step.ts'

/** Every sentence about a failure of the installer. */
export const messages = {
  noPython: (range: string, tried: readonly Tried[], manager: PackageManager | undefined): Problem => {
    const onlyVenvIsMissing = tried.find(one => one.reason === 'no_ensurepip')
    return {
      code: 'no_python',
      what: [`no Python ${range} was found that can make a venv. Tried:`, ...tried.map(triedLine)].join('\n'),
      todo:
        onlyVenvIsMissing === undefined
          ? `Install one (${installByName(manager, ['python'])}, or pyenv install 3.12), then run the command again.`
          : `Give ${onlyVenvIsMissing.candidate} its venv module: apt install python3-venv, then run the command again.`,
      exit: exit.failed,
    }
  },
  noVenvModule: (python: string): Problem => ({
    code: 'no_venv_module',
    what: `${python} has no ensurepip, so it can't make a venv that has pip.`,
    todo: 'Debian and Ubuntu have it in a package of its own: apt install python3-venv',
    exit: exit.failed,
  }),
  venvFailed: (venv: string, log: string, lastLines: string): Problem => ({
    code: 'venv_failed',
    what: `the Python venv ${venv} could not be made; nothing of it was kept.${block(lastLines)}`,
    todo: `The whole output is in ${log}`,
    exit: exit.failed,
  }),
  pipFailed: (log: string, lastLines: string, how: { offline: boolean; kept: boolean }): Problem => ({
    code: 'pip_failed',
    what: `the Python packages could not be installed${how.offline ? ', and offline was on' : ''}.${block(lastLines)}`,
    todo: [
      `The whole output is in ${log}.`,
      how.kept
        ? 'What was installed before stays, and the next run goes on from there.'
        : 'The new venv was taken away, and the one that it was to replace is back.',
      how.offline
        ? 'Run it without --offline, or name a folder that has the wheels: PIP_FIND_LINKS=FOLDER'
        : '',
    ]
      .filter(part => part !== '')
      .join(' '),
    exit: exit.failed,
  }),
  venvBusy: (venv: string, pid: number): Problem => ({
    code: 'venv_busy',
    what: `another run (process ${pid}) is just making or filling the Python venv ${venv}.`,
    todo: 'Wait until it is done, then run the command again.',
    exit: exit.failed,
  }),
  buildFailed: (name: string, log: string, lastLines: string): Problem => ({
    code: 'build_failed',
    what: `${name} could not be built; nothing of it was kept.${block(lastLines)}`,
    todo: `The whole output is in ${log}`,
    exit: exit.failed,
  }),
  foreignVenv: (path: string): Problem => ({
    code: 'foreign_venv',
    what: `${path} is where the Python venv should be, but it is no venv, so it was not touched.`,
    todo: 'Move it away, or name another folder as `venv` in the stack file.',
    exit: exit.failed,
  }),
  unknownModel: (name: string, known: readonly string[]): Problem => ({
    code: 'unknown_model',
    what: `the stack asks for the model "${name}", which is not in the catalog.`,
    todo: `The catalog has: ${known.join(', ')}. Any other model is an entry with name, why, licence, from and files.`,
    exit: exit.usage,
  }),
  toolMissing: (tool: ToolNeed, manager: PackageManager | undefined): Problem => ({
    code: 'tool_missing',
    what: `${toolText(tool)} is not installed (${tool.why}).`,
    todo: `Install it: ${install(manager, [tool])}`,
    exit: exit.failed,
  }),
  toolsMissing: (tools: readonly ToolNeed[], manager: PackageManager | undefined): Problem => ({
    code: 'tool_missing',
    what: `these programs are not installed:\n${tools.map(tool => `    ${toolText(tool)} (${tool.why})`).join('\n')}`,
    todo: `Install them: ${install(manager, tools)}`,
    exit: exit.failed,
  }),
  notWritable: (path: string, fault: string): Problem => ({
    code: 'not_writable',
    what: `${path} can't be written (${fault}).`,
    todo: 'Make room, or mend its permissions.',
    exit: exit.failed,
  }),
  interrupted: (name: string, signal: string): Problem => ({
    code: 'interrupted',
    what: `stopped while installing: ${name}.`,
    exit: exitCodeOf(signal),
  }),
  onlyUnknown: (name: string, known: readonly string[]): Problem => ({
    code: 'only_unknown',
    what: `--only names "${name}", and there is no such thing to install.`,
    todo: known.length === 0 ? 'Everything is here; leave --only away.' : `There are: ${known.join(', ')}`,
    exit: exit.usage,
  }),
  interruptedQuestion: (signal: string): Problem => ({
    code: 'interrupted',
    what: 'stopped before anything was installed.',
    exit: exitCodeOf(signal),
  }),
}

/** What the question says. */
export const consentWords = {
  title: 'To install; nothing is downloaded before you agree:',
  looking: 'Asking where it would come from …',
  sizeOpen: 'as needed',
  fromTo: (source: string, target: string): string => `from ${source} to ${target}`,
  via: (host: string): string => ` by way of ${host}`,
  memory: (bytes: number): string => `≈ ${memory(bytes)} of memory`,
  tooBig: (bytes: number, budget: number): string =>
    `does not fit this machine: it needs ≈ ${memory(bytes)} of memory, and all models together may take ${memory(budget)}`,
  trust: {
    hub: 'nobody has vouched for it here: it is checked against the hash that the hub itself states, which is kept',
    none: 'nobody states its hash: what comes is taken as it is, and its hash is kept',
  },
  unreachable: (fault: string): string => fault,
  together: (sum: Sum, free: number | undefined): string =>
    `Together ${amount(sum)}${free === undefined ? '' : `; ${memory(free)} are free on that disk`}.`,
  question: 'Install?',
  all: (sum: Sum): string => `Everything (${amount(sum)})`,
  allReachable: (sum: Sum): string => `What can be reached (${amount(sum)})`,
  some: 'Choose',
  none: 'Nothing',
  without: 'Go on without',
  stop: 'Stop',
  which: 'Which of it?',
}

function amount({ bytes, open }: Sum): string {
  if (bytes === 0) return open ? 'what pip downloads' : 'nothing to download'
  return `${megabytes(bytes)}${open ? ' and what pip downloads' : ''} to download`
}

/** What a running download tells. */
export const progressWords = {
  verifies: 'the hash that it should have',
  /** Of the speed, bytes a second, and what is left, bytes. */
  rest: (rate: number | undefined, left: number): string =>
    rate === undefined
      ? ''
      : rate < 1000
        ? ', waits'
        : `, ${megabytes(rate)}/s${left === 0 ? '' : `, ${timeLeft(left / rate)}`}`,
}

function timeLeft(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`
}

/** Lines that are told and then passed over. */
export const notices = {
  toolsMissing: (tools: readonly ToolNeed[], manager: PackageManager | undefined): string =>
    `not installed, and not needed for the start: ${tools.map(tool => `${toolText(tool)} (${tool.why})`).join(', ')}. To have it all: ${install(manager, tools)}`,
  pythonLeftOut: (problem: Problem): string =>
    `Python is left out, which this stack can do without: ${problem.what}${problem.todo === undefined ? '' : `\n  → ${problem.todo}`}`,
  optionalLeftOut: (step: Step, problem: Problem): string => {
    const told = `${problem.what}${problem.todo === undefined ? '' : `\n  → ${problem.todo}`}`
    if (step.type === 'build_program') return `${step.program.why} is left out this time: ${told}`
    return step.type === 'gpu_runtime'
      ? `the graphics card is left out this time, the processor does its work: ${told}`
      : notices.pythonLeftOut(problem)
  },
  cannotBuild: (
    { name, why, version }: ProgramSource,
    obstacle: Obstacle,
    how: { readonly old?: string | undefined; readonly manager: PackageManager | undefined },
    platform = process.platform,
  ): string => {
    const { old, manager } = how
    const it =
      old === undefined ? `${name} (${why}) is not here, and` : `${name} is of version ${old}, and ${version}`
    const another = `a ${name} on PATH does as well, or one that your own model names (program: in models.yaml)`
    switch (obstacle.type) {
      case 'path':
        return `${it} can't be built in ${obstacle.folder}: make and cmake can't cope with ${JSON.stringify(obstacle.character)} in a path.\n  → Move Courante to a folder without it; ${another}.`
      case 'not_writable':
        return `${it} can't be built: ${obstacle.folder} can't be written by this user.\n  → Mend its permissions; ${another}.`
      case 'no_sources':
        return `${it} can't be built without its sources, which come with Courante's packages and are not here, either.\n  → npm ci --prefix services/engines`
      case 'no_tools': {
        const { tools } = obstacle
        const list = listing.format(tools.map(tool => (tool === 'c++' ? 'a C++ compiler' : tool)))
        return `${it} can't be built without ${list}.\n  → Install ${tools.length === 1 ? 'it' : 'them'}: ${installByName(manager, tools, platform)}; then it is built when it is asked for.`
      }
    }
  },
  leftOut: (id: string, fault: string): string =>
    `${id} is left out this time: ${fault}\n  → courante up asks again when it can be reached.`,
  without: (names: readonly string[]): string =>
    `left out from now on: ${names.join(', ')}; courante setup asks for them anew.`,
  notInstalled: (names: readonly string[]): string => `not installed, as you wished: ${names.join(', ')}`,
  problem: (problem: Problem): string =>
    problem.todo === undefined ? problem.what : `${problem.what}\n  → ${problem.todo}`,
}

function triedLine(tried: Tried): string {
  switch (tried.reason) {
    case 'not_found':
      return `    ${tried.candidate}: not there`
    case 'wrong_version':
      return `    ${tried.candidate}: is ${tried.version}`
    case 'no_ensurepip':
      return `    ${tried.candidate}: is ${tried.version}, but has no ensurepip (apt install python3-venv)`
    case 'does_not_run':
      return `    ${tried.candidate}: does not run (${tried.detail})`
  }
}

const commands: Record<PackageManager, string> = {
  apt: 'apt install',
  dnf: 'dnf install',
  pacman: 'pacman -S',
  zypper: 'zypper install',
  apk: 'apk add',
  brew: 'brew install',
}

/** Of ALSA, which is Linux; sox is what records and plays elsewhere. */
const sound = {
  apt: 'alsa-utils',
  dnf: 'alsa-utils',
  pacman: 'alsa-utils',
  zypper: 'alsa-utils',
  apk: 'alsa-utils',
  brew: 'sox',
}

/** Where a program's package is called otherwise. */
const packages: Record<string, Partial<Record<PackageManager, string>>> = {
  arecord: sound,
  aplay: sound,
  ffmpeg: { dnf: 'ffmpeg-free' },
  'c++': { apt: 'g++', dnf: 'gcc-c++', pacman: 'gcc', zypper: 'gcc-c++', apk: 'g++', brew: 'gcc' },
  python: {
    apt: 'python3 python3-venv',
    dnf: 'python3',
    zypper: 'python3',
    apk: 'python3',
    brew: 'python@3.12',
  },
}

/** One command line for all of them; where one of several would do, for the first. */
function install(manager: PackageManager | undefined, tools: readonly ToolNeed[]): string {
  return installByName(
    manager,
    tools.map(tool => tool.name),
  )
}

function installByName(
  manager: PackageManager | undefined,
  names: readonly string[],
  platform = process.platform,
): string {
  const isApples = (name: string): boolean => platform === 'darwin' && apples.includes(name)
  const others = names.filter(name => !isApples(name))
  const apple = others.length < names.length ? ['xcode-select --install'] : []
  if (others.length === 0) return apple.join('')
  if (manager === undefined) {
    const packages = `the package${others.length === 1 ? '' : 's'} ${others.join(', ')} of your system`
    return [...apple, packages].join(' and ')
  }
  const wanted = others.map(name => packages[name]?.[manager] ?? name)
  return [...apple, `${commands[manager]} ${[...new Set(wanted)].join(' ')}`].join(' and ')
}

/** What Apple's command line tools have; Homebrew's compiler has another name there (g++-15). */
const apples = ['c++', 'make', 'git']

const listing = new Intl.ListFormat('en-GB')

function toolText({ name, or = [] }: ToolNeed): string {
  return [name, ...or].join(' or ')
}

function block(text: string): string {
  return text === '' ? '' : `\n${text.replaceAll(/^/gm, '    ')}`
}
