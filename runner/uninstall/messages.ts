import { exit } from '../../lib/exit.ts'
import { exitCodeOf } from '../../lib/io.ts'
import type { Problem } from '../../lib/problem.ts'
import type { Group, KeptReason } from './item.ts'

/** Every sentence about a failure of `courante uninstall`. */
export const problems = {
  running: (home: string, pid: number | undefined): Problem => ({
    code: 'running',
    what: `the stack of ${home} is running${pid === undefined ? '' : ` (supervisor ${pid})`}.`,
    todo: 'Stop it first: courante down',
    exit: exit.failed,
  }),
  runsFromHere: (root: string, pid: number): Problem => ({
    code: 'running',
    what: `another stack runs on the program in ${root} (supervisor ${pid}).`,
    todo: 'Stop it first, with courante down in its folder.',
    exit: exit.failed,
  }),
  downloads: (pid: number): Problem => ({
    code: 'running',
    what: `a download is going on (pid ${pid}).`,
    todo: 'Wait for its end, or end it with Ctrl-C where it runs.',
    exit: exit.failed,
  }),
  noPackages: (root: string): Problem => ({
    code: 'no_packages',
    what: `the stack file can't be read, since packages are missing in ${root}.`,
    todo: 'Install them with npm run up in that folder, or remove by hand what docs/install.md lists.',
    exit: exit.notRunning,
  }),
  gitFailed: (folder: string, why: string): Problem => ({
    code: 'git_failed',
    what: `git can't say which files of ${folder} are the project's own (${why}). Nothing was removed.`,
    todo: `Mend what it says: git -C '${folder}' status`,
    exit: exit.failed,
  }),
  cannotAsk: (): Problem => ({
    code: 'cannot_ask',
    what: 'nobody can be asked here: this is no terminal. Nothing was removed.',
    todo: 'Agree to the list with --yes.',
    exit: exit.usage,
  }),
  declined: (): Problem => ({
    code: 'declined',
    what: 'nothing was removed.',
    exit: exit.declined,
  }),
  interrupted: (signal: string): Problem => ({
    code: 'interrupted',
    what: 'stopped in between; some of it is removed.',
    todo: 'The same command goes on with the rest.',
    exit: exitCodeOf(signal),
  }),
  notRemoved: (left: readonly { path: string; reason: string }[]): Problem => ({
    code: 'not_removed',
    what: [
      `${counted(left.length, 'path')} could not be removed:`,
      ...left.slice(0, 20).map(({ path, reason }) => `    ${path} (${why[reason] ?? reason})`),
      ...(left.length > 20 ? [`    and ${left.length - 20} more`] : []),
    ].join('\n'),
    todo: 'Mend their permissions or unmount what is there, then run the same command again.',
    exit: exit.failed,
  }),
}

const why: Readonly<Record<string, string>> = {
  EACCES: 'no permission',
  EPERM: 'not allowed',
  EROFS: 'the disk is read-only',
  EBUSY: 'in use',
  other_disk: 'something is mounted there',
  ENOTEMPTY: 'something came into it meanwhile',
}

export const words = {
  titles: {
    partials: 'Downloads that are not whole',
    models: 'Model files',
    logs: 'Logs, queues',
    own: 'Your own: rooms, transcripts, settings, files',
    sockets: 'Sockets of runs',
    run: 'State of runs',
    venv: 'Python venv',
    built: 'Built files',
    gpu: 'GPU runtimes',
    packages: 'Packages',
    runtime: 'Private Node, caches',
  } satisfies Record<Group, string>,
  kept: {
    own: 'yours',
    jobs: 'jobs wait in it, or answers for you',
    unknown: 'not written by Courante',
    foreign_venv: 'no venv of ours',
    link_target: 'a link led there',
    shared_home: 'no run is known to have written it, or other things live in it',
    not_ours: 'no model of ours',
  } satisfies Record<KeptReason, string>,
  toRemove: (dir: string): string => `To remove, of ${dir}:`,
  outside: 'outside this folder; others may use it',
  nothing: (dir: string): string => `There is nothing of Courante's to remove in ${dir}.\n`,
  all: (size: string, files: number): string => `All of it: ${size} in ${counted(files, 'file')}.`,
  keptTitle: 'What stays:',
  purgeHint: 'What is yours goes only with --purge.',
  caches: 'The download caches of npm and pip are theirs: npm cache clean --force, pip cache purge.',
  ask: 'Remove this? [y/N] ',
  removed: (size: string, files: number): string => `Removed ${size} in ${counted(files, 'file')}.\n`,
  cloneLeft: (root: string): string => `What is left is the clone itself: ${root}\n`,
  packageLeft: 'The program itself goes with: npm uninstall courante\n',
  counted,
}

function counted(count: number, thing: string): string {
  return `${count.toLocaleString('en')} ${thing}${count === 1 ? '' : 's'}`
}
