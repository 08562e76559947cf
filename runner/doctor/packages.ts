import { join } from 'node:path'
import { lookAtPackages, type PackagesSeen } from '../install/packages.ts'
import { entriesOf } from '../uninstall/paths.ts'
import { asidePrefix } from '../uninstall/remove.ts'
import type { Check } from './check.ts'
import { says } from './messages.ts'
import type { Subject } from './subject.ts'

/** npm's packages against the lockfiles; those of an installed Courante are the business of whoever installed it. */
export function packages({ root, isPackage }: Subject): Check[] {
  if (isPackage) return [says.packagesOfNpm()]
  const wrong = lookAtPackages(root).filter(({ state }) => state.type !== 'fits' && state.type !== 'not_ours')
  const left = entriesOf(join(root, '.runtime')).filter(({ name }) => name.startsWith(asidePrefix))
  return [
    ...(wrong.length === 0 ? [says.packages()] : wrong.map(seen => checkOf(seen, root))),
    ...left.map(({ name }) => says.uninstallLeft(join(root, '.runtime', name))),
  ]
}

function checkOf({ folder, state }: PackagesSeen, root: string): Check {
  const names = state.type === 'differs' ? state.packages : []
  return says.packagesWrong(folder, state.type, names, root)
}
