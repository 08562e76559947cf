import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { finished } from 'node:stream/promises'
import { Guard } from '../../lib/guard.ts'
import type { Io } from '../../lib/io.ts'

export type RunResult =
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly output: string }
  | { readonly type: 'aborted' }

/** For who is asked to end: pip needs a moment to take back what it has begun. */
const graceMs = 3000

/**
 * Runs a program with its output appended to a log file. It has its own process group, so that an abort also ends what it
 * has started (pip builds packages in children), and a guard that ends it when we are killed: the next run must not find it
 * still at work. Throws if the log can't be opened.
 */
export async function runLogged(
  file: string,
  args: readonly string[],
  options: {
    readonly cwd: string
    readonly env: Io['env']
    readonly log: string
    readonly signal: AbortSignal
    /** What it prints, as it comes. */
    readonly onOutput?: (text: string) => void
  },
): Promise<RunResult> {
  // What is printed there is nobody else's business, also where the folder was there before, open to others.
  await makeFolder(dirname(options.log), 0o700)
  const log = (await open(options.log, 'a', 0o600)).createWriteStream()
  // A disk that gets full meanwhile ends the log, not the installation: that one notices by itself.
  const logEnds = finished(log).catch(() => {})
  log.write(`$ ${[file, ...args].join(' ')}\n`)
  const [markName, id] = ['COURANTE_INSTALL', randomUUID()]
  // Where there is no sh, it goes without.
  const guard = new Guard({ mark: `${markName}=${id}`, path: options.env['PATH'] ?? '' }, () => {})
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: { ...options.env, [markName]: id },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  if (child.pid !== undefined) guard.add(child.pid)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      if (!log.destroyed) log.write(text)
      output = (output + text).slice(-20_000)
      options.onOutput?.(text)
    })
  }
  let impatient: NodeJS.Timeout | undefined
  const stop = () => {
    signalGroup(child.pid, 'SIGINT')
    impatient = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), graceMs)
  }
  options.signal.addEventListener('abort', stop)
  if (options.signal.aborted) stop()
  try {
    const [code] = (await once(child, 'close')) as [number | null]
    if (options.signal.aborted) return { type: 'aborted' }
    return code === 0 ? { type: 'done' } : { type: 'failed', output }
  } catch (error) {
    // `close` does not come if the program could not be started at all.
    return { type: 'failed', output: (error as Error).message }
  } finally {
    clearTimeout(impatient)
    options.signal.removeEventListener('abort', stop)
    // What ignored the first signal outlives the program that it belongs to.
    if (options.signal.aborted) signalGroup(child.pid, 'SIGKILL')
    log.end()
    await Promise.all([logEnds, guard.end()])
  }
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Node's own recursive mkdir says ENOENT where a disk can only be read. */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  if (existsSync(path)) return
  await makeFolder(dirname(path))
  await mkdir(path, { mode })
}
