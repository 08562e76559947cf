import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { parse, stringify } from 'yaml'
import { socketDir } from '../../lib/socket-dir.ts'
import type { Stack } from '../../runner/stack/model.ts'
import type { Status } from '../../runner/supervisor/events.ts'
import { connect } from '../../runner/supervisor/control-client.ts'
import { processesWith } from '../../runner/supervisor/group.ts'
import { freePort } from './free-port.ts'
import { modelsDir } from './speech.ts'

export const root = join(import.meta.dirname, '../..')

/**
 * Our own stack.yaml in a folder of the test's: other ports, a home of its own, the repo's models. Disposal takes down
 * what runs.
 */
export class OurStack implements AsyncDisposable {
  readonly folder: string
  readonly home: string
  readonly file: string
  readonly ports: { backend: number; frontend: number }
  /** For the process that starts or asks it. */
  readonly env: Record<string, string>

  private constructor(folder: string, ports: { backend: number; frontend: number }) {
    this.folder = folder
    this.home = join(folder, 'var')
    this.file = join(folder, 'stack.yaml')
    this.ports = ports
    this.env = { COURANTE_MODELS: modelsDir, XDG_RUNTIME_DIR: join(folder, 'run') }
  }

  static async make(ports?: { backend: number; frontend: number }): Promise<OurStack> {
    const folder = await mkdtemp(join(tmpdir(), 'courante-up-'))
    const made = new OurStack(folder, ports ?? { backend: await freePort(), frontend: await freePort() })
    await mkdir(join(folder, 'run'), { mode: 0o700 })
    const stack = parse(await readFile(join(root, 'stack.yaml'), 'utf8')) as StackYaml
    for (const service of Object.values(stack.services)) service.cwd = root
    for (const [name, port] of Object.entries(made.ports)) Object.assign(stack.services[name] ?? {}, { port })
    stack.environment = { tools: [] }
    // Nobody is asked which language model it should be: that is a test of its own.
    delete stack.language_model
    await writeFile(made.file, stringify(stack))
    return made
  }

  get sockets(): string {
    return socketDir(this.home, this.env)
  }

  /** `courante …`, as a person would type it on this stack. */
  command(...words: string[]): string {
    return `${join(root, 'courante')} ${words.join(' ')} --stack ${this.file}`
  }

  /** Waits until every service is ready. */
  async ready(): Promise<Status> {
    for (;;) {
      const connection = await connect(join(this.sockets, 'control.sock'), 30_000)
      if (!connection.running) throw new Error(`no supervisor: ${connection.reason}`)
      if (connection.status.ready) return connection.status
      await delay(20)
    }
  }

  async status(): Promise<Status | undefined> {
    const connection = await connect(join(this.sockets, 'control.sock'))
    return connection.running ? connection.status : undefined
  }

  async run(): Promise<Stack> {
    return JSON.parse(await readFile(join(this.home, 'run/stack.json'), 'utf8')) as Stack
  }

  /** The pids of everything that this run started and that still lives. */
  async left(): Promise<number[]> {
    return processesWith(`COURANTE_RUN=${(await this.run()).run}`)
  }

  /** Waits until nothing of the run lives any more; fails after 15 s with what does. */
  async gone(): Promise<void> {
    let left: number[] = []
    for (const end = Date.now() + 15_000; Date.now() < end; await delay(20)) {
      left = await this.left()
      if (left.length === 0 && (await this.status()) === undefined) return
    }
    const { stdout } = await execa('ps', ['-o', 'pid,pgid,stat,args', '-p', left.join(',')], {
      reject: false,
    })
    throw new Error(`still there:\n${stdout}`)
  }

  /** The sizes of the console's panes, as `columns x rows`, top, left, right. */
  async panes(): Promise<{ columns: number; rows: number }[]> {
    const { stdout } = await execa('tmux', [
      '-S',
      join(this.sockets, 'tmux'),
      'list-panes',
      '-F',
      '#{pane_width} #{pane_height}',
    ])
    return stdout.split('\n').map(line => {
      const [columns = 0, rows = 0] = line.split(' ').map(Number)
      return { columns, rows }
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const connection = await connect(join(this.sockets, 'control.sock')).catch(() => undefined)
    if (connection?.running === true) await connection.client.down()
    await rm(this.folder, { recursive: true, force: true })
  }
}

interface StackYaml {
  environment: unknown
  language_model?: string
  services: Record<string, { cwd?: string; port?: number }>
}
