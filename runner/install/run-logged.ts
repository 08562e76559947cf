import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { finished } from 'node:stream/promises'
import type { Io } from '../../lib/io.ts'

export type RunResult =
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly output: string }
  | { readonly type: 'aborted' }

/**
 * Runs a program with its output appended to a log file. It has its own process group, so that an abort also ends what it
 * has started (pip builds packages in children).
 */
export async function runLogged(
  file: string,
  args: readonly string[],
  options: {
    readonly cwd: string
    readonly env: Io['env']
    readonly log: string
    readonly signal: AbortSignal
  },
): Promise<RunResult> {
  await mkdir(dirname(options.log), { recursive: true })
  const log = createWriteStream(options.log, { flags: 'a' })
  log.write(`$ ${[file, ...args].join(' ')}\n`)
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log.write(text)
      output = (output + text).slice(-20_000)
    })
  }
  const kill = () => killGroup(child.pid)
  options.signal.addEventListener('abort', kill)
  if (options.signal.aborted) kill()
  try {
    const [code] = (await once(child, 'close')) as [number | null]
    if (options.signal.aborted) return { type: 'aborted' }
    return code === 0 ? { type: 'done' } : { type: 'failed', output }
  } catch (error) {
    // `close` does not come if the program could not be started at all.
    return { type: 'failed', output: (error as Error).message }
  } finally {
    options.signal.removeEventListener('abort', kill)
    log.end()
    await finished(log)
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
