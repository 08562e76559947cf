import type { Seen } from '../install/look.ts'
import { messages } from '../install/messages.ts'
import { planPython } from '../install/plan-python.ts'
import { factsOf } from '../install/step.ts'
import type { Check } from './check.ts'
import { says } from './messages.ts'
import type { Subject } from './subject.ts'

/** What the installer would say of Python, and do. */
export function python(seen: Seen, { where }: Subject): Check[] {
  if (seen.python.type === 'not_needed') return [says.noPython()]
  const { steps, notices, problems } = planPython(seen)
  if (steps.length + notices.length + problems.length === 0)
    return [says.venv(seen.python.need.venv, seen.python.need.requirements.length)]
  return [
    ...problems.map(problem => says.problem('environment', 'python', problem)),
    ...notices.map(says.pythonLeftOut),
    ...steps.map(step => says.toInstall(factsOf(step).name, factsOf(step).why, where)),
  ]
}

export function tools({ environment, missingTools, packageManager }: Seen): Check[] {
  return environment.tools.map(tool =>
    missingTools.includes(tool)
      ? says.toolMissing(messages.toolMissing(tool, packageManager), tool.optional)
      : says.tool(tool.name, tool.why),
  )
}

export function gpuRuntime({ gpu }: Seen, { where }: Subject): Check[] {
  switch (gpu?.type) {
    case undefined:
    case 'off':
      return []
    case 'bare':
      return [says.gpuBare()]
    case 'ready':
      return [says.gpuRuntime(gpu.kind)]
    case 'wanted': {
      const bytes = gpu.missing.reduce((sum, { from }) => sum + from.bytes, 0)
      return [says.gpuRuntimeMissing(gpu.kind, bytes, where)]
    }
  }
}
