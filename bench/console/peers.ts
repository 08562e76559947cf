import { execa } from 'execa'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { install } from '../shared/install.ts'
import { childNames, type Launch, type Site, type Subject } from './subject.ts'

/** Versions are pinned: a table is only worth something if it says of what. */
const versions = { mprocs: '0.9.6', turbo: '2.11.11', concurrently: '10.0.7', pm2: '7.0.4', stmux: '1.8.11' }
const platform = `${process.platform}-${process.arch === 'x64' ? 'x86_64' : 'aarch64'}`
const key = { ctrlC: '\u0003', ctrlA: '\u0001', f5: '\u001b[15~', f10: '\u001b[21~' }

/** Native programs run directly, without the Node script that npm puts before them: their better case. */
export const peers: Subject[] = [
  {
    name: 'pty',
    how: 'no supervisor: the first child alone on the terminal, the floor of what this bench can measure',
    scrolls: true,
    frame: /\S/,
    keys: {},
    version: async () => '',
    prepare: async ({ commands }) => program(commands.flood),
  },
  {
    name: 'tmux',
    how: 'three panes that run the commands; a key bound to `respawn-pane -k`, one to `kill-server`',
    scrolls: false,
    frame: /\S/,
    keys: { restart: key.f5, quit: key.f10 },
    version: async () => (await execa('tmux', ['-V'])).stdout.replace('tmux ', ''),
    prepare: tmux,
    // The server is nobody's child.
    main: (own, root) => own.find(({ pid, command }) => pid !== root && command.startsWith('tmux'))?.pid,
  },
  {
    name: 'mprocs',
    how: 'its native program, from its npm package',
    scrolls: false,
    frame: /\S/,
    keys: { restart: 'r', quit: 'q' },
    version: async () => native(await mprocs(), versions.mprocs),
    async prepare({ folder, commands }) {
      const procs = Object.fromEntries(childNames.map(name => [name, { cmd: commands[name] }]))
      // JSON is YAML.
      await writeFile(join(folder, 'mprocs.yaml'), JSON.stringify({ procs }))
      return { file: await mprocs(), args: ['--config', join(folder, 'mprocs.yaml')] }
    },
  },
  {
    name: 'turbo',
    how: '`turbo run dev --ui=tui`, three npm workspaces; its native program; npm, which it runs for each, is counted apart',
    scrolls: false,
    frame: /\S/,
    showsOne: true,
    keys: { quit: key.ctrlC },
    version: async () => native(await turbo(), versions.turbo),
    prepare: turboRepo,
    isRunner: command => !command.includes('/bin/turbo'),
  },
  {
    name: 'concurrently',
    how: 'children on pipes, lines with their names before them',
    scrolls: true,
    frame: /\S/,
    keys: { quit: key.ctrlC },
    version: async () => installed('concurrently', versions.concurrently),
    prepare: async ({ commands }) => ({
      file: process.execPath,
      args: [
        join(
          await install('concurrently', versions.concurrently),
          'node_modules/concurrently/dist/bin/index.js',
        ),
        '--names',
        childNames.join(','),
        ...childNames.map(name => commands[name].join(' ')),
      ],
    }),
  },
  {
    name: 'pm2-runtime',
    how: 'children on pipes',
    scrolls: true,
    frame: /\S/,
    keys: { quit: key.ctrlC },
    version: async () => installed('pm2', versions.pm2),
    async prepare({ folder, commands }) {
      const apps = childNames.map(name => {
        const [script, ...args] = commands[name]
        return { name, script, args, interpreter: 'none' }
      })
      await writeFile(join(folder, 'apps.json'), JSON.stringify({ apps }))
      return {
        file: process.execPath,
        args: [
          join(await install('pm2', versions.pm2), 'node_modules/pm2/bin/pm2-runtime'),
          join(folder, 'apps.json'),
        ],
        env: { PM2_HOME: join(folder, 'home') },
      }
    },
  },
  {
    name: 'stmux',
    how: 'the same three panes; its node-pty, which must be compiled, replaced by the prebuilt `@lydell/node-pty`',
    scrolls: false,
    frame: /\S/,
    keys: { restart: `${key.ctrlA}r`, quit: `${key.ctrlA}k` },
    version: async () => installed('stmux', versions.stmux, prebuilt),
    prepare: async ({ commands }) => ({
      file: process.execPath,
      args: [
        join(await install('stmux', versions.stmux, prebuilt), 'node_modules/stmux/bin/stmux.js'),
        '--',
        '[',
        commands.quiet.join(' '),
        ':',
        '[',
        '-s',
        '2/3',
        '-f',
        commands.flood.join(' '),
        '..',
        commands.still.join(' '),
        ']',
        ']',
      ],
    }),
  },
]

const prebuilt = { overrides: { 'node-pty': 'npm:@lydell/node-pty@1.1.0' } }

function program([file = '', ...args]: readonly string[]): Launch {
  return { file, args }
}

async function installed(name: string, version: string, extra = {}): Promise<string> {
  await install(name, version, extra)
  return version
}

/** Runs it once: a binary for another machine would be told here, in the system's words. */
async function native(file: string, version: string): Promise<string> {
  await execa(file, ['--version'])
  return version
}

async function mprocs(): Promise<string> {
  const folder = await install('mprocs', versions.mprocs)
  const suffix = process.platform === 'linux' ? '-musl' : ''
  return join(folder, `node_modules/mprocs/mprocs-${versions.mprocs}-${platform}${suffix}/mprocs`)
}

async function turbo(): Promise<string> {
  const folder = await install('turbo', versions.turbo)
  const cpu = process.arch === 'x64' ? '64' : process.arch
  return join(folder, `node_modules/@turbo/${process.platform}-${cpu}/bin/turbo`)
}

async function tmux({ folder, commands }: Site): Promise<Launch> {
  const config = join(folder, 'tmux.conf')
  await writeFile(config, 'bind -n F5 respawn-pane -k -t :.1\nbind -n F10 kill-server\n')
  const command = ['new-session', ...commands.quiet]
  command.push(';', 'split-window', '-v', '-l', '50%', ...commands.flood)
  command.push(';', 'split-window', '-h', '-l', '34%', ...commands.still)
  return { file: 'tmux', args: ['-u', '-f', config, '-S', join(folder, 'tmux'), ...command] }
}

async function turboRepo({ folder, commands }: Site): Promise<Launch> {
  const json = async (path: string, content: object): Promise<void> => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), JSON.stringify(content))
  }
  await json('package.json', {
    name: 'bench',
    private: true,
    packageManager: 'npm@11.0.0',
    workspaces: ['packages/*'],
  })
  await json('turbo.json', { tasks: { dev: { cache: false, persistent: true } } })
  for (const name of childNames) {
    const scripts = { dev: commands[name].join(' ') }
    await json(`packages/${name}/package.json`, { name, version: '1.0.0', private: true, scripts })
  }
  return {
    file: await turbo(),
    args: ['run', 'dev', '--ui=tui', '--env-mode=loose', '--no-update-notifier'],
    env: { TURBO_TELEMETRY_DISABLED: '1' },
  }
}
