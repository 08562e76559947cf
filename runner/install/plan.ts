import type { Problem } from '../../lib/problem.ts'
import type { Seen } from './look.ts'
import { messages, notices } from './messages.ts'
import { planPython } from './plan-python.ts'
import type { Step } from './step.ts'

export interface Plan {
  readonly environment: readonly Step[]
  readonly models: readonly Step[]
  /** Worth a line, and no reason to stop. */
  readonly notices: readonly string[]
  /** Why the stack can't come up, whatever is installed. */
  readonly problems: readonly Problem[]
}

/** From what was seen to what is to be done; decides only. */
export function plan(seen: Seen): Plan {
  const python = planPython(seen)
  const tools = seen.missingTools.map(tool => ({ tool, manager: seen.packageManager }))
  return {
    environment: python.steps,
    models: seen.models
      .filter(({ state }) => state.type !== 'present')
      .map(({ model, state }) => ({
        type: 'fetch_model',
        model,
        dir: seen.environment.dir,
        repair: state.type === 'damaged',
      })),
    notices: [
      ...python.notices,
      ...tools
        .filter(({ tool }) => tool.optional)
        .map(({ tool, manager }) => notices.toolMissing(tool, manager)),
    ],
    problems: [
      ...seen.unknownModels.map(name => messages.unknownModel(name, seen.knownModels)),
      ...python.problems,
      ...tools
        .filter(({ tool }) => !tool.optional)
        .map(({ tool, manager }) => messages.toolMissing(tool, manager)),
    ],
  }
}
