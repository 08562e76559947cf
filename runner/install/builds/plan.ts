import { programsRoot } from '../../../models/programs.ts'
import type { PackageManager } from '../look.ts'
import { notices } from '../messages.ts'
import type { BuildStep } from './build.ts'
import type { ProgramSeen } from './look.ts'

/**
 * What is to be built; where that is impossible, a line that says why. `optional`: it goes on without, and so also with an
 * older one; a start must not wait for an answer because of one that works.
 */
export function planPrograms(
  programs: readonly ProgramSeen[],
  how: {
    readonly dir: string
    readonly optional: boolean
    readonly packageManager: PackageManager | undefined
  },
): { readonly steps: readonly BuildStep[]; readonly notices: readonly string[] } {
  const { dir, optional, packageManager } = how
  const wanted = programs
    .filter(one => one.type !== 'ready')
    .filter(({ type }) => type === 'missing' || !optional)
  return {
    steps: wanted.flatMap((seen): BuildStep[] => {
      const { program, backend, obstacle } = seen
      if (obstacle !== undefined) return []
      const replaces = seen.type === 'old' ? seen.version : undefined
      return [{ type: 'build_program', program, backend, root: programsRoot, dir, optional, replaces }]
    }),
    notices: wanted.flatMap(seen =>
      seen.obstacle === undefined
        ? []
        : [
            notices.cannotBuild(seen.program, seen.obstacle, {
              manager: packageManager,
              old: seen.type === 'old' ? seen.version : undefined,
            }),
          ],
    ),
  }
}
