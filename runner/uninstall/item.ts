/** In the order in which they are removed: what the program itself runs from goes last. */
export const groups = [
  'partials',
  'models',
  'logs',
  'own',
  'sockets',
  'run',
  'venv',
  'built',
  'gpu',
  'packages',
  'runtime',
] as const
export type Group = (typeof groups)[number]

/** Something that uninstall removes. */
export interface Item {
  readonly group: Group
  /** Absolute: a file, a link (then only the link goes), or a folder. */
  readonly path: string
  /** Only these files of the folder (absolute), then each folder on the way that is empty by then. */
  readonly only?: readonly string[]
  /** The file of the tree that goes last: who was killed before knows by it that the rest is Courante's. */
  readonly last?: string
}

/** Something that stays, and why. */
export interface Kept {
  readonly path: string
  /** `own` goes with `--purge`; nothing else here ever goes. */
  readonly why: KeptReason
}

export type KeptReason =
  | 'own'
  | 'jobs'
  | 'unknown'
  | 'foreign_venv'
  | 'link_target'
  | 'shared_home'
  | 'not_ours'

export interface Size {
  readonly files: number
  /** What it takes of the disk, each inode once. */
  readonly bytes: number
}

export interface Survey {
  readonly items: readonly Item[]
  readonly kept: readonly Kept[]
}
