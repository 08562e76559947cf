import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import type { ConsoleContext } from '../console.ts'
import { emptyView, reduce, stateSigns, type View } from '../view.ts'
import { tmuxConfig } from './config.ts'
import { quote } from './quote.ts'

const session = 'courante'

/**
 * The three panes in a tmux server of our own. The panes run tail on log files and hold no process of the stack:
 * when this server dies, nothing else does. If the server runs already (another terminal has it open), this one joins it.
 */
export async function tmuxConsole(context: ConsoleContext): Promise<void> {
  const { stack, io } = context
  const socket = stack.consoleSocket ?? join(stack.sockets, 'tmux')
  const config = join(stack.home, 'run/tmux.conf')
  await writeFile(
    config,
    tmuxConfig({ keys: join(stack.sockets, 'keys'), address: context.address, restarts: stack.restartKey }),
  )
  const tmux = ['-u', '-S', socket, '-f', config]
  const env = { ...io.env, TMUX: undefined }
  const [running, modes] = await Promise.all([
    execa('tmux', [...tmux, 'has-session', '-t', session], { reject: false, env }),
    execa('stty', ['-g'], { stdin: 'inherit', reject: false }),
  ])
  const begin = running.exitCode === 0 ? ['attach-session', '-t', session] : layout(context)

  const shown = new AbortController()
  const client = spawn('tmux', [...tmux, ...begin], { stdio: 'inherit', env })
  const closed = new Promise<number | null>((resolve, reject) => {
    client.once('error', reject)
    client.once('close', resolve)
  })
  // A signal to us alone (SIGTERM) must end what is on the screen too; at a closed terminal tmux goes by itself.
  const leave = (): void => {
    client.kill('SIGHUP')
  }
  io.signal.addEventListener('abort', leave)
  const painting = paint(
    context,
    command => execa('tmux', [...tmux, ...command], { reject: false, env }),
    shown.signal,
  )
  try {
    const code = await closed
    // tmux leaves "[exited]" below what was on the screen; the run's own last words say it better.
    if (code === 0 && !io.signal.aborted) io.stdout.write('\u001b[1A\u001b[2K')
    if (code !== 0) {
      // A server that was killed could not give the terminal back.
      io.stdout.write(usualModes)
      await execa('stty', [modes.stdout], { stdin: 'inherit', reject: false })
    }
  } finally {
    shown.abort()
    io.signal.removeEventListener('abort', leave)
    await painting
  }
}

/** No mouse, no bracketed paste, usual keys, no scroll region, no colours, a cursor, and the screen that was there before. */
const usualModes =
  '\u001b[?1000l\u001b[?1002l\u001b[?1003l\u001b[?1006l\u001b[?2004l\u001b[?1l\u001b>\u001b[r\u001b[0m\u001b[?25h\u001b[?1049l'

/** One tmux command line makes the whole screen, so that the first frame is not three round trips away. */
function layout({ stack, transcript }: ConsoleContext): string[] {
  const [left, right] = Object.keys(stack.panes)
  const follow = (file: string): string => `exec tail -n 100 -F ${quote(file)} 2>/dev/null`
  const logs = (pane: string): string => follow(join(stack.home, 'logs', `${pane}.pane.log`))
  const first = transcript === undefined ? logs(left ?? '') : follow(transcript)
  const command = ['new-session', '-s', session, '-n', stack.name, first]
  if (transcript !== undefined) command.push(';', 'set', '-p', '@label', 'transcript')
  command.push(';', 'select-pane', '-d')
  if (left !== undefined && transcript !== undefined)
    command.push(';', 'split-window', '-v', '-l', '50%', logs(left), ';', 'select-pane', '-d')
  if (right !== undefined)
    command.push(';', 'split-window', '-h', '-l', '34%', logs(right), ';', 'select-pane', '-d')
  command.push(';', 'select-pane', '-t', ':.0')
  return command
}

/** Keeps the labels of the panes and the message line true to the events; ends with `signal` or with the run. */
async function paint(
  { client, stack, transcript, address }: ConsoleContext,
  tmux: (command: string[]) => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  const control = await client.catch(() => undefined)
  const usual = ['set', '-g', 'status-right', `${literal(address ?? '')} `]
  let forget: NodeJS.Timeout | undefined
  let view = emptyView
  for await (const event of control?.events(signal) ?? []) {
    const before = view
    view = reduce(view, event)
    const commands = Object.keys(stack.panes).flatMap((pane, index) => {
      const label = paneLabel(view, pane)
      if (label === paneLabel(before, pane)) return []
      return [
        'set',
        '-p',
        '-t',
        `${session}:.${transcript === undefined ? index : index + 1}`,
        '@label',
        label,
        ';',
      ]
    })
    if (view.message !== before.message) {
      // Beside the keys, not over them as display-message would; the pane keeps it when it has gone from there.
      commands.push('set', '-g', 'status-right', `${literal(view.message ?? address ?? '')} `, ';')
      clearTimeout(forget)
      if (view.message !== undefined) forget = setTimeout(() => void tmux(usual), messageMs)
    }
    if (commands.length > 0) await tmux(commands.slice(0, -1))
  }
  clearTimeout(forget)
  // The supervisor ends the screen with the run; one that was killed could not.
  if (!signal.aborted) await tmux(['kill-session', '-t', session])
}

/** How long a message stands in the last line. */
const messageMs = 10_000

/** Text that neither tmux's formats nor its strftime take for their own. */
function literal(text: string): string {
  return text.replaceAll('#', '##').replaceAll('%', '%%')
}

export function paneLabel(view: View, pane: string): string {
  const services = view.services.filter(service => service.pane === pane)
  const signs = services.map(({ name, state }) => {
    const { sign, colour } = stateSigns[state]
    return `#[fg=${colour === 'grey' ? 'colour244' : colour}]${sign}#[default] ${name}`
  })
  return [...(services.length === 1 && services[0]?.name === pane ? [] : [pane]), ...signs].join('  ')
}
