import { dirname } from 'node:path'
import { quote } from './quote.ts'

/**
 * Our tmux configuration, for a server of our own (own socket, own file): the user's server and settings stay untouched.
 * Single keys without a prefix are a key table of our own. Q, R and P go through a FIFO to the supervisor, since
 * starting a Node for each key would cost 100 ms.
 */
export function tmuxConfig(options: {
  readonly keys: string
  readonly address: string | undefined
  /** The services that R restarts. */
  readonly restarts: readonly string[]
}): string {
  const keys = quote(options.keys)
  // The first keys may come before the supervisor has its pipe; a `>` alone would make a file in its place.
  const over = `[ ! -d ${quote(dirname(options.keys))} ] || [ $n = 100 ]`
  const wait = `n=0; until [ -p ${keys} ] || ${over}; do n=$((n + 1)); sleep 0.05; done`
  const press = (key: string): string =>
    `run-shell -b ${quote(`${wait}; [ ! -p ${keys} ] || printf ${key} > ${keys}`)}`
  const popUp = `display-popup -E -w 62 -h 16 ${quote(helpCommand(options.restarts))}`
  const both = (key: string, command: string): string[] =>
    [key.toLowerCase(), key.toUpperCase()].map(each => `bind -T courante ${each} ${command}`)
  return [
    'set -g prefix None',
    'set -g key-table courante',
    'set -g escape-time 0',
    'set -g history-limit 10000',
    'set -g default-terminal screen-256color',
    "set -ga terminal-overrides ',*256col*:Tc,*truecolor*:Tc'",
    'set -g remain-on-exit on',
    'set -g mode-keys vi',
    'set -g mouse on',
    'set -g set-clipboard on',
    'set -g focus-events off',
    'set -g message-style reverse',
    'set -g pane-border-status top',
    "set -g pane-border-format '#{?pane_active,#[fg=default],} #{@label} '",
    'set -g pane-border-style fg=colour244',
    'set -g pane-active-border-style fg=colour39',
    'set -g status on',
    'set -g status-interval 0',
    'set -g status-style default',
    'set -g status-left-length 60',
    'set -g status-right-length 200',
    "set -g status-left ' #[bold]Q#[default] quit  #[bold]R#[default] restart  #[bold]P#[default] pull  #[bold]?#[default] keys '",
    `set -g status-right ${quote(options.address === undefined ? '' : `${options.address} `)}`,
    "set -g window-status-format ''",
    "set -g window-status-current-format ''",
    ...both('q', press('q')),
    `bind -T courante C-c ${press('c')}`,
    ...both('r', press('r')),
    ...both('p', press('p')),
    ...both('z', 'resize-pane -Z'),
    ...both('c', 'copy-mode'),
    ...scrolled.flatMap(key => [`bind -T copy-mode-vi ${key} send-keys -X cancel`]),
    `bind -T copy-mode-vi ? ${popUp}`,
    'bind -T copy-mode-vi Tab select-pane -t :.+',
    ...['1', '2', '3'].map((key, pane) => `bind -T copy-mode-vi ${key} select-pane -t :.${pane}`),
    'bind -T courante Tab select-pane -t :.+',
    'bind -T courante 1 select-pane -t :.0',
    'bind -T courante 2 select-pane -t :.1',
    'bind -T courante 3 select-pane -t :.2',
    'bind -T courante PPage copy-mode -eu',
    'bind -T courante Up copy-mode -e',
    "bind -T courante / copy-mode \\; command-prompt -p 'search up:' 'send-keys -X search-backward \"%%\"'",
    `bind -T courante ? ${popUp}`,
    'bind -T courante WheelUpPane select-pane -t = \\; copy-mode -e \\; send-keys -X -N 3 scroll-up',
    'bind -T courante MouseDown1Pane select-pane -t =',
    'bind -T courante MouseDrag1Pane select-pane -t = \\; copy-mode -M',
    '',
  ].join('\n')
}

/** What leads back to the end of a pane that is scrolled or in copy mode. */
const scrolled = ['q', 'Q', 'g', 'G', 'Escape', 'C-c']

/** The keys, for `?`; the same table stands in docs/console.md. */
const help = (restarts: readonly string[]): string[] => [
  '',
  '  Q, Ctrl-C   quit: stop everything, leave nothing',
  `  R           restart ${restarts.join(', ')}`.slice(0, 58),
  '  P           pull (git, fast-forward only)',
  '  Tab, 1 2 3  go to a pane          Z  zoom it',
  '  PgUp, wheel scroll; Q, G or Esc: back to the end',
  '  /           search the pane       n N  next',
  '  C           copy mode: select with the mouse, or',
  '              Space … Enter; q ends it',
  '',
  '  Any key closes this.',
]

function helpCommand(restarts: readonly string[]): string {
  return `printf '%s\\n' ${help(restarts).map(quote).join(' ')}; stty -icanon -echo; dd bs=1 count=1 >/dev/null 2>&1`
}
