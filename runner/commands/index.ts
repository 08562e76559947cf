import type { Program } from '../../lib/io.ts'

export interface Command {
  readonly usage: string
  readonly summary: string
  /** Loaded when it is called: a command pays only for what it needs. */
  readonly load: () => Promise<{ run: Program }>
}

const where = '[--stack FILE] [--home DIR]'

/** The runner's commands; those of scripts/ tell their own usage in their first line. */
export const commands: Readonly<Record<string, Command>> = {
  up: {
    usage: `up [--yes | --no] [--console tmux|plain] ${where}`,
    summary: 'install what is missing, start everything, open the console; attach if it runs already',
    load: () => import('./up.ts'),
  },
  down: {
    usage: `down ${where}`,
    summary: 'stop everything, in reverse order',
    load: () => import('./down.ts'),
  },
  status: {
    usage: `status [--json] ${where}`,
    summary: 'the services, their state, process, uptime and restarts',
    load: () => import('./status.ts'),
  },
  logs: {
    usage: `logs [-f] [-n LINES] [SERVICE…] ${where}`,
    summary: 'what the services printed; -f follows',
    load: () => import('./logs.ts'),
  },
  restart: {
    usage: `restart [SERVICE…] ${where}`,
    summary: 'restart services; without a name, those that the R key restarts',
    load: () => import('./restart.ts'),
  },
  completion: {
    usage: 'completion bash|zsh',
    summary: 'print the completion for your shell; the first lines say how to use it',
    load: () => import('./completion.ts'),
  },
  help: { usage: 'help', summary: 'all commands', load: () => import('./help.ts') },
  version: { usage: 'version', summary: 'the version', load: () => import('./version.ts') },
}
