import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type UserFolders, userFolders } from '../../services/portal/layout.ts'
import { ifThere } from '../../services/portal/moves.ts'
import {
  type Answer,
  check,
  checkExecutions,
  type Execution,
  type Excess,
  type Ledger,
  type Verdict,
} from './portal-check.ts'
import { readAnswer } from './portal-storm-answer.ts'
import { stormConcurrency, stormWorker } from './portal-storm-claimer.ts'
import { StormLedger } from './portal-storm-ledger.ts'
import { attachmentsOf, numberOf, requestOf } from './portal-storm-plan.ts'

/** What a storm left, when all of its processes have ended. */
export interface Aftermath {
  readonly folder: string
  readonly seed: number
  readonly slots: number
  readonly perSlot: number
  /** By pid, how often it was killed or stopped. */
  readonly blows: ReadonlyMap<number, number>
  readonly stopped: ReadonlySet<number>
  readonly pythons: ReadonlySet<number>
}

export interface Judgement {
  readonly verdict: Verdict
  /** What was seen of the first few that `verdict` complains of. */
  readonly evidence: readonly string[]
  readonly excess: Excess
  /** What else went wrong, in words. */
  readonly faults: readonly string[]
}

export async function judge(after: Aftermath): Promise<Judgement> {
  const users = Array.from({ length: after.slots }, (_, slot) =>
    userFolders(join(after.folder, 'spool'), 'storm', `c${slot}`),
  )
  const faults = await settle(after, users)
  const ledger = await ledgerOf(after, users)
  const executions = await executionsOf(after)
  const verdict = check(ledger)
  return {
    verdict,
    evidence: evidenceOf(verdict, ledger.answers, executions, after),
    excess: checkExecutions(executions, after.blows, stormConcurrency),
    faults: [...faults, ...(await forgotten(after, users)), ...(await complaints(after))],
  }
}

/** A last claimer takes over what the others left, and drops late duplicates when their turn comes. */
async function settle({ folder }: Aftermath, users: readonly UserFolders[]): Promise<string[]> {
  const last = stormWorker(folder, () => undefined)
  try {
    await last.start()
  } catch (error) {
    return [`the last claimer: ${(error as Error).stack}`]
  }
  const todos = users.map(({ todo }) => todo)
  for (let i = 0; i < 100 && (await left(todos)).length > 0; i++) await delay(50)
  await last.stop()
  return []
}

/** What the clients wrote down, and what lies there though they have all they asked for. */
async function ledgerOf(
  { folder, seed, perSlot }: Aftermath,
  users: readonly UserFolders[],
): Promise<Ledger> {
  const accepted = new Map<string, number>()
  const answers: Answer[] = []
  const attachments = attachmentsOf(seed)
  for (const [slot, { done, error }] of users.entries()) {
    const { entries } = new StormLedger(join(folder, `c${slot}.ledger`))
    for (let number = 0; number < perSlot; number++) {
      const { id, value } = requestOf(seed, slot, number)
      accepted.set(id, value)
      answers.push(...(entries.get(number)?.answers ?? []))
    }
    for (const parent of [done, error])
      for (const id of (await ifThere(readdir(parent))) ?? []) {
        const late = await readAnswer(join(parent, id), requestOf(seed, slot, numberOf(id)), attachments)
        if (late !== undefined) answers.push(late)
      }
  }
  return { accepted, answers }
}

async function executionsOf({ folder }: Aftermath): Promise<Execution[]> {
  const text = (await ifThere(readFile(join(folder, 'executions.log'), 'utf8'))) ?? ''
  return Array.from(text.matchAll(/^(.+)~(\d+) (\d+)$/gm), ([, id = '', attempt, pid]) => ({
    id,
    attempt: Number(attempt),
    pid: Number(pid),
  }))
}

function evidenceOf(
  { lost, duplicated, corrupt }: Verdict,
  answers: readonly Answer[],
  executions: readonly Execution[],
  { pythons, stopped }: Aftermath,
): string[] {
  const traits = (pid: number) =>
    [pythons.has(pid) ? ' in Python' : '', stopped.has(pid) ? ' stopped once' : ''].join('')
  return [...new Set([...lost.slice(0, 5), ...duplicated.slice(0, 5), ...corrupt.slice(0, 5)])].map(id => {
    const seen = answers.filter(answer => answer.id === id).map(answer => JSON.stringify(answer))
    const begun = executions.filter(execution => execution.id === id)
    const by = begun.map(({ attempt, pid }) => `~${attempt} by ${pid}${traits(pid)}`)
    return [`${id}, executed ${by.join(', ')}`, ...seen].join('\n  ')
  })
}

async function forgotten({ folder, stopped }: Aftermath, users: readonly UserFolders[]): Promise<string[]> {
  // A stopped one that is killed when it comes back may have put up its status once more, which is swept.
  const folders = users.flatMap(({ todo, cancel, live }) => [
    todo,
    cancel,
    ...(stopped.size > 0 ? [] : [live]),
  ])
  const found = await left([...folders, join(folder, 'spool/storm/.run')])
  return found.length === 0 ? [] : [`left behind: ${some(found)}`]
}

/** What the claimers said that is not about takeovers. */
async function complaints({ folder, stopped }: Aftermath): Promise<string[]> {
  const text = (await ifThere(readFile(join(folder, 'claimers.log'), 'utf8'))) ?? ''
  const usual =
    / is taken over | is delivered$| is dropped$| storm ready$| is served by process .* waits for its end$| leaves it to that one until it ends$| was taken over /
  // One that was stopped finds its jobs gone, and says so.
  const lines = text
    .split('\n')
    .filter(line => line !== '' && !usual.test(line) && !stopped.has(Number.parseInt(line, 10)))
  return lines.length === 0 ? [] : [`claimers said ${lines.length} lines like: ${some(lines)}`]
}

async function left(folders: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    folders.map(async folder =>
      ((await ifThere(readdir(folder))) ?? [])
        // What was being built when its writer died is swept after a while.
        .filter(name => !name.startsWith('.'))
        .map(name => join(folder, name)),
    ),
  )
  return found.flat()
}

function some(list: readonly string[]): string {
  return list.slice(0, 5).join('\n  ')
}
