import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync, readdirSync, watch, writeSync } from 'node:fs'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { added, cpuMs, Family, isAlive, memory, threadNs, type Memory } from './family.ts'
import { Screen } from './screen.ts'
import {
  childNames,
  type ChildName,
  type Launch,
  type OwnProcess,
  type Site,
  type Subject,
} from './subject.ts'

const program = join(import.meta.dirname, 'child.sh')
const living = new Set<Instance>()

/** Kills whatever is being measured. */
export function endAllNow(): void {
  for (const instance of living) instance.endNow()
}

/** One run of one subject in a folder of its own; on disposal no process and no file of it is left. */
export class Instance implements AsyncDisposable {
  readonly screen: Screen
  readonly #subject: Subject
  readonly #family: Family
  readonly #folder: string
  readonly #fifos: Readonly<Record<ChildName, number>>
  readonly #isInShell: boolean
  #count = 0
  /** The child that prints. */
  #active: ChildName = 'flood'

  private constructor(
    subject: Subject,
    folder: string,
    fifos: Record<ChildName, number>,
    launch: Launch,
    inShell: boolean,
  ) {
    const mark = `COURANTE_BENCH=${crypto.randomUUID()}`
    const env = environment(folder, mark)
    this.#subject = subject
    this.#folder = folder
    this.#fifos = fifos
    this.#isInShell = inShell
    this.#family = new Family(mark)
    this.screen = new Screen(inShell ? shell(launch) : launch, { scrolls: subject.scrolls, cwd: folder, env })
    living.add(this)
  }

  /**
   * `flood`: the file that a child prints. `stubborn`: the first child ignores TERM, INT and HUP. `inShell`: a shell holds
   * the terminal, as at a user's, so that the terminal outlives the subject.
   */
  static async start(
    subject: Subject,
    options: { flood: string; stubborn?: boolean; inShell?: boolean },
  ): Promise<Instance> {
    const folder = await mkdtemp(join(tmpdir(), 'courante-bench-'))
    try {
      return await Instance.#startIn(folder, subject, options)
    } catch (error) {
      await rm(folder, { recursive: true, force: true })
      throw error
    }
  }

