import { builtProgram, programNames, programPath, programSources } from '../../models/programs.ts'
import type { Io } from '../../lib/io.ts'
import { planPrograms } from '../install/builds/plan.ts'
import { stampOf } from '../install/builds/stamp.ts'
import type { Seen } from '../install/look.ts'
import type { Check } from './check.ts'
import { says } from './messages.ts'
import type { Subject } from './subject.ts'

/** The programs of others that engines start: those that are here, and those that a wanted model lacks. */
export function programs(seen: Seen, { where }: Subject, io: Io): Check[] {
  const { steps, notices } = planPrograms(seen.programs ?? [], {
    dir: seen.environment.dir,
    optional: true,
    packageManager: seen.packageManager,
  })
  return [
    ...programNames.flatMap(name => {
      const path = programPath(name, { env: io.env })
      if (path === undefined) return []
      const built = path === builtProgram(name) ? stampOf(path) : undefined
      const { version } = programSources[name]
      const isOld = built !== undefined && built.version !== version
      return [
        isOld
          ? says.programOld(name, built.version, version, where)
          : says.program(name, path, built?.backend),
      ]
    }),
    ...steps.map(({ program }) => says.programMissing(program.name, program.why, where)),
    ...notices.map(says.programImpossible),
  ]
}
