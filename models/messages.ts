import { exit } from '../lib/exit.ts'
import { exitCodeOf } from '../lib/io.ts'
import type { Problem } from '../lib/problem.ts'

/** Everything that this folder says to people about something that went wrong. */
export const messages = {
  badCatalog: (path: string, line: number, column: number, fault: string): Problem => ({
    code: 'bad_catalog',
    what: `${path}:${line}:${column}: ${fault}`,
    todo: 'Correct that line, or get the file back with git checkout.',
    exit: exit.usage,
  }),
  integrityMismatch: (file: string, want: string, got: string): Problem => ({
    code: 'integrity_mismatch',
    what: `${file} is not the file that it should be: expected ${want}, got ${got}; nothing was kept.`,
    todo: 'The catalog or the file is wrong: try again, and if it stays so, report it; do not use the file.',
    exit: exit.failed,
  }),
  notInPackage: (id: string, entry: string, from: string): Problem => ({
    code: 'integrity_mismatch',
    what: `${from} holds no file ${entry}, which ${id} needs; nothing was kept.`,
    todo: 'The entry in the catalog or the stack is wrong: correct its `entry`.',
    exit: exit.failed,
  }),
  badArchive: (from: string, fault: string): Problem => ({
    code: 'bad_archive',
    what: `${from} is not an archive that can be unpacked (${fault}); nothing was kept.`,
    todo: 'Only .tar.gz and .tgz archives can be unpacked.',
    exit: exit.failed,
  }),
  noNpm: (): Problem => ({
    code: 'no_npm',
    what: 'npm was not found, which says where packages come from.',
    todo: 'Install npm (it comes with Node) and run the command again.',
    exit: exit.failed,
  }),
  notFound: (from: string): Problem => ({
    code: 'not_found',
    what: `${from} is not there (404).`,
    todo: "Check npm's registry (npm config get registry) or the address in the stack.",
    exit: exit.failed,
  }),
  refused: (from: string, status: string): Problem => ({
    code: 'download_refused',
    what: `the server refused ${from} (${status}).`,
    todo: 'Check that you may read from there (npm login, a proxy), then run the command again.',
    exit: exit.failed,
  }),
  unreachable: (from: string, fault: string): Problem => ({
    code: 'unreachable',
    what: `${from} can't be reached (${fault}).`,
    todo: "Check the network, the proxy and npm's registry (npm config get registry), then run the command again.",
    exit: exit.failed,
  }),
  cutShort: (from: string, got: number, want: number): Problem => ({
    code: 'download_cut_short',
    what: `the download of ${from} ended early, after ${got} of ${want} bytes; nothing was kept.`,
    todo: 'Run the command again.',
    exit: exit.failed,
  }),
  stalled: (from: string): Problem => ({
    code: 'download_stalled',
    what: `the download of ${from} stood still for too long; nothing was kept.`,
    todo: 'Check the network and run the command again.',
    exit: exit.failed,
  }),
  noSpace: (folder: string): Problem => ({
    code: 'no_space',
    what: `no space is left on the disk of ${folder}; nothing was kept.`,
    todo: 'Make room there and run the command again.',
    exit: exit.failed,
  }),
  notWritable: (folder: string, fault: string): Problem => ({
    code: 'not_writable',
    what: `${folder} can't be written (${fault}).`,
    todo: 'Give yourself the right to write there, or name another folder for the models.',
    exit: exit.failed,
  }),
  interrupted: (id: string, signal: string): Problem => ({
    code: 'interrupted',
    what: `stopped while fetching ${id}; nothing of it was kept.`,
    exit: exitCodeOf(signal),
  }),
}
