import { exit } from '../../lib/exit.ts'
import { exitCodeOf } from '../../lib/io.ts'
import type { Problem } from '../../lib/problem.ts'
import type { ToolNeed } from './environment.ts'
import type { PackageManager } from './look.ts'
import type { Tried } from './python.ts'

/** Every sentence about a failure of the installer. */
export const messages = {
  noPython: (range: string, tried: readonly Tried[], manager: PackageManager | undefined): Problem => {
    const onlyVenvIsMissing = tried.find(one => one.reason === 'no_ensurepip')
    return {
      code: 'no_python',
      what: [`no Python ${range} was found that can make a venv. Tried:`, ...tried.map(triedLine)].join('\n'),
      todo:
        onlyVenvIsMissing === undefined
          ? `Install one (${install(manager, 'python')}, or pyenv install 3.12), then run the command again.`
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
  pipFailed: (log: string, lastLines: string): Problem => ({
    code: 'pip_failed',
    what: `pip could not install the Python packages.${block(lastLines)}`,
    todo: `The whole output is in ${log}; what pip had installed before stays, and the next run goes on from there.`,
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
    what: `${tool.name} is not installed (${tool.why}).`,
    todo: `Install it: ${install(manager, tool.name)}`,
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
  interruptedQuestion: (signal: string): Problem => ({
    code: 'interrupted',
    what: 'stopped before anything was installed.',
    exit: exitCodeOf(signal),
  }),
}

/** Lines that are told and then passed over. */
export const notices = {
  toolMissing: (tool: ToolNeed, manager: PackageManager | undefined): string =>
    `${tool.name} is not installed (${tool.why}). To have it: ${install(manager, tool.name)}`,
  pythonLeftOut: (problem: Problem): string =>
    `Python is left out, which this stack can do without: ${problem.what}${problem.todo === undefined ? '' : `\n  → ${problem.todo}`}`,
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

/** Where a program's package is called otherwise. */
const packages: Record<string, Partial<Record<PackageManager, string>>> = {
  arecord: {
    apt: 'alsa-utils',
    dnf: 'alsa-utils',
    pacman: 'alsa-utils',
    zypper: 'alsa-utils',
    apk: 'alsa-utils',
  },
  python: {
    apt: 'python3 python3-venv',
    dnf: 'python3',
    zypper: 'python3',
    apk: 'python3',
    brew: 'python@3.12',
  },
}

function install(manager: PackageManager | undefined, name: string): string {
  if (manager === undefined) return `the package ${name} of your system`
  return `${commands[manager]} ${packages[name]?.[manager] ?? name}`
}

function block(text: string): string {
  return text === '' ? '' : `\n${text.replaceAll(/^/gm, '    ')}`
}
