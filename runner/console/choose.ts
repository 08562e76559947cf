import { execa } from 'execa'
import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { messages } from '../messages.ts'
import type { Console } from './console.ts'

export type ConsoleKind = 'tmux' | 'plain'

/** Each is loaded only when it is used. */
export const consoles: Readonly<Record<ConsoleKind, () => Promise<Console>>> = {
  tmux: async () => (await import('./tmux/console.ts')).tmuxConsole,
  plain: async () => (await import('./plain/console.ts')).plainConsole,
}

/** tmux where it is installed and a terminal is there, plain lines otherwise, or what the user named. */
export async function chooseConsole(named: string | undefined, io: Io): Promise<ConsoleKind> {
  if (named === 'plain') return 'plain'
  if (named !== undefined && named !== 'tmux') {
    throw new ProblemError(messages.consoleUnavailable(named, 'there are tmux and plain'))
  }
  const hindrance = await whyNoTmux(io)
  if (hindrance === undefined) return 'tmux'
  if (named === 'tmux') throw new ProblemError(messages.consoleUnavailable('tmux', hindrance))
  return 'plain'
}

async function whyNoTmux(io: Io): Promise<string | undefined> {
  if (io.stdin.isTTY !== true || io.stdout.isTTY !== true) return 'this is no terminal'
  if (io.env['TERM'] === undefined || io.env['TERM'] === 'dumb') return 'TERM does not name a terminal'
  const { stdout, exitCode } = await execa('tmux', ['-V'], { reject: false })
  if (exitCode !== 0) return 'tmux is not installed'
  // 3.1 brought `split-window -l 50%`, 3.2 the pop-up of the keys.
  const version = /(\d+)\.(\d+)/.exec(stdout)
  const [major = 0, minor = 0] = (version ?? []).slice(1).map(Number)
  return major > 3 || (major === 3 && minor >= 2) ? undefined : `${stdout} is older than tmux 3.2`
}
