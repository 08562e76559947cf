import type { Io } from '../../lib/io.ts'
import { ProblemError, type Problem } from '../../lib/problem.ts'
import { agree, type Consent, type LeftOut } from './consent.ts'
import { perform } from './do.ts'
import type { Environment } from './environment.ts'
import { type Item, itemsOf } from './item.ts'
import { look, ownRoot } from './look.ts'
import { notices } from './messages.ts'
import { plan, type Plan } from './plan.ts'
import { isSilent, needsConsent } from './step.ts'
import { verifySeen } from './verify-seen.ts'

export interface InstallOptions {
  readonly consent: Consent
  /** The user agreed in setup.sh already: steps that download and replace nothing are not asked for again. */
  readonly environmentGranted: boolean
  /**
   * Called when the user has agreed and before anything is done: the moment to write down what else was decided. With the ids
   * of all that stays away, and of those that the user wants to do without from now on.
   */
  readonly onAgreed?: (away: readonly string[], without: readonly string[]) => Promise<void>
}

export type Outcome =
  | { readonly type: 'ready'; readonly notices: readonly string[] }
  | { readonly type: 'declined' }
  | { readonly type: 'cannot_ask'; readonly planText: string }
  /** The first of the problems is what the exit code is about. */
  | { readonly type: 'failed'; readonly problem: Problem; readonly notices: readonly string[] }

/**
 * The whole way: look → plan → ask → do. The question comes before anything is done, so that declining leaves nothing
 * behind; what can't be had does not hold up the rest.
 */
export async function install(environment: Environment, options: InstallOptions, io: Io): Promise<Outcome> {
  let todo: Plan
  try {
    const seen = await look(environment, io.env)
    todo = plan(options.consent === 'no' ? seen : await verifySeen(seen, io))
  } catch (error) {
    if (error instanceof ProblemError) return failed(error.problem)
    throw error
  }
  const [problem] = todo.problems
  if (problem !== undefined && options.consent !== 'no') return failed(problem)

  const items = itemsOf([...todo.environment, ...todo.models])
  const isGranted = (item: Item): boolean =>
    item.steps.every(isSilent) ||
    (options.environmentGranted && options.consent === 'ask' && !item.steps.some(needsConsent))
  const granted = items.filter(isGranted)
  const agreed = await agree(
    items.filter(item => !granted.includes(item)),
    options.consent,
    io,
    { dir: environment.dir, known: [...knownIds(environment), ...todo.programs] },
  )
  if (agreed.type === 'failed') return failed(agreed.problem)
  if (agreed.type !== 'agreed') return agreed
  const unchecked = agreed.leftOut.filter(({ why }) => why === 'unchecked')
  await options.onAgreed?.(idsOf(agreed.leftOut), idsOf(unchecked))
  const done = await perform(options.consent === 'no' ? [] : [...granted, ...agreed.items], io)
  const told = [
    ...todo.notices,
    ...todo.problems.map(notices.problem),
    ...leftOutNotices(agreed.leftOut),
    ...done.notices,
  ]
  const [first, ...more] = done.problems
  if (first === undefined) return { type: 'ready', notices: told }
  return { type: 'failed', problem: first, notices: [...told, ...more.map(notices.problem)] }
}

function knownIds({ dir, models, python }: Environment): string[] {
  return [
    ...(python === undefined ? [] : ['python']),
    ...(dir === ownRoot ? ['gpu'] : []),
    ...models.map(entry => (typeof entry === 'string' ? entry : entry.name)),
  ]
}

function leftOutNotices(leftOut: readonly LeftOut[]): string[] {
  const ids = (reason: LeftOut['why']): string[] => idsOf(leftOut.filter(({ why }) => why === reason))
  const [wished, unchecked] = [ids('wished'), ids('unchecked')]
  return [
    ...(wished.length === 0 ? [] : [notices.notInstalled(wished)]),
    ...(unchecked.length === 0 ? [] : [notices.without(unchecked)]),
    ...leftOut.flatMap(({ id, why }) => (typeof why === 'object' ? [notices.leftOut(id, why.fault)] : [])),
  ]
}

function idsOf(items: readonly { readonly id: string }[]): string[] {
  return items.map(({ id }) => id)
}

function failed(problem: Problem): Outcome {
  return { type: 'failed', problem, notices: [] }
}
