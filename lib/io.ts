import type { Readable, Writable } from 'node:stream'

/** What a program may touch of its process. Only mains build one, so that everything else can be tested without a process. */
export interface Io {
  readonly stdin: Readable & { readonly isTTY?: boolean | undefined }
  readonly stdout: Writable & { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined }
  readonly stderr: Writable & { readonly isTTY?: boolean | undefined }
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP; `reason` is that signal's name. */
  readonly signal: AbortSignal
  /** Aborted by the second signal: what still runs has a second to end, by force. */
  readonly insist: AbortSignal
  /** Goes on as another program in this very process; never returns. `file`: an absolute path. */
  readonly become: (file: string, args: readonly string[], env: Io['env']) => never
}

/** One program: arguments without node and file in, exit code out. */
export type Program = (argv: readonly string[], io: Io) => Promise<number>

/**
 * Runs a program with the real process. After the first signal the program has to end by itself; a second one, unless it
 * is the same key press delivered twice (npm passes on the Ctrl-C that the terminal already sent), ends it within a second.
 */
export async function runMain(program: Program): Promise<void> {
  const abort = new AbortController()
  const insist = new AbortController()
  let first = 0
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (first === 0) {
        first = Date.now()
        abort.abort(name)
      } else if (Date.now() - first > 300) {
        insist.abort(name)
        setTimeout(() => process.exit(exitCodeOf(name)), 1000).unref()
      }
    })
  }
  const io: Io = {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    signal: abort.signal,
    insist: insist.signal,
    become: (file, args, env) => {
      if (process.execve === undefined) throw new Error('this system can not replace a process')
      return process.execve(file, [...args], definedOnly(env))
    },
  }
  // A reader or a terminal that went away (`courante logs | head`, a closed window) ends the program as a signal would.
  const gone = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error
    abort.abort('SIGHUP')
  }
  process.stdout.on('error', gone)
  process.stderr.on('error', gone)
  process.exitCode = await program(process.argv.slice(2), io)
}

function definedOnly(env: Io['env']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}

/** The shell's convention: 128 + the signal's number. */
export function exitCodeOf(signal: string): number {
  return 128 + ({ SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal] ?? 0)
}
