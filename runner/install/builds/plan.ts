import { programsRoot } from '../../../models/programs.ts'
import type { PackageManager } from '../look.ts'
import { notices } from '../messages.ts'
import type { BuildStep } from './build.ts'
import type { ProgramSeen } from './look.ts'

/** What is to be built; where that is impossible, a line that says what is missing. `optional`: it goes on without. */
export function planPrograms(
  programs: readonly ProgramSeen[],
  how: {
    readonly dir: string
    readonly optional: boolean
    readonly packageManager: PackageManager | undefined
  },
): { readonly steps: readonly BuildStep[]; readonly notices: readonly string[] } {
  const { dir, optional, packageManager } = how
  const missing = programs.filter(one => one.type === 'missing')
  const possible = missing.filter(one => one.hasSources && one.missingTools.length === 0)
  const impossible = missing.filter(one => !possible.includes(one))
  return {
    steps: possible.map(({ program, backend }) => ({
      type: 'build_program',
      program,
      backend,
      root: programsRoot,
      dir,
      optional,
    })),
    notices: impossible.map(({ program, missingTools, hasSources }) =>
      hasSources ? notices.cannotBuild(program, missingTools, packageManager) : notices.noSources(program),
    ),
  }
}
