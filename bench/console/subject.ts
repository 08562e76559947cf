/** The three programs that every subject runs; the first one does the work, and is restarted and killed. */
export const childNames = ['flood', 'quiet', 'still'] as const
export type ChildName = (typeof childNames)[number]

/** A folder made for one run of one subject, and what it is to run there. */
export interface Site {
  readonly folder: string
  /** Program and arguments of each child. */
  readonly commands: Readonly<Record<ChildName, readonly string[]>>
}

export interface Launch {
  readonly file: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

export interface OwnProcess {
  readonly pid: number
  readonly parent: number
  readonly command: string
}

/** Something that runs three programs and shows what they print: ours, a peer, or nothing at all (the bare pty). */
export interface Subject {
  readonly name: string
  /** How it is run, for the table's notes. */
  readonly how: string
  /** Only scrolling text, no cursor movements: then the last 64 KB tell what the screen shows. */
  readonly scrolls: boolean
  /** What makes its first frame, on the screen. */
  readonly frame: RegExp
  /** It shows one child at a time, and which comes first is chance: then that one does the work. */
  readonly showsOne?: boolean
  readonly keys: { readonly restart?: string; readonly quit?: string }
  /** Version in words; throws with the reason if it can't run here. */
  version(): Promise<string>
  /** Writes what it needs into the folder. */
  prepare(site: Site): Promise<Launch>
  /** The process that holds the children, the one to `kill -9`, where it is not the first one, `root`. */
  main?(own: readonly OwnProcess[], root: number): number | undefined
  /** Which of its processes are tools that it runs the children with (npm), and not itself. */
  isRunner?(command: string): boolean
}
