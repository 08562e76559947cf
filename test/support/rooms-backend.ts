import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AgentModel } from './agent-model.ts'
import { freePort } from './free-port.ts'
import { Spawned } from './spawned.ts'

/** The real backend on a home of its own, a model that the test steers, and the commands that talk to it. */
export class RoomsBackend implements AsyncDisposable {
  readonly home: string
  readonly env: Record<string, string>
  readonly model: AgentModel
  readonly #all: AsyncDisposableStack
  backend: Spawned

  private constructor(
    home: string,
    env: Record<string, string>,
    model: AgentModel,
    backend: Spawned,
    all: AsyncDisposableStack,
  ) {
    this.home = home
    this.env = env
    this.model = model
    this.backend = backend
    this.#all = all
  }

  static async start(more: Record<string, string> = {}): Promise<RoomsBackend> {
    await using cleanup = new AsyncDisposableStack()
    const home = await mkdtemp(join(tmpdir(), 'courante-rooms-'))
    cleanup.defer(() => rm(home, { recursive: true, force: true }))
    const model = cleanup.use(await AgentModel.open(home))
    // Not 0: it comes back at the same place.
    const port = String(await freePort())
    const env = { COURANTE_HOME: home, COURANTE_SOCKETS: home, COURANTE_PORT_BACKEND: port, ...more }
    const backend = await started(env)
    const made = new RoomsBackend(home, env, model, backend, cleanup.move())
    return made
  }

  command(name: string, ...args: string[]): Spawned {
    return new Spawned(`scripts/${name}.ts`, args, this.env)
  }

  /** Runs a command to its end; what it wrote. */
  async run(
    name: string,
    args: readonly string[],
    input = '',
  ): Promise<{ code: number; out: string; err: string }> {
    await using command = this.command(name, ...args)
    command.child.stdin?.end(input)
    const code = await command.ended()
    return { code: code ?? -1, out: command.stdout, err: command.stderr }
  }

  async kill(): Promise<void> {
    this.backend.child.kill('SIGKILL')
    await this.backend.ended()
  }

  async again(): Promise<void> {
    this.backend = await started(this.env)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.backend[Symbol.asyncDispose]()
    await this.#all.disposeAsync()
  }
}

async function started(env: Record<string, string>): Promise<Spawned> {
  const backend = new Spawned('services/backend/main.ts', [], env)
  await backend.saw(/^backend listening on /m)
  return backend
}
