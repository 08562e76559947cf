import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Fate, Role } from './portal-storm-plan.ts'

/** A process of the storm: it stands by, is at work, is stopped, has ended. */
export class Member {
  readonly role: Role
  readonly ended: Promise<void>
  readonly python: boolean
  state: 'standby' | 'working' | 'stopped' | 'ended' = 'standby'
  fate: Fate = { type: 'live' }
  /** A client's. */
  slot = -1
  events = 0
  /** How often it was killed or stopped. */
  blows = 0
  said = ''
  readonly #child: ChildProcess

  constructor(
    options: { role: Role; python: boolean; args: readonly string[]; cache: string },
    onEvents: (member: Member, events: string) => void,
    onEnd: (member: Member, code: number | null, signal: NodeJS.Signals | null) => void,
  ) {
    const { role, python, args, cache } = options
    this.role = role
    this.python = python
    const program = join(import.meta.dirname, python ? 'portal_storm_claimer.py' : `portal-storm-${role}.ts`)
    const child = spawn(python ? 'python3' : process.execPath, [program, ...args], {
      env: {
        ...process.env,
        // A process that is killed a moment later shouldn't spend it on compiling.
        NODE_COMPILE_CACHE: cache,
        PYTHONPATH: join(import.meta.dirname, '../../services/python'),
        PYTHONPYCACHEPREFIX: cache,
      },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    this.#child = child
    // It may have ended before it was told to go.
    child.stdin.on('error', () => undefined)
    child.stdout.setEncoding('latin1').on('data', (events: string) => {
      this.events += events.length
      onEvents(this, events)
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.said += text))
    this.ended = once(child, 'close').then(([code, signal]) => {
      this.state = 'ended'
      onEnd(this, code as number | null, signal as NodeJS.Signals | null)
    })
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  go(fate: Fate, numbers: readonly number[]): void {
    this.state = 'working'
    this.fate = fate
    this.#child.stdin?.write(`${[...numbers, fate.type === 'change' ? fate.change : 0].join(' ')}\n`)
  }

  stop(): void {
    this.state = 'stopped'
    this.blows++
    this.#child.kill('SIGSTOP')
  }

  resume(): void {
    this.state = 'working'
    this.#child.kill('SIGCONT')
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}
