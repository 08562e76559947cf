import type { Problem } from '../../lib/problem.ts'
import { planPrograms } from './builds/plan.ts'
import { planGpu } from './gpu-step.ts'
import type { Seen, SeenModel } from './look.ts'
import { messages } from './messages.ts'
import { planPython } from './plan-python.ts'
import type { Step } from './step.ts'
import { planTools } from './tools.ts'

export interface Plan {
  readonly environment: readonly Step[]
  readonly models: readonly Step[]
  /** Of others, which the wanted models need, also where they are here. */
  readonly programs: readonly string[]
  /** Worth a line, and no reason to stop. */
  readonly notices: readonly string[]
  /** Why the stack can't come up, whatever is installed. */
  readonly problems: readonly Problem[]
}

/** From what was seen to what is to be done; decides only. */
export function plan(seen: Seen): Plan {
  const { environment } = seen
  const python = planPython(seen)
  const tools = planTools(seen)
  const { dir } = environment
  const programs = planPrograms(seen.programs ?? [], { ...seen, dir, optional: true })
  return {
    environment: [...python.steps, ...planGpu(seen)],
    models: [...seen.models.flatMap(seen => planModel(seen, environment)), ...programs.steps],
    programs: (seen.programs ?? []).map(({ program }) => program.name),
    notices: [...python.notices, ...tools.notices, ...programs.notices],
    problems: [
      ...seen.unknownModels.map(name => messages.unknownModel(name, seen.knownModels)),
      ...python.problems,
      ...tools.problems,
    ],
  }
}

function planModel({ model, state, memory }: SeenModel, { dir, modelsDir }: Seen['environment']): Step[] {
  if (state.type === 'present') return []
  return [{ type: 'fetch_model', model, dir, modelsDir, repair: state.type === 'damaged', memory }]
}
