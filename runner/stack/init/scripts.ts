import type { Package } from './found.ts'
import { kindOfScript } from './script-kind.ts'
import { scriptsRunBy } from './script-references.ts'
import { programOf } from './tools.ts'

/** A service that a package's scripts tell of. */
export interface ScriptService {
  readonly script: string
  readonly command: string
  /** Of the part; none for the package itself. */
  readonly part?: string
  /** Scripts that start the same thing in another manner. */
  readonly others: readonly string[]
}

export interface ScriptChoice {
  readonly services: readonly ScriptService[]
  readonly left: Readonly<Record<LeftReason, readonly string[]>>
}

/** Why a script is not started. */
export type LeftReason = 'ends' | 'other_way' | 'starts_others' | 'started_by_other' | 'unknown'

/** Which of a package's scripts are its services: one for the package itself, and one for each part that it names. */
export function chooseScripts(found: Pick<Package, 'scripts' | 'lasting'>): ScriptChoice {
  const { scripts } = found
  const left: Record<LeftReason, string[]> = {
    ends: [],
    other_way: [],
    starts_others: [],
    started_by_other: [],
    unknown: [],
  }
  const ways = new Map<string, { script: string; rank: number }[]>()
  for (const script of Object.keys(scripts)) {
    const kind = kindOfScript(script, found)
    if (kind.type === 'ends' || kind.type === 'unknown') left[kind.type].push(script)
    else if (kind.type === 'variant') left.other_way.push(script)
    else {
      const key = kind.type === 'main' ? '' : kind.name
      ways.set(key, [...(ways.get(key) ?? []), { script, rank: kind.rank }])
    }
  }
  const drafts = [...ways].map(([part, scriptsOfIt]): ScriptService => {
    const [first, ...others] = scriptsOfIt.toSorted(
      (a, b) => a.rank - b.rank || a.script.length - b.script.length,
    )
    const script = first?.script ?? ''
    return {
      script,
      command: scripts[script] ?? '',
      ...(part === '' ? {} : { part }),
      others: others.map(one => one.script),
    }
  })
  const kept = withoutUmbrellas(drafts, scripts, left)
  // The package itself comes first: where a part runs the same program, it is the part that is left out.
  const services: ScriptService[] = []
  for (const service of kept.toSorted(
    (a, b) => Number(a.part !== undefined) - Number(b.part !== undefined),
  )) {
    const same = services.find(one => programOf(one.command) === programOf(service.command))
    if (same === undefined) services.push(service)
    else left.other_way.push(service.script)
  }
  for (const { others } of services) left.other_way.push(...others)
  return { services, left }
}

/** One that does nothing but start others gives way to them; one that does more keeps them. */
function withoutUmbrellas(
  services: readonly ScriptService[],
  scripts: Package['scripts'],
  left: Record<LeftReason, string[]>,
): ScriptService[] {
  let kept = [...services]
  for (const service of services) {
    const references = scriptsRunBy(service.command, scripts)
    const parts = kept.filter(
      one => one !== service && [one.script, ...one.others].some(name => references.scripts.includes(name)),
    )
    if (parts.length === 0 || !kept.includes(service)) continue
    const gone = references.only ? [service] : parts
    left[references.only ? 'starts_others' : 'started_by_other'].push(...gone.map(one => one.script))
    kept = kept.filter(one => !gone.includes(one))
  }
  return kept
}