  static async #startIn(
    folder: string,
    subject: Subject,
    options: Parameters<typeof Instance.start>[1],
  ): Promise<Instance> {
    await Promise.all(['pids', 'home', 'run'].map(name => mkdir(join(folder, name), { mode: 0o700 })))
    await symlink(options.flood, join(folder, 'flood'))
    execFileSync('sh', ['-c', 'mkfifo "$@"', 'sh', ...childNames.map(name => join(folder, `${name}.fifo`))])
    // Open for reading too: so it never waits for the child, and the child never sees an end.
    const open = (name: ChildName): number => openSync(join(folder, `${name}.fifo`), constants.O_RDWR)
    const fifos = { flood: open('flood'), quiet: open('quiet'), still: open('still') }
    const commands = {
      flood: [program, 'flood', ...(options.stubborn === true ? ['stubborn'] : [])],
      quiet: [program, 'quiet'],
      still: [program, 'still'],
    } satisfies Site['commands']
    return new Instance(
      subject,
      folder,
      fifos,
      await subject.prepare({ folder, commands }),
      options.inShell === true,
    )
  }

  /** Waits for the first frame, a child's first line, and every child; seconds since the start. Throws with what it says instead. */
  async started(withinMs: number): Promise<{ frame: number; line: number }> {
    const { screen } = this
    const hello = this.#subject.showsOne === true ? /hello from (\w+)/ : /hello from (flood)/
    const seen = await Promise.all([
      screen.shows(this.#subject.frame, withinMs),
      screen.shows(hello, withinMs),
    ])
    const [frame, line] = seen
    if (frame === undefined || line === undefined) {
      const words = screen
        .text()
        .split('\n')
        .filter(row => row.trim() !== '')
      throw new Error(`does not start: ${words.slice(-3).join(' ').slice(0, 200)}`)
    }
    for (const end = Date.now() + withinMs; this.children().length < childNames.length; await delay(20))
      if (this.#subject.keys.quit === undefined || Date.now() > end) break
    const name = hello.exec(screen.text())?.[1]
    this.#active = childNames.find(child => child === name) ?? 'flood'
    return { frame: (frame - screen.startedAt) / 1000, line: (line - screen.startedAt) / 1000 }
  }

  /** Makes the child that is seen do something (child.sh). */
  tell(command: string): void {
    writeSync(this.#fifos[this.#active], `${command}\n`)
  }

  /** Pids that ever ran as a child, by name. */
  children(name?: ChildName): number[] {
    const files = readdirSync(join(this.#folder, 'pids')).filter(
      file => name === undefined || file.startsWith(`${name}.`),
    )
    return files.map(file => Number(file.split('.')[1]))
  }

  livingChildren(name?: ChildName): number[] {
    return this.children(name).filter(isAlive)
  }

  /** The subject's own processes: neither the children nor what runs below them, nor npm where it is only its tool. */
  own(): { own: OwnProcess[]; runners: OwnProcess[] } {
    const all = this.#family.own(new Set(this.children()))
    const isRunner = ({ command }: OwnProcess): boolean => this.#subject.isRunner?.(command) === true
    return { own: all.filter(process => !isRunner(process)), runners: all.filter(isRunner) }
  }

  memory(): { own: Memory; runners: Memory } {
    const { own, runners } = this.own()
    return { own: memory(own.map(({ pid }) => pid)), runners: memory(runners.map(({ pid }) => pid)) }
  }

  /** Share of one core that it takes while `during` lasts, in percent. */
  async load(during: Promise<unknown>): Promise<number> {
    const look = (): Map<number, number> => threadNs(this.own().own.map(({ pid }) => pid))
    const before = look()
    const start = performance.now()
    await during
    const after = look()
    return added(before, after) / 1e4 / (performance.now() - start)
  }

  /** Seconds until what the child printed last is on the screen, and CPU seconds; undefined when it took too long. */
  async print(
    command: 'flood' | 'lines',
    times: number,
    limitMs: number,
  ): Promise<{ seconds: number; cpu: number } | undefined> {
    const last = `shown-${String(++this.#count)}-whole`
    const look = (): Map<number, number> => cpuMs(this.own().own.map(({ pid }) => pid))
    const before = look()
    const start = performance.now()
    this.tell(`${command} ${times} ${last}`)
    const at = await this.screen.shows(new RegExp(last), limitMs)
    if (at === undefined && this.screen.hasExited) throw new Error('it ended by itself while it was to print')
    if (at === undefined) return undefined
    // What it still has to do of it counts too.
    await delay(500)
    return { seconds: (at - start) / 1000, cpu: added(before, look()) / 1000 }
  }

  /** Milliseconds from the key to the new child's first act. */
  async restart(): Promise<number | undefined> {
    const { restart } = this.#subject.keys
    if (restart === undefined) return undefined
    const { promise, resolve } = Promise.withResolvers<number | undefined>()
    const watcher = watch(join(this.#folder, 'pids'), (_, file) => {
      if (file?.startsWith('flood.') === true) resolve(performance.now())
    })
    const timer = setTimeout(() => resolve(undefined), 5000)
    const start = performance.now()
    this.screen.write(restart)
    const at = await promise
    clearTimeout(timer)
    watcher.close()
    return at === undefined ? undefined : at - start
  }

  /** Quits by key and waits until it and every child has gone, at most so long. */
  async quit(limitMs: number): Promise<{ seconds: number; ended: boolean; left: number[] }> {
    const start = performance.now()
    this.screen.write(this.#subject.keys.quit ?? '')
    for (;;) {
      const seconds = (performance.now() - start) / 1000
      const left = this.livingChildren()
      if ((this.screen.hasExited && left.length === 0) || seconds * 1000 > limitMs)
        return { seconds, ended: this.screen.hasExited, left }
      await delay(2)
    }
  }

  /** Kills the process that holds the children, and says which of them live on after so long. */
  async killMain(waitMs: number): Promise<{ all: number; left: ChildName[] } | undefined> {
    const { own } = this.own()
    const root = this.#isInShell ? own.find(({ parent }) => parent === this.screen.pid)?.pid : this.screen.pid
    const main = this.#subject.main === undefined || root === undefined ? root : this.#subject.main(own, root)
    if (main === undefined) return undefined
    process.kill(main, 'SIGKILL')
    const end = Date.now() + waitMs
    while (this.livingChildren().length > 0 && Date.now() < end) await delay(20)
    return { all: childNames.length, left: childNames.filter(name => this.livingChildren(name).length > 0) }
  }

  endNow(): void {
    this.#family.endOnce()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#family.end()
    } finally {
      living.delete(this)
      this.screen.close()
      for (const fifo of Object.values(this.#fifos)) closeSync(fifo)
      await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 })
    }
  }
}

/** A shell that does not end with what runs in it, nor by its Ctrl-C. */
function shell({ file, args, ...rest }: Launch): Launch {
  return { file: 'sh', args: ['-c', 'trap : INT; "$@"; exec sleep 1000', 'sh', file, ...args], ...rest }
}

/** As a user's shell has it, without what would tell a program that it is tested, and with a home of its own. */
function environment(folder: string, mark: string): Record<string, string> {
  const [name = '', id = ''] = mark.split('=')
  const env: Record<string, string> = {}
  for (const [key, value] of Object.entries(process.env))
    if (
      value !== undefined &&
      !/^(CI|TMUX.*|npm_.*|NODE_.*|COURANTE_.*|NO_COLOR|FORCE_COLOR|XDG_.*)$/i.test(key)
    )
      env[key] = value
  return {
    ...env,
    TERM: 'xterm-256color',
    COLORTERM: 'truecolor',
    HOME: join(folder, 'home'),
    XDG_RUNTIME_DIR: join(folder, 'run'),
    BENCH_FOLDER: folder,
    [name]: id,
  }
}
