import type { Io } from '../../lib/io.ts'
import { ProblemError } from '../../lib/problem.ts'
import { isTerminal } from '../is-terminal.ts'
import { messages } from '../messages.ts'
import type { Console } from './console.ts'

const kinds = ['builtin', 'tmux', 'plain'] as const

export type ConsoleKind = (typeof kinds)[number]

/** Each is loaded only when it is used. */
export const consoles: Readonly<Record<ConsoleKind, () => Promise<Console>>> = {
  builtin: async () => (await import('./builtin/console.ts')).builtinConsole,
  tmux: async () => (await import('./tmux/console.ts')).tmuxConsole,
  plain: async () => (await import('./plain/console.ts')).plainConsole,
}

/** What the user named; else the built-in one on a terminal, and plain lines for pipes and CI. */
export async function chooseConsole(named: string | undefined, io: Io): Promise<ConsoleKind> {
  const kind = kinds.find(each => each === named)
  if (named !== undefined && kind === undefined) {
    throw new ProblemError(messages.consoleUnavailable(named, 'there are builtin, tmux and plain'))
  }
  if (kind === 'plain') return 'plain'
  const hindrance = whyNoScreen(io) ?? (kind === 'tmux' ? await whyNoTmux() : undefined)
  if (hindrance === undefined) return kind ?? 'builtin'
  if (kind !== undefined) throw new ProblemError(messages.consoleUnavailable(kind, hindrance))
  return 'plain'
}

function whyNoScreen(io: Io): string | undefined {
  if (!isTerminal(io)) return 'this is no terminal'
  const term = io.env['TERM']
  if (term === undefined || term === 'dumb') return 'TERM does not name a terminal'
  return undefined
}

async function whyNoTmux(): Promise<string | undefined> {
  // Loaded here: it takes longer than everything else that a first frame needs.
  const { execa } = await import('execa')
  const { stdout, exitCode } = await execa('tmux', ['-V'], { reject: false })
  if (exitCode !== 0) return 'tmux is not installed'
  // 3.1 brought `split-window -l 50%`, 3.2 the pop-up of the keys.
  const version = /(\d+)\.(\d+)/.exec(stdout)
  const [major = 0, minor = 0] = (version ?? []).slice(1).map(Number)
  return major > 3 || (major === 3 && minor >= 2) ? undefined : `${stdout} is older than tmux 3.2`
}
