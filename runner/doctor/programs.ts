import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { jsonOrUndefined } from '../../lib/parse-json.ts'
import { builtProgram, programNames, programPath, programSources } from '../../models/programs.ts'
import type { Io } from '../../lib/io.ts'
import { planPrograms } from '../install/builds/plan.ts'
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
      const isOld = built !== undefined && built.version !== programSources[name].version
      return [isOld ? says.programOld(name, built.version) : says.program(name, path, built?.backend)]
    }),
    ...steps.map(({ program }) => says.programMissing(program.name, program.why, where)),
    ...notices.map(says.programImpossible),
  ]
}

/** What was built, and for what; of one that somebody put there, nobody knows. */
function stampOf(path: string): { version: string; backend: string } | undefined {
  const stamp = join(dirname(path), 'stamp.json')
  if (!existsSync(stamp)) return undefined
  const { version, backend } = (jsonOrUndefined(readFileSync(stamp, 'utf8')) ?? {}) as Record<string, unknown>
  return typeof version === 'string' && typeof backend === 'string' ? { version, backend } : undefined
}
