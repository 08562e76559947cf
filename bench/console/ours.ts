import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { stringify } from 'yaml'
import type { Launch, Site, Subject } from './subject.ts'

const root = resolve(import.meta.dirname, '../..')
/** Seconds that a child has to end before it is killed; the default is 5. */
export const stopGrace = 2

/** Our own three consoles, started as setup.sh does it once everything is installed. */
export const ours: Subject[] = (['builtin', 'tmux', 'plain'] as const).map(kind => ({
  name: `us-${kind}`,
  how: `\`node runner/main.ts up --console ${kind}\` with Node's compile cache, as \`setup.sh\` sets it; \`stop_grace: ${stopGrace}\``,
  scrolls: kind === 'plain',
  frame: kind === 'plain' ? /\S/ : /Q.{0,3}quit/,
  keys: { restart: 'r', quit: 'q' },
  version: async () => `Node ${process.versions.node}`,
  prepare: site => prepare(site, kind),
  main: own => own.find(({ command }) => command.includes('supervisor/main.ts'))?.pid,
}))

async function prepare({ folder, commands }: Site, kind: string): Promise<Launch> {
  const file = join(folder, 'stack.yaml')
  const service = (command: readonly string[], pane: string): object => ({
    command,
    pane,
    stop_grace: stopGrace,
  })
  await writeFile(
    file,
    stringify({
      name: 'bench',
      services: {
        flood: service(commands.flood, 'left'),
        quiet: service(commands.quiet, 'left'),
        still: service(commands.still, 'right'),
      },
      console: { panes: ['left', 'right'] },
      restart_key: ['flood'],
    }),
  )
  return {
    file: process.execPath,
    args: [join(root, 'runner/main.ts'), 'up', '--stack', file, '--console', kind],
    env: { NODE_COMPILE_CACHE: join(root, '.runtime/compile-cache') },
  }
}
