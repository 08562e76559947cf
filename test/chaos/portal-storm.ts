import { spawnSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tempDir } from '../support/temp.ts'
import { stormLease } from './portal-storm-claimer.ts'
import { Member } from './portal-storm-fleet.ts'
import { type Judgement, judge } from './portal-storm-judge.ts'
import { attachmentsOf, fateOf, isPython, type Role } from './portal-storm-plan.ts'

export interface StormOptions {
  readonly requests: number
  /** SIGKILLs at most; there are as many if the requests last. */
  readonly kills: number
  readonly seed: number
  /** Every tenth of a second. */
  readonly onProgress?: (answered: number, kills: number) => void
  /** Ends it with its reason; nothing is left. */
  readonly signal?: AbortSignal
}

export interface StormResult extends Judgement {
  readonly kills: Readonly<Record<Role, number>>
  readonly stops: number
  /** Claimers in Python. */
  readonly pythons: number
  readonly seconds: number
}

/** Without it all claimers are ours. */
const hasPython = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']).status === 0
const slots = 4
const window = 4
const standbys = 2
/** Nothing was answered for so long: the requests that wait are lost. */
const stallMs = 30_000

/** Sends requests while clients and claimers are killed and stopped, by a plan of the seed, and judges what came of it. */
export async function storm(options: StormOptions): Promise<StormResult> {
  await using folder = await tempDir()
  const run = new Storm(folder.path, options)
  try {
    await run.rage()
  } finally {
    await run.end()
  }
  // Awaited: the folder goes at the end of this scope.
  return await run.judge()
}

class Storm {
  readonly #folder: string
  readonly #options: StormOptions
  readonly #perSlot: number
  readonly #members = new Set<Member>()
  readonly #lives = { client: 0, claimer: 0 }
  readonly #kills = { client: 0, claimer: 0 }
  readonly #blows = new Map<number, number>()
  readonly #faults: string[] = []
  readonly #resumptions = new Map<Member, { event: number; time: number }>()
  readonly #over = Promise.withResolvers<void>()
  readonly #began = performance.now()
  readonly #stopped = new Set<number>()
  readonly #pythons = new Set<number>()
  #slotsDone = 0
  #events = 0
  #answered = 0
  #lastAnswer = performance.now()
  #ending = false

  constructor(folder: string, options: StormOptions) {
    this.#folder = folder
    this.#options = options
    this.#perSlot = Math.ceil(options.requests / slots)
  }

