import { readdirSync } from 'node:fs'
import { mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import type { Status, SupervisorEvent } from '../../runner/supervisor/events.ts'
import { isLiving, processesWith, signalProcess } from '../../runner/supervisor/group.ts'
import { freePort } from '../support/free-port.ts'
import { ShownStack, type Settings } from '../support/shown-stack.ts'
import { program } from '../support/supervisor-rig.ts'
import { type ConsoleKind, type Fault, leavesToSweep, outcomeOf, type Plan, planOf } from './faults.ts'
import { checkFlood } from './flood-log.ts'
import { Random } from './random.ts'

export interface ChaosResult {
  readonly plan: Plan
  /** Of the flood, over all of its processes. */
  readonly lines: number
  readonly ms: number
  /** What went wrong, in words, with the story of the run; undefined if nothing did. */
  readonly fault: string | undefined
}

/** One run from its start to the end of the next one, with what the seed says done to it. */
export async function chaosRun(seed: number, consoles: readonly ConsoleKind[]): Promise<ChaosResult> {
  const began = Date.now()
  const run = new ChaosRun(planOf(new Random(seed), consoles, serviceNames), await makeStack())
  await using _ = run.stack
  let fault: string | undefined
  let lines = 0
  try {
    await run.happen()
    const flood = checkFlood(run.stack.home, notesOf(run.stack), run.cutOff)
    lines = flood.lines
    if (flood.faults.length > 0) throw new Error(`the flood's log: ${flood.faults.join('\n')}`)
  } catch (error) {
    fault = [(error as Error).stack, '--- events', ...run.events.map(each => JSON.stringify(each))].join('\n')
  }
  return { plan: run.plan, lines, ms: Date.now() - began, fault }
}

const serviceNames = ['flood', 'stubborn', 'daemon', 'server'] as const

async function makeStack(): Promise<ShownStack> {
  // Short, so that a run whose children ignore everything ends soon.
  const stop_grace = 0.3
  const services: Record<(typeof serviceNames)[number], Settings> = {
    flood: { command: program('flood.ts'), stop_grace, env: { NOTES: 'notes' } },
    stubborn: { command: program('stubborn.sh'), stop_grace },
    daemon: { command: program('daemon.ts'), stop_grace },
    server: { command: program('port-holder.ts'), stop_grace, port: await freePort() },
  }
  const stack = await ShownStack.make(services, { logs: { max_file: '4MB' } })
  await mkdir(notesOf(stack))
  return stack
}

function notesOf(stack: ShownStack): string {
  return join(stack.folder, 'notes')
}

class ChaosRun {
  readonly plan: Plan
  readonly stack: ShownStack
  readonly events: SupervisorEvent[] = []
  /** Processes of the flood whose last words may have been in the terminal of a supervisor when that was killed. */
  readonly cutOff = new Set<number>()
  #checks = 0

  constructor(plan: Plan, stack: ShownStack) {
    this.plan = plan
    this.stack = stack
  }

  async happen(): Promise<void> {
    const { stack, plan } = this
    await stack.open()
    await this.#typeUp()
    const supervisor = await stack.supervisor()
    void this.#collect().catch((error: Error) =>
      this.events.push({ at: 0, type: 'notice', text: error.message }),
    )
    if (plan.when !== 'early') await stack.ready()
    const before = await stack.until('all have begun', async () => {
      const status = await stack.status()
      return status?.services.every(({ pid }) => pid !== undefined) === true ? status : undefined
    })
    const run = await stack.run()
    const over = this.#floods().filter(pid => !isLiving(pid))
    await this.#strike(before)
    const outcome = outcomeOf(plan)
    if (outcome === 'goes on') return await this.#goesOn(before)
    if (outcome === 'either') await this.#endIt(supervisor)
    if (leavesToSweep(plan))
      await stack.until('the supervisor is gone', () => !isLiving(supervisor) || undefined)
    else await stack.gone()
    const next = await this.#nextUp(supervisor, run)
    if (!plan.faults.some(fault => fault.endsWith('supervisor'))) return
    for (const pid of this.#floods())
      if (!over.includes(pid) && pid !== pidOf(next, 'flood')) this.cutOff.add(pid)
  }

  /** The flood's processes so far. */
  #floods(): number[] {
    return readdirSync(notesOf(this.stack)).map(Number)
  }

  async #strike(before: Status): Promise<void> {
    const { stack, plan } = this
    const targets = {
      up: await stack.upPid(),
      guard: await stack.guard(),
      tmux: plan.faults.includes('kill -9 tmux') ? await this.#tmuxServer() : undefined,
      child: pidOf(before, plan.child),
    }
    if (plan.when === 'stopping') {
      await this.#press('q')
      await stack.until('it stops', async () => (await stack.status())?.stopping !== false || undefined)
    }
    await delay(plan.afterMs)
    for (const fault of plan.faults) {
      await this.#inflict(fault, before.supervisor, targets)
      await delay(plan.gapMs)
    }
  }

  async #inflict(
    fault: Fault,
    supervisor: number,
    { up, guard, tmux, child }: Record<'up' | 'guard' | 'tmux' | 'child', number | undefined>,
  ): Promise<void> {
    switch (fault) {
      case 'kill -9 supervisor':
        return signal(supervisor, 'SIGKILL')
      case 'kill -9 guard':
        return signal(guard, 'SIGKILL')
      case 'kill -9 guard, then supervisor':
        signal(guard, 'SIGKILL')
        return signal(supervisor, 'SIGKILL')
      case 'kill -9 up':
        return signal(up, 'SIGKILL')
      case 'kill -9 child':
        return signal(child, 'SIGKILL')
      case 'kill -9 tmux':
        return signal(tmux, 'SIGKILL')
      case 'close terminal':
        return await this.stack.terminal.close()
      case 'SIGHUP to up':
        return signal(up, 'SIGHUP')
      case 'SIGTERM to up':
        return signal(up, 'SIGTERM')
    }
  }

  /** The console's own tmux server. */
  async #tmuxServer(): Promise<number> {
    return await this.stack.until('the console', async () => {
      const tmux = ['-S', join(this.stack.sockets, 'tmux'), 'display-message', '-p', '#{pid}']
      const { exitCode, stdout } = await execa('tmux', tmux, { reject: false })
      return exitCode === 0 ? Number(stdout) : undefined
    })
  }

  /** What must not take the run down has not: everything is as before, or there again, and it can be shown and ended. */
  async #goesOn(before: Status): Promise<void> {
    const { stack, plan } = this
    const after = await stack.until('the run is whole', async () => {
      const status = await stack.status()
      if (status?.ready !== true) return undefined
      const renewed = pidOf(status, plan.child) !== pidOf(before, plan.child)
      return !plan.faults.includes('kill -9 child') || renewed ? status : undefined
    })
    same('the supervisor', after.supervisor, before.supervisor)
    for (const name of serviceNames) {
      if (!plan.faults.includes('kill -9 child') || name !== plan.child)
        same(name, pidOf(after, name), pidOf(before, name))
    }
    await stack.guard()
    const log = join(stack.home, 'logs/flood.log')
    const { ino, size } = await stat(log)
    await stack.until('the flood goes on', async () => {
      const now = await stat(log).catch(() => undefined)
      return now !== undefined && (now.ino !== ino || now.size > size) ? true : undefined
    })
    if (plan.faults.includes('kill -9 up')) {
      await stack.open()
      await this.#typeUp()
    } else if (plan.faults.includes('kill -9 tmux')) {
      await stack.terminal.shows(/ended with 0/)
      await this.#checkTerminal()
      await this.#typeUp()
    }
    await this.#quit()
  }

  /** Two that mean different ends have raced: either is right, as long as what goes on can be ended. */
  async #endIt(supervisor: number): Promise<void> {
    const { stack } = this
    const up = await stack.upPid().catch(() => undefined)
    if (up !== undefined) await stack.until('up has ended', () => !isLiving(up) || undefined)
    if (!isLiving(supervisor)) return
    const status = await stack.status()
    if (status !== undefined) await (await stack.client()).down().catch(() => undefined)
  }

  /** After a run has ended: the terminal is as it was, the next run begins without a word, and of the old one nothing is left. */
  async #nextUp(supervisor: number, run: string | undefined): Promise<Status> {
    const { stack, plan } = this
    // A killed program can't give back its terminal.
    if (plan.faults.includes('close terminal') || plan.faults.includes('kill -9 up')) await stack.open()
    else {
      await stack.terminal.shows(/ended with (1|129|143|0)\b/)
      await this.#checkTerminal()
    }
    await this.#typeUp()
    const status = await stack.ready()
    if (status.supervisor === supervisor || (await stack.run()) === run)
      throw new Error('not a run of its own')
    const left = processesWith(`COURANTE_RUN=${run}`).filter(pid => isLiving(pid))
    if (left.length > 0) throw new Error(`left of the run before: ${left.join(', ')}`)
    await this.#quit()
    return status
  }

  async #typeUp(): Promise<void> {
    this.#checks += 1
    const up = this.stack.command('up', '--yes', '--console', this.plan.console)
    await this.stack.terminal.type(`clear; ${up}; echo ended with $? at ${this.#checks}`)
  }

  async #press(key: string): Promise<void> {
    const { terminal } = this.stack
    // In the plain console, a flood soon takes the line with the keys away.
    await terminal.shows(/Q quit|│/)
    await terminal.press(key)
  }

  async #quit(): Promise<void> {
    const { terminal } = this.stack
    await this.#press('q')
    await terminal.shows(new RegExp(`ended with 0 at ${this.#checks}`))
    await this.stack.gone()
    await this.#checkTerminal()
  }

  /** It echoes, takes lines, shows its cursor and no other screen, and sends nothing when the mouse moves. */
  async #checkTerminal(): Promise<void> {
    const { terminal } = this.stack
    this.#checks += 1
    await terminal.type(`echo whole ${this.#checks}-$((40 + 2))`)
    const screen = await terminal.shows(new RegExp(`^whole ${this.#checks}-42$`, 'm'))
    if (!screen.includes(`echo whole ${this.#checks}-$(`)) throw new Error(`no echo:\n${screen}`)
    for (const [fact, good] of [
      ['alternate_on', '0'],
      ['cursor_flag', '1'],
      ['mouse_any_flag', '0'],
    ] as const) {
      const is = await terminal.fact(fact)
      if (is !== good) throw new Error(`the terminal was left with ${fact} ${is}:\n${screen}`)
    }
  }

  async #collect(): Promise<void> {
    const client = await this.stack.client()
    for await (const event of client.events()) this.events.push(event)
  }
}

function pidOf(status: Status, name: string): number | undefined {
  return status.services.find(service => service.name === name)?.pid
}

/** What is gone already needs none. */
function signal(pid: number | undefined, name: NodeJS.Signals): void {
  // 0 would be our own group.
  if (pid !== undefined && pid > 1) signalProcess(pid, name)
}

function same(what: string, is: number | undefined, was: number | undefined): void {
  if (is !== was) throw new Error(`${what} is ${is} now and was ${was}`)
}
