import type { Io } from '../../lib/io.ts'
import { ProblemError, type Problem } from '../../lib/problem.ts'
import { ask, describe, type Group } from './ask.ts'
import { perform } from './do.ts'
import type { Environment } from './environment.ts'
import { look } from './look.ts'
import { messages, notices } from './messages.ts'
import { plan, type Plan } from './plan.ts'
import { factsOf, needsConsent, type Step } from './step.ts'

export interface InstallOptions {
  /** `yes` asks nothing and does it all; `no` asks nothing and does nothing. */
  readonly consent: 'ask' | 'yes' | 'no'
  /** The user agreed in setup.sh already: steps of the environment that download and replace nothing are not asked again. */
  readonly environmentGranted: boolean
}

export type Outcome =
  | { readonly type: 'ready'; readonly notices: readonly string[] }
  | { readonly type: 'declined'; readonly group: Group }
  | { readonly type: 'cannot_ask'; readonly planText: string }
  | { readonly type: 'failed'; readonly problem: Problem }

/**
 * The whole way: look → plan → ask → do. Both questions come before anything is done, so that declining either leaves
 * nothing behind.
 */
export async function install(environment: Environment, options: InstallOptions, io: Io): Promise<Outcome> {
  let todo: Plan
  try {
    todo = plan(await look(environment, io.env))
  } catch (error) {
    if (error instanceof ProblemError) return { type: 'failed', problem: error.problem }
    throw error
  }
  if (options.consent === 'no') return { type: 'ready', notices: asItIs(todo) }
  const [problem] = todo.problems
  if (problem !== undefined) return { type: 'failed', problem }

  const questions: readonly [Group, readonly Step[]][] = [
    ['environment', options.environmentGranted ? todo.environment.filter(needsConsent) : todo.environment],
    ['models', todo.models],
  ]
  const open = options.consent === 'yes' ? [] : questions.filter(([, steps]) => steps.length > 0)
  if (open.length > 0 && !(io.stdin.isTTY === true && io.stdout.isTTY === true)) {
    return {
      type: 'cannot_ask',
      planText: open.map(([group, steps]) => describe(group, steps, environment.dir)).join('\n'),
    }
  }
  for (const [group, steps] of open) {
    if ((await ask(group, steps, io, environment.dir)) === 'yes') continue
    if (!io.signal.aborted) return { type: 'declined', group }
    return { type: 'failed', problem: messages.interruptedQuestion(String(io.signal.reason)) }
  }
  return carryOut(todo, io)
}

async function carryOut(todo: Plan, io: Io): Promise<Outcome> {
  const told = [...todo.notices]
  const inEnvironment = await perform(todo.environment, io)
  if (inEnvironment !== undefined) {
    const optional = todo.environment.every(step => 'optional' in step && step.optional)
    if (!optional || io.signal.aborted) return { type: 'failed', problem: inEnvironment }
    told.push(notices.pythonLeftOut(inEnvironment))
  }
  const inModels = await perform(todo.models, io)
  return inModels === undefined ? { type: 'ready', notices: told } : { type: 'failed', problem: inModels }
}

/** What a run with what is there has to know. */
function asItIs(todo: Plan): string[] {
  const missing = [...todo.environment, ...todo.models].map(step => factsOf(step).name)
  return [
    ...todo.notices,
    ...todo.problems.map(notices.problem),
    ...(missing.length === 0 ? [] : [notices.notInstalled(missing)]),
  ]
}
