import type { Installed } from './installed.ts'
import { judgeMarker, type MarkerValues } from './marker.ts'
import { parseRequirement, type Requirement, requirementText } from './requirements.ts'
import { satisfies, type Verdict } from './version.ts'

export interface Comparison {
  /** Requirements that are certainly not met. */
  readonly unmet: readonly string[]
  /** Lines that pip has to judge. */
  readonly unsure: readonly string[]
}

/** By name, version, marker and extra, without a Python being run. */
export function compareRequirements(
  wanted: readonly Requirement[],
  installed: Installed,
  values: MarkerValues,
): Comparison {
  const unmet: string[] = []
  const unsure: string[] = []
  for (const requirement of wanted) {
    const verdict =
      requirement.type === 'not_sure'
        ? 'unsure'
        : judge(requirement, { installed, values, extras: new Set(), seen: new Set() })
    if (verdict === 'no') unmet.push(requirementText(requirement))
    if (verdict === 'unsure') unsure.push(requirementText(requirement))
  }
  return { unmet, unsure }
}

interface Ground {
  readonly installed: Installed
  readonly values: MarkerValues
  readonly extras: ReadonlySet<string>
  /** Extras may ask for each other in a circle. */
  readonly seen: Set<string>
}

function judge(requirement: Extract<Requirement, { type: 'plain' }>, ground: Ground): Verdict {
  const { name, extras, specifier, marker } = requirement
  const counts = marker === '' ? 'yes' : judgeMarker(marker, ground.values, ground.extras)
  if (counts === 'no') return 'yes'
  const found = ground.installed.get(name)
  const verdict = found === undefined ? 'no' : satisfies(found.version, specifier)
  const all = [verdict, ...(found === undefined ? [] : extras.map(extra => judgeExtra(name, extra, ground)))]
  if (all.every(one => one === 'yes')) return 'yes'
  return all.includes('no') && counts === 'yes' ? 'no' : 'unsure'
}

/** Whether what a package asks for under one of its extras is there, too. */
function judgeExtra(name: string, extra: string, ground: Ground): Verdict {
  const key = `${name}[${extra}]`
  if (ground.seen.has(key)) return 'yes'
  ground.seen.add(key)
  const found = ground.installed.get(name)
  // For an extra that a package does not have, pip has a warning only.
  if (found === undefined || !found.extras.includes(extra)) return 'unsure'
  const verdicts = found.requires.map((text): Verdict => {
    const requirement = parseRequirement(text)
    if (requirement === undefined) return /\bextra\b/.test(text) ? 'unsure' : 'yes'
    const without = judgeMarker(requirement.marker, ground.values, new Set())
    if (requirement.marker === '' || without === 'yes') return 'yes'
    return judge(requirement, { ...ground, extras: new Set([extra]) })
  })
  if (verdicts.includes('no')) return 'no'
  return verdicts.includes('unsure') ? 'unsure' : 'yes'
}
