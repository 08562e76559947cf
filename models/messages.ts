import { exit } from '../lib/exit.ts'
import { exitCodeOf } from '../lib/io.ts'
import type { Problem } from '../lib/problem.ts'
import type { YamlFault } from './yaml-file.ts'

/** Everything that this folder says to people about something that went wrong. */
export const messages = {
  badCatalog: (path: string, line: number, column: number, fault: string): Problem => ({
    code: 'bad_catalog',
    what: `${path}:${line}:${column}: ${fault}`,
    todo: 'Correct that line, or get the file back with git checkout.',
    exit: exit.usage,
  }),
  badModelsFile: (path: string, faults: readonly YamlFault[]): Problem => ({
    code: 'bad_models_file',
    what: faults.map(fault => faultLine(path, fault)).join('\n'),
    todo: 'Correct it; docs/models.md describes every key. Until then, nothing is changed in it.',
    exit: exit.usage,
  }),
  shippedDamaged: (id: string, folder: string): Problem => ({
    code: 'shipped_damaged',
    what: `${id} comes with Courante, and its files in ${folder} are missing or changed.`,
    todo: `Get them back: git checkout -- ${folder}`,
    exit: exit.failed,
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

export function faultLine(path: string, { line, column, fault }: YamlFault): string {
  return `${path}:${line}:${column}: ${fault}`
}

/** What is wrong with models.yaml although each entry of it is right. */
export const modelsFileFaults = {
  taken: (path: string, id: string): string =>
    `${path}: "${id}" is the id of a model of the catalog, so yours is passed over; give it another id`,
  unknownDefault: (path: string, kind: string, id: string): string =>
    `${path}: the default for ${kind} is "${id}", and there is no such model`,
  otherKind: (path: string, kind: string, id: string, its: string): string =>
    `${path}: the default for ${kind} is "${id}", which is a model of the kind ${its}`,
  unknownPin: (path: string, id: string): string => `${path}: "${id}" is pinned, and there is no such model`,
  unreadable: (path: string, code: string): string => `${path} can't be read (${code})`,
}