  async rage(): Promise<void> {
    await mkdir(join(this.#folder, 'spool/storm'), { recursive: true })
    for (const [i, bytes] of attachmentsOf(this.#options.seed).entries())
      await writeFile(join(this.#folder, `a${i}`), bytes)
    for (let i = 0; i < standbys; i++) {
      this.#spawn('claimer')
      this.#spawn('client')
    }
    this.#replaceClaimer()
    for (let slot = 0; slot < slots; slot++) this.#replaceClient(slot)
    this.#options.signal?.addEventListener('abort', () => this.#over.reject(this.#options.signal?.reason))
    const timer = setInterval(() => this.#look(), 100)
    await this.#over.promise.finally(() => clearInterval(timer))
  }

  /** Nothing of it lives afterwards. */
  async end(): Promise<void> {
    this.#ending = true
    for (const member of this.#members) member.kill()
    await Promise.all(Array.from(this.#members, member => member.ended))
  }

  async judge(): Promise<StormResult> {
    const seconds = (performance.now() - this.#began) / 1000
    const facts = {
      folder: this.#folder,
      seed: this.#options.seed,
      slots,
      perSlot: this.#perSlot,
      blows: this.#blows,
      stopped: this.#stopped,
      pythons: this.#pythons,
    }
    const judgement = await judge(facts)
    return {
      ...judgement,
      faults: [...this.#faults, ...judgement.faults],
      kills: this.#kills,
      stops: this.#stopped.size,
      pythons: this.#pythons.size,
      seconds,
    }
  }

  #spawn(role: Role): void {
    const { seed } = this.#options
    const args = [this.#folder, seed, this.#perSlot, window].map(String)
    const life = this.#lives.claimer + this.#standing('claimer').length
    const python = role === 'claimer' && hasPython && isPython(seed, life)
    const cache = join(this.#folder, 'cache')
    const member = new Member(
      { role, python, args, cache },
      (_, events) => this.#onEvents(member, events),
      (_, code, signal) => this.#onEnd(member, code, signal),
    )
    this.#members.add(member)
  }

  #standing(role: Role): Member[] {
    return Array.from(this.#members).filter(member => member.role === role && member.state === 'standby')
  }

  /** The next that stands by takes over, and another begins to stand by. */
  #next(role: Role, numbers: readonly number[]): Member {
    const [member] = this.#standing(role)
    if (member === undefined) throw new Error(`no ${role} stands by`)
    const { seed, requests, kills } = this.#options
    const life = this.#lives[role]++
    const fate = fateOf(seed, role, life, requests / kills)
    const mayDie = this.#killed() < kills
    if (member.python) this.#pythons.add(member.pid)
    // A process in Python can't count its own changes.
    const python =
      member.python && fate.type === 'change' ? { type: 'kill' as const, after: fate.change } : fate
    member.go(mayDie ? python : { type: 'live' }, numbers)
    this.#spawn(role)
    return member
  }

  #replaceClient(slot: number): void {
    this.#next('client', [slot]).slot = slot
  }

  /** One that was stopped and came back is at work as well. */
  #replaceClaimer(): void {
    const isAtWork = ({ role, state }: Member) => role === 'claimer' && state === 'working'
    if (!Array.from(this.#members).some(isAtWork)) this.#next('claimer', [])
  }

  #killed(): number {
    return this.#kills.client + this.#kills.claimer
  }

  #onEvents(member: Member, events: string): void {
    this.#events += events.length
    for (const event of events) {
      if (event !== 'c') continue
      this.#answered++
      this.#lastAnswer = performance.now()
    }
    this.#strike(member)
  }

  #strike(member: Member): void {
    const { fate } = member
    if (this.#ending || member.state !== 'working' || this.#killed() >= this.#options.kills) return
    if ((fate.type !== 'kill' && fate.type !== 'stop') || member.events < fate.after) return
    if (fate.type === 'kill') return member.kill()
    member.fate = { type: 'kill', after: member.events + fate.after }
    member.stop()
    this.#stopped.add(member.pid)
    const time = performance.now() + stormLease.leaseMs + 500
    this.#resumptions.set(member, { event: this.#events + fate.resumeAfter, time })
    this.#replaceClaimer()
  }

  #look(): void {
    const now = performance.now()
    for (const [member, { event, time }] of this.#resumptions) {
      if (this.#events < event || now < time) continue
      this.#resumptions.delete(member)
      member.resume()
    }
    this.#options.onProgress?.(this.#answered, this.#killed())
    if (now - this.#lastAnswer < stallMs) return
    this.#faults.push(`nothing was answered for ${stallMs / 1000} s`)
    this.#over.resolve()
  }

  #onEnd(member: Member, code: number | null, signal: NodeJS.Signals | null): void {
    this.#members.delete(member)
    this.#resumptions.delete(member)
    if (member.role === 'claimer' && signal === 'SIGKILL') member.blows++
    this.#blows.set(member.pid, (this.#blows.get(member.pid) ?? 0) + member.blows)
    if (this.#ending) return
    const { role, said, slot } = member
    if (role === 'client' && code === 0) {
      if (++this.#slotsDone === slots) this.#over.resolve()
      return
    }
    if (signal === 'SIGKILL') this.#kills[role]++
    else this.#faults.push(`a ${role} ended with ${code ?? signal}: ${said.slice(0, 2000)}`)
    if (this.#faults.length > 20) return this.#over.resolve()
    if (role === 'client') this.#replaceClient(slot)
    else this.#replaceClaimer()
  }
}
