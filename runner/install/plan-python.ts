import { join } from 'node:path'
import type { Problem } from '../../lib/problem.ts'
import type { PythonSeen, Seen } from './look.ts'
import { messages, notices } from './messages.ts'
import type { Step } from './step.ts'

interface PythonPlan {
  readonly steps: readonly Step[]
  readonly notices: readonly string[]
  readonly problems: readonly Problem[]
}

/** What the venv of a stack needs: to be made, to be made anew, packages. */
export function planPython({ python, environment, packageManager }: Seen): PythonPlan {
  if (python.type === 'not_needed') return { steps: [], notices: [], problems: [] }
  const { need, venv, search } = python
  const { requirements, optional } = need
  const log = join(environment.home, 'logs/pip.log')
  const steps = (...steps: Step[]): PythonPlan => ({ steps, notices: [], problems: [] })
  const stuck = (problem: Problem): PythonPlan =>
    optional
      ? { steps: [], notices: [notices.pythonLeftOut(problem)], problems: [] }
      : { steps: [], notices: [], problems: [problem] }
  const pip = (wanted: readonly string[]): Step => ({
    type: 'pip_install',
    venv: need.venv,
    requirements,
    wanted,
    log,
    optional,
  })
  switch (venv.type) {
    case 'ready':
      return steps()
    case 'foreign':
      return stuck(messages.foreignVenv(need.venv))
    case 'unmet':
      return steps(pip([...venv.unmet, ...venv.unsure]))
    case 'missing':
    case 'unusable': {
      if (search?.type !== 'found') {
        return stuck(messages.noPython(need.version, triedOf(search), packageManager))
      }
      const make: Step = {
        type: 'make_venv',
        venv: need.venv,
        interpreter: search.interpreter,
        ...(venv.type === 'unusable' ? { replaces: venv.reason } : {}),
        thenPackages: venv.asks.length > 0,
        requirements,
        log,
        optional,
      }
      return venv.asks.length === 0 ? steps(make) : steps(make, pip(venv.asks))
    }
  }
}

function triedOf(search: Extract<PythonSeen, { type: 'needed' }>['search']) {
  return search?.type === 'none' ? search.tried : []
}
