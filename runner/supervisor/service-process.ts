import { setTimeout as delay } from 'node:timers/promises'
import {
  commandOf,
  groupOf,
  isGroupEmpty,
  isLiving,
  membersOf,
  processesWith,
  signalGroup,
  signalProcess,
} from './group.ts'
import type { Terminal } from './spawn.ts'

export interface Ended {
  code: number
  signal: string | undefined
}

/**
 * One process of a service with all that it started, from its spawn until nothing of it is left: the leader, its group,
 * and what left the group but carries this run and this service in its environment. If the leader ends unasked, the rest
 * is killed: it would hold the port that the next one needs.
 */
export class ServiceProcess {
  readonly pid: number
  readonly ended: Promise<Ended>
  readonly #terminal: Terminal
  readonly #marks: string[]
  #stage: 'running' | 'terminating' | 'killing' = 'running'
  #signalled = new Set<number>()
  #stopSignal: NodeJS.Signals = 'SIGTERM'
  #graceTimer: NodeJS.Timeout | undefined
  #killed = Promise.withResolvers<'killed'>()

  /** `marks`: the environment entries that all of its processes carry. */
  constructor(terminal: Terminal, marks: string[]) {
    this.#terminal = terminal
    this.#marks = marks
    this.pid = terminal.pid
    this.ended = this.#untilGone()
  }

  /** The polite signal to all of it; after the grace time, `onGrace` is called and what is left is killed. */
  terminate(signal: NodeJS.Signals, graceMs: number, onGrace: () => void): void {
    if (this.#stage !== 'running') return
    this.#stage = 'terminating'
    this.#stopSignal = signal
    signalGroup(this.pid, signal)
    this.#signalStrays(signal)
    this.#graceTimer = setTimeout(() => {
      onGrace()
      this.kill()
    }, graceMs)
  }

  /** A process of it that still lives: the leader if it does, else what it left behind. Linux only. */
  left(): { pid: number; command: string } | undefined {
    const pids = [this.pid, ...membersOf(this.pid), ...processesWith(...this.#marks)]
    const pid = pids.find(isLiving)
    return pid === undefined ? undefined : { pid, command: commandOf(pid) }
  }

  write(bytes: string): void {
    this.#terminal.write(bytes)
  }

  resize(columns: number, rows: number): void {
    this.#terminal.resize(columns, rows)
  }

  kill(): void {
    this.#stage = 'killing'
    signalGroup(this.pid, 'SIGKILL')
    this.#signalStrays('SIGKILL')
    this.#killed.resolve('killed')
  }

  async #untilGone(): Promise<Ended> {
    const { leaderEnded, closed } = this.#terminal
    const first = await Promise.race([leaderEnded, this.#killed.promise])
    if (this.#stage === 'running') this.kill()
    // A process in an uninterruptible wait does not even end by SIGKILL; the others must not wait for it for ever.
    let patience = first === 'killed' ? unkillableMs : Infinity
    for (let pause = 1; patience > 0; pause = Math.min(pause * 2, 50)) {
      if (isGroupEmpty(this.pid) && !this.#strays()) break
      await delay(pause)
      if (this.#stage === 'killing') patience = Math.min(patience, unkillableMs) - pause
    }
    clearTimeout(this.#graceTimer)
    await Promise.race([leaderEnded, delay(1000, undefined, { ref: false })])
    this.#terminal.release()
    return await Promise.race([closed, delay(1000, { code: 1, signal: 'SIGKILL' }, { ref: false })])
  }

  /** Whether there are any; each new one gets the signal of the stage. */
  #strays(): boolean {
    return this.#signalStrays(this.#stage === 'killing' ? 'SIGKILL' : this.#stopSignal)
  }

  #signalStrays(signal: NodeJS.Signals): boolean {
    // The group got its signal as a group; twice would be a person's second Ctrl-C to some programs.
    const strays = processesWith(...this.#marks).filter(pid => groupOf(pid) !== this.pid)
    for (const pid of strays) {
      if (signal !== 'SIGKILL' && this.#signalled.has(pid)) continue
      this.#signalled.add(pid)
      signalProcess(pid, signal)
    }
    return strays.length > 0
  }
}

const unkillableMs = 5000
