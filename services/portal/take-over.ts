import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Answers } from './answers.ts'
import type { Claim } from './claim.ts'
import type { Claims } from './claims.ts'
import { attemptName, parseAttemptName } from './ids.ts'
import { heartbeatName, oddOf, serverFolders, userFolders } from './layout.ts'
import { portalProblems } from './messages.ts'
import { hasCode, ifThereNow, isFolder, isThere, removeEmpty, removeFile, removeIfOpen } from './moves.ts'
import { type Holder, recoveryOf } from './recovery.ts'

export interface TakeOver {
  readonly spool: string
  readonly service: string
  readonly claims: Claims
  readonly answers: Answers
  readonly maxAttempts: number
  /** Whether this process is at work on it. */
  readonly isRunning: (user: string, id: string) => boolean
}

/** Takes over what lies in a claimer's folder. Returns a line for the log for each job that it moved. */
export async function takeOver(at: TakeOver, instance: string, holder: Holder): Promise<string[]> {
  const lines: string[] = []
  const base = join(serverFolders(at.spool, at.service).run, instance)
  for (const user of ifThereNow(() => readdirSync(base)) ?? []) {
    const folder = join(base, user)
    if (!isFolder(folder) || oddOf(userFolders(at.spool, at.service, user)) !== undefined) continue
    for (const claim of claimsIn(folder, user, /^(.*~.*)\.in$/))
      if (!at.isRunning(user, claim.attempt.id)) await ifFaster(at.claims.unwrap(claim), claim)
    for (const claim of claimsIn(folder, user, /^(.*~.*)\.answer$/))
      if (!at.isRunning(user, claim.attempt.id)) await ifFaster(at.answers.deliverRefusal(claim), claim)
    for (const claim of claimsIn(folder, user, /^(.*~.*?)(\.complete)?$/)) {
      const line = await ifFaster(takeOne(at, claim, holder), claim)
      if (line !== undefined) lines.push(line)
    }
    if (holder === 'dead') tidy(folder)
  }
  if (holder === 'dead') {
    removeFile(join(base, heartbeatName))
    removeEmpty(base)
  }
  return lines
}

/** Another claimer, which woke up or begins beside this one, may have been faster. Gives a line for the log. */
async function ifFaster(taking: Promise<string | void>, claim: Claim): Promise<string | undefined> {
  try {
    return (await taking) ?? undefined
  } catch (error) {
    return hasCode(error, 'ENOENT') ? undefined : `job ${attemptName(claim.attempt)}: ${String(error)}`
  }
}

/** Those that the names in a claimer's folder of a user tell of: the first group is the claim's own name. */
function claimsIn(folder: string, user: string, form: RegExp): Claim[] {
  const found = new Map<string, Claim>()
  for (const name of ifThereNow(() => readdirSync(folder)) ?? []) {
    const attempt = parseAttemptName(form.exec(name)?.[1] ?? '')
    if (attempt === undefined) continue
    const key = attemptName(attempt)
    found.set(key, { user, attempt, folder: join(folder, key) })
  }
  return [...found.values()]
}

async function takeOne(at: TakeOver, claim: Claim, holder: Holder): Promise<string | undefined> {
  const { answers, claims } = at
  const { user, attempt } = claim
  const name = attemptName(attempt)
  const running = at.isRunning(user, attempt.id)
  const complete = answers.isComplete(claim)
  // It has ended since it was listed.
  if (!running && !complete && !isThere(claim.folder)) return undefined
  const found = { holder, attempt, running, complete, answered: answers.isAnswered(claim) }
  const plan = recoveryOf(found, at.maxAttempts)
  if (plan.type === 'leave') return undefined
  if (plan.type === 'drop') {
    claims.discard(claim)
    return portalProblems.duplicate(name)
  }
  const live = join(userFolders(at.spool, at.service, user).live, attempt.id)
  removeIfOpen(live)
  if (plan.type === 'deliver') {
    await answers.deliver(claim)
    return `job ${name} was finished when its claimer ended, and is delivered`
  }
  if (plan.type === 'bury') await claims.bury(claim, `its claimer was ${holder}`)
  else claims.requeue(claim, plan.attempt)
  return `job ${name} is taken over from a claimer that ${holder === 'dead' ? 'died' : 'let go of it'}`
}

/** Removes what is no job from a dead claimer's folder, and the folder. A living one may put a job there meanwhile. */
function tidy(folder: string): void {
  for (const name of ifThereNow(() => readdirSync(folder)) ?? []) {
    if (parseAttemptName(name) === undefined && !/\.(complete|in)$/.test(name))
      removeIfOpen(join(folder, name))
  }
  removeEmpty(folder)
}
