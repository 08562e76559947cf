import { exit } from '../../../lib/exit.ts'
import type { Problem } from '../../../lib/problem.ts'
import type { LeftReason } from './scripts.ts'

/** Every sentence about a failure that `init` can print. */
export const initMessages = {
  noFolder: (path: string): Problem => ({
    code: 'no_folder',
    what: `there is no folder ${path}.`,
    todo: 'Name the folder of the project, or run this in it.',
    exit: exit.usage,
  }),
  exists: (path: string): Problem => ({
    code: 'stack_exists',
    what: `${path} is there already.`,
    todo: 'Look at what init would write with --print, replace it with --force, or write another file with --stack FILE.',
    exit: exit.failed,
  }),
  nothingFound: (folder: string): Problem => ({
    code: 'nothing_found',
    what:
      `nothing in ${folder} tells how it is started.\n` +
      '  Looked for: Procfile.dev, Procfile; scripts such as dev, start, serve, watch or dev:api in package.json, in those of\n' +
      '  its workspaces or of the folders below; manage.py, [project.scripts] in pyproject.toml, and main.py or app.py with\n' +
      '  FastAPI or Flask in the requirements.',
    todo: 'Write a stack.yaml by hand; docs/stack.md has every key, and three lines are enough.',
    exit: exit.failed,
  }),
  unreadable: (path: string, reason: string): Problem => ({
    code: 'unreadable',
    what: `${path} can't be read (${reason}).`,
    todo: 'Mend its permissions, then run this again.',
    exit: exit.failed,
  }),
  unwritable: (path: string, reason: string): Problem => ({
    code: 'unwritable',
    what: `${path} can't be written (${reason}).`,
    todo: 'Mend that, or name another file with --stack FILE.',
    exit: exit.failed,
  }),
  procfileBroken: (path: string, line: number, reason: 'form' | 'twice'): Problem => ({
    code: 'procfile_broken',
    what: `${path}:${line}: ${reason === 'form' ? 'this is not "name: command"' : 'this name stands here twice'}.`,
    todo: 'Mend that line, then run this again.',
    exit: exit.failed,
  }),
  packageBroken: (path: string, line: string, reason: string): Problem => ({
    code: 'package_broken',
    what: `${path}:${line}: this is not JSON: ${reason}.`,
    todo: 'Mend that line, then run this again.',
    exit: exit.failed,
  }),
  packageStrange: (path: string, line: number, key: string): Problem => ({
    code: 'package_strange',
    what: `${path}:${line}: ${key === '' ? 'this' : key} is not what npm expects there.`,
    todo: 'Mend that line, then run this again.',
    exit: exit.failed,
  }),
}

/** What `init` says when all went well. */
export const initNotices = {
  written: (file: string, names: readonly string[]): string =>
    `Wrote ${file}: ${names.length} ${names.length === 1 ? 'service' : 'services'} (${names.join(', ')}).\n` +
    `  → Read it, then start it: courante up${file === 'stack.yaml' ? '' : ` --stack ${file}`}\n`,
}

/** The comments in what `init` writes. */
export const comments = {
  head: (sources: readonly string[]): string[] => [
    `Written by courante init from ${sources.join(', ')}. Every key: docs/stack.md of Courante.`,
    'A run writes into var/ beside this file, and your own settings go into stack.local.yaml: keep both out of git.',
  ],
  line: (file: string, line: number): string => `${file}, line ${line}`,
  script: (file: string, script: string, command: string): string => `${file}, script ${script}: ${command}`,
  file: (file: string): string => file,
  portSaid: 'its command says so',
  portFixed: 'init chose it',
  portConfig: 'vite.config says so',
  portUsual: (tool: string): string => `where ${tool} listens unless it is told otherwise`,
  portForeman: 'as foreman counts: 5000, 5100, …; it gets it as PORT',
  portGiven: 'its command takes $PORT; any free number will do',
  envGiven: 'its program asks for a PORT; any free number will do',
  envForeman: 'as foreman gives it, whether it listens there or not',
  envOver: 'over the PORT in .env',
  portTaken: (port: number, other: string): string =>
    `it names port ${port} too, which is ${other}'s: no port here, and it counts as ready at once`,
  python: 'made and filled by up, with your consent',
  pythonNoFiles: 'pip takes no pyproject.toml here: install it yourself, with pip install . in the venv',
  procfileUnused: (file: string, by: string): string => `${file}, since ${by} is there`,
  procfileEnds: (file: string, name: string, command: string): string =>
    `${file}, ${name}: ${command} (prepares; run it yourself when it is time)`,
  procfileScript: (file: string, script: string): string => `${file}, ${script}: the Procfile starts it`,
  pythonLeft: (names: readonly string[]): string =>
    `pyproject.toml, ${names.join(', ')}: their names don't tell that they stay up`,
  left: (file: string, scripts: readonly string[], reason: LeftReason | 'workspaces'): string =>
    `${file}, ${scripts.join(', ')}: ${reasons[reason]}`,
}

const reasons: Readonly<Record<LeftReason | 'workspaces', string>> = {
  ends: 'prepares, builds or checks, and ends',
  other_way: 'another way to start what is started already',
  starts_others: 'starts others, which are services here',
  started_by_other: 'started by another script',
  unknown: 'the name does not tell that it stays up',
  workspaces: 'starts what the workspaces have',
}
