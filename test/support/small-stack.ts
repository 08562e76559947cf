import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { processesWith } from '../../runner/supervisor/group.ts'
import { courante } from './courante.ts'
import { root } from './our-stack.ts'

/** A stack file of a test in a folder of its own; on disposal what runs is taken down. */
export class SmallStack implements AsyncDisposable {
  readonly folder: string
  readonly file: string
  readonly home: string

  private constructor(folder: string) {
    this.folder = folder
    this.file = join(folder, 'stack.yaml')
    this.home = join(folder, 'var')
  }

  static async make(yaml: string): Promise<SmallStack> {
    const stack = new SmallStack(await mkdtemp(join(tmpdir(), 'courante-small-')))
    await mkdir(join(stack.folder, 'run'), { mode: 0o700 })
    await writeFile(stack.file, yaml)
    return stack
  }

  /** For the process that starts or asks it. */
  get env(): Record<string, string> {
    return { XDG_RUNTIME_DIR: join(this.folder, 'run') }
  }

  /** `courante …` without a terminal. */
  ask(...words: string[]) {
    return courante([...words, '--stack', this.file], this.env)
  }

  /** `courante …` as a line to type. */
  command(...words: string[]): string {
    return `${join(root, 'courante')} ${words.join(' ')} --stack ${this.file}`
  }

  /** Waits until all services are ready. */
  async upAgain(): Promise<void> {
    while ((await this.ask('status')).exitCode !== 0);
  }

  /** Every process of the run that began last. */
  async left(): Promise<number[]> {
    const { run } = JSON.parse(await readFile(join(this.folder, 'var/run/stack.json'), 'utf8')) as {
      run: string
    }
    return processesWith(`COURANTE_RUN=${run}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.ask('down')
    await rm(this.folder, { recursive: true, force: true })
  }
}
