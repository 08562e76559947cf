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
    usage: `up [--yes | --no | --only ID,…] [--offline] [--mirror URL] [--console builtin|tmux|plain] [--profile NAME]… [--prod] [--exit-on SERVICE] [--listen HOST[:PORT]] [-d] ${where}`,
    summary: 'install what is missing, start everything, open the console; attach if it runs already',
    load: () => import('./up.ts'),
  },
  attach: {
    usage: `attach [--console builtin|tmux|plain] ${where}`,
    summary: 'open one more console on what runs',
    load: () => import('./attach.ts'),
  },
  down: {
    usage: `down [--json] ${where}`,
    summary: 'stop everything, in reverse order',
    load: () => import('./down.ts'),
  },
  status: {
    usage: `status [--json] ${where}`,
    summary: 'the services, their state, process, uptime and restarts',
    load: () => import('./status.ts'),
  },
  logs: {
    usage: `logs [-f] [-n LINES] [--since TIME] [--until TIME] [--grep REGEX] [--level LEVEL] [--timestamps] [--json] [SERVICE…] ${where}`,
    summary: 'what the services printed; -f follows',
    load: () => import('./logs.ts'),
  },
  restart: {
    usage: `restart [--json] [SERVICE…] ${where}`,
    summary: 'restart services; without a name, those that the R key restarts',
    load: () => import('./restart.ts'),
  },
  start: {
    usage: `start [--json] SERVICE… ${where}`,
    summary: 'start services, and first what they depend on',
    load: () => import('./start.ts'),
  },
  stop: {
    usage: `stop [--json] SERVICE… ${where}`,
    summary: 'stop services, and first what depends on them',
    load: () => import('./stop.ts'),
  },
  events: {
    usage: `events [--json] ${where}`,
    summary: 'what happens, as it happens, until the run ends',
    load: () => import('./events.ts'),
  },
  portal: {
    usage: `portal ls|show|submit|wait|retry|cancel|share|gc|top [WORD…] [--json] ${where}`,
    summary: 'the queues of requests: list, submit, wait, retry, cancel; alone it tells how',
    load: () => import('./portal.ts'),
  },
  models: {
    usage: `models [ls|ps|show|load|unload|pin|unpin|default|pull|add|rm] [WORD…] [--json] ${where}`,
    summary: 'the models: list, download, add, load, choose; alone, a menu',
    load: () => import('./models.ts'),
  },
  setup: {
    usage: `setup [--model ID|FILE|URL] [--name NAME-THERE] [--key-env VARIABLE] [--mirror URL] [--offline] [--yes] [--json] ${where}`,
    summary: 'choose the language model for this machine, anew',
    load: () => import('./setup.ts'),
  },
  check: {
    usage: `check ${where}`,
    summary: 'whether the stack file is right',
    load: () => import('./check.ts'),
  },
  doctor: {
    usage: `doctor [--fast] [--deep] [--json] ${where}`,
    summary: 'check everything: what is wrong, and how to mend it',
    load: () => import('./doctor.ts'),
  },
  uninstall: {
    usage: `uninstall [--purge] [--yes] [--dry-run] [--json] ${where}`,
    summary: 'list and remove what was installed and written; your own things only with --purge',
    load: () => import('./uninstall.ts'),
  },
  init: {
    usage: 'init [FOLDER] [--stack FILE] [--force] [--print]',
    summary: "write a project's stack.yaml from its package.json, Procfile and Python files",
    load: () => import('./init.ts'),
  },
  completion: {
    usage: 'completion bash|zsh',
    summary: 'print the completion for your shell; the first lines say how to use it',
    load: () => import('./completion.ts'),
  },
  help: { usage: 'help', summary: 'all commands', load: () => import('./help.ts') },
  version: { usage: 'version', summary: 'the version', load: () => import('./version.ts') },
}
