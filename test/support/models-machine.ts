import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { identify } from '../../lib/process-identity.ts'
import { parseModelsFile } from '../../models/models-file.ts'
import { run } from '../../runner/main.ts'
import { type ModelsRequest, modelsRequestSchema } from '../../services/portal/models-request.ts'
import { type ClaimedJob, type Outcome, PortalWorker } from '../../services/portal/worker.ts'
import { tempDir } from './temp.ts'

/** A run's home and a user's, with a folder of models; `courante models …` is about them. */
export class Machine implements AsyncDisposable {
  readonly path: string
  readonly #ends: (() => PromiseLike<unknown>)[] = []

  private constructor(path: string) {
    this.path = path
  }

  static async make(): Promise<Machine> {
    const folder = await tempDir()
    const machine = new Machine(folder.path)
    machine.#ends.push(() => folder[Symbol.asyncDispose]())
    for (const name of ['home/run', 'user', 'models']) await mkdir(machine.at(name), { recursive: true })
    return machine
  }

  at(path: string): string {
    return join(this.path, path)
  }

  get env(): Record<string, string> {
    return {
      HOME: this.at('user'),
      OLLAMA_MODELS: this.at('user/.ollama/models'),
      XDG_CACHE_HOME: this.at('user/.cache'),
      COURANTE_MODELS: this.at('models'),
    }
  }

  /** In this process, which takes a tenth of the time. */
  ask(...words: string[]) {
    return this.askUntil(new AbortController().signal, ...words)
  }

  async askUntil(signal: AbortSignal, ...words: string[]) {
    const [stdout, stderr] = [new PassThrough(), new PassThrough()]
    const insist = new AbortController().signal
    const become = (): never => assert.fail()
    const given = {
      stdin: Readable.from(''),
      stdout,
      stderr,
      cwd: this.path,
      signal,
      insist,
      become,
    }
    const exitCode = await run(['models', ...words, '--home', this.at('home')], { ...given, env: this.env })
    stdout.end()
    stderr.end()
    return { exitCode, stdout: await text(stdout), stderr: await text(stderr) }
  }

  async json(...words: string[]): Promise<Record<string, unknown>> {
    const { stdout, stderr } = await this.ask(...words, '--json')
    assert.notEqual(stdout, '', stderr)
    return JSON.parse(stdout) as Record<string, unknown>
  }

  async own() {
    const read = parseModelsFile(await readFile(this.at('home/models.yaml'), 'utf8'))
    assert.ok(read.ok)
    return read.data
  }

  async coreSays(facts: object): Promise<void> {
    await writeFile(this.at('home/run/core.json'), JSON.stringify({ ...identify(process.pid), ...facts }))
  }

  /** Answers what is asked of core. */
  async serve(handle: (job: ClaimedJob<ModelsRequest>) => Promise<Outcome>): Promise<void> {
    const spool = this.at('home/portals')
    const options = { spool, service: 'models', schema: modelsRequestSchema, log: () => undefined }
    const worker = new PortalWorker({ ...options, handle })
    await worker.start()
    this.#ends.push(() => worker.stop())
  }

  /** A web server that answers as the test says. */
  async web(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
    const server = createServer(answer)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    this.#ends.push(async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends.toReversed()) await end()
  }
}
