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
    todo: 'A tar, tar.gz, tar.bz2 or zip can be unpacked. One of these that fails is broken or was made to do harm: do not use it.',
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
    todo: /\bnpm\b/.test(from)
      ? "Check the network, the proxy and npm's registry (npm config get registry), then run the command again."
      : 'Check the network and the proxy (https_proxy), or name a mirror (--mirror), then run the command again.',
    exit: exit.failed,
  }),
  cutShort: (from: string, got: number, want: number): Problem => ({
    code: 'download_cut_short',
    what: `the download of ${from} ended early, after ${got} of ${want} bytes.`,
    todo: 'Run the command again: it goes on from what is here.',
    exit: exit.failed,
  }),
  stalled: (from: string): Problem => ({
    code: 'download_stalled',
    what: `the download of ${from} stood still for too long.`,
    todo: 'Check the network and run the command again: it goes on from what is here.',
    exit: exit.failed,
  }),
  noSpace: (folder: string): Problem => ({
    code: 'no_space',
    what: `no space is left on the disk of ${folder}.`,
    todo: 'Make room there and run the command again: a download goes on from what is here.',
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
    what: `stopped while fetching ${id}; what has come is kept.`,
    todo: 'Run the same command again: it goes on from there.',
    exit: exitCodeOf(signal),
  }),
  tooLittleSpace: (folder: string, need: number, free: number): Problem => ({
    code: 'no_space',
    what: `the disk of ${folder} has ${size(free)} free, and ${size(need)} are needed with a margin; nothing was begun.`,
    todo: 'Make room there, or set COURANTE_MODELS to a folder on another disk.',
    exit: exit.failed,
  }),
  sizeDiffers: (from: string, want: number, got: number): Problem => ({
    code: 'size_differs',
    what: `${from} has ${got} bytes there, and ${want} were agreed; nothing of it was downloaded.`,
    todo: 'The file has changed, or the entry in the catalog or the stack is wrong: correct its `bytes` and its hash.',
    exit: exit.failed,
  }),
  gated: (from: string, status: number): Problem => ({
    code: 'needs_token',
    what: `Hugging Face does not give ${from} to everybody (${status}).`,
    todo: "Accept the licence on the model's page there, make a token at https://huggingface.co/settings/tokens, set HF_TOKEN to it and run the command again.",
    exit: exit.failed,
  }),
  redirects: (from: string, fault: string): Problem => ({
    code: 'bad_redirect',
    what: `${from} redirects ${fault}.`,
    todo: 'The server or the address is wrong: check the address in the stack, the proxy and the mirror.',
    exit: exit.failed,
  }),
  busyServer: (from: string, status: number): Problem => ({
    code: 'server_busy',
    what: `${from} does not answer for now (${status}), after several attempts.`,
    todo: 'Run the command again later: it goes on from what is here.',
    exit: exit.failed,
  }),
  changedSince: (address: string, id: string, want: string, got: string): Problem => ({
    code: 'integrity_mismatch',
    what: `the file at ${address} has changed since it was first downloaded: it was ${want} and is ${got} now; nothing was kept.`,
    todo: `If you trust the new one, run courante models rm ${id} and then the command again.`,
    exit: exit.failed,
  }),
  noSourceFile: (id: string, path: string): Problem => ({
    code: 'not_found',
    what: `${id} comes from ${path}, and there is no such file.`,
    todo: 'Put it there, or correct `file` in the stack.',
    exit: exit.failed,
  }),
  offline: (host: string): Problem => ({
    code: 'offline',
    what: `${host} was not asked, because OFFLINE is set (or --offline given).`,
    todo: 'Run the command without it, or use what is here.',
    exit: exit.failed,
  }),
  brokenLock: (path: string, fault: string): Problem => ({
    code: 'bad_lock_file',
    what: `${path} can't be read (${fault}), so nobody can tell whether this file is what it was the first time; nothing was downloaded.`,
    todo: `Mend it or get it back. Without it, each file is taken as it comes: mv ${path} ${path}.broken`,
    exit: exit.failed,
  }),
  takenByAnother: (id: string): Problem => ({
    code: 'taken_by_another',
    what: `another process, perhaps in another container, took over the download of ${id}, and ${id} is not there yet.`,
    todo: 'Wait until it has ended and run the command again; let only one of them download at a time.',
    exit: exit.failed,
  }),
  badProxy: (name: string): Problem => ({
    code: 'bad_proxy',
    what: `${name} names no proxy that speaks http or https.`,
    todo: 'Set it to HOST:PORT or to a URL, such as http://proxy.example.com:3128.',
    exit: exit.usage,
  }),
  badMirror: (name: string): Problem => ({
    code: 'bad_mirror',
    what: `${name} names no http or https address.`,
    todo: `Set it to a URL, such as https://mirror.example.com; COURANTE_MIRROR may also hold HOST=URL pairs with commas.`,
    exit: exit.usage,
  }),
}

/** What is said while a download goes on. */
export const downloadNotices = {
  waiting: (what: string): string => `another courante is downloading ${what}: waiting for it`,
  startsOver: (what: string): string => `${what} has changed there, or can't be resumed: starting over`,
  pause: (what: string, seconds: number): string => `${what} asks to wait: going on in ${seconds} s`,
  damagedPieces: (what: string, bytes: number): string =>
    `${size(bytes)} of ${what} were damaged on this disk: fetching them again`,
}

function size(bytes: number): string {
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`
}

/** What is wrong with an archive, as a part of a sentence. Names in it are somebody else's text. */
export const archiveFaults = {
  otherKind: (kind: string): string =>
    kind === 'unknown' ? 'its first bytes are of no kind that is known' : `it is packed with ${kind}`,
  noTar: (): string => 'it holds no tar',
  truncated: (): string => 'it is cut off',
  badBzip2: (detail: string): string => `not a valid bzip2 file: ${detail}`,
  link: (name: string): string => `${shown(name)} is a link`,
  folder: (name: string): string => `${shown(name)} is a folder, and a file is expected there`,
  other: (name: string): string => `${shown(name)} is no plain file`,
  noFolder: (name: string): string => `${shown(name)} is no folder, and one is expected there`,
  badName: (name: string): string => `the name ${shown(name)} leads elsewhere`,
  twice: (name: string): string => `${shown(name)} is in it twice`,
  tooMany: (most: number): string => `it has more than ${most} entries`,
  tooMuch: (most: number): string => `it unpacks to more than ${size(most)}, which its size does not explain`,
  otherSize: (name: string, bytes: number): string =>
    `${shown(name)} does not have the ${bytes} bytes that it states`,
  overlap: (name: string): string => `${shown(name)} shares its bytes with another entry`,
  encrypted: (name: string): string => `${shown(name)} is encrypted`,
  twoStories: (name: string): string =>
    `its directory and its content tell different things of ${shown(name)}`,
  badSum: (name: string): string => `the checksum of ${shown(name)} is wrong`,
}

/** On one line and without anything that a terminal would obey. */
function shown(name: string): string {
  const text = JSON.stringify(name.slice(0, 80)).replaceAll(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e]/g, '?')
  return name.length > 80 ? `${text.slice(0, -1)}…"` : text
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
  noSuchChoice: (id: string): string =>
    `the stack's language_model is "${id}", and there is no such language model; choose another one: courante setup`,
  unknownPin: (path: string, id: string): string => `${path}: "${id}" is pinned, and there is no such model`,
  unreadable: (path: string, code: string): string => `${path} can't be read (${code})`,
}
