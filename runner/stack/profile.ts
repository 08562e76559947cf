import { ProblemError } from '../../lib/problem.ts'
import { messages } from '../messages.ts'
import type { StackFile } from './schema.ts'

/**
 * The services of these profiles with all that they depend on; all of them where no profile is named. Never those that are
 * there for other profiles alone.
 */
export function chosenServices(stack: StackFile, profiles: readonly string[]): Set<string> {
  const isThere = (name: string): boolean => {
    const only = stack.services[name]?.profiles ?? []
    return only.length === 0 || only.some(profile => profiles.includes(profile))
  }
  if (profiles.length === 0) return new Set(Object.keys(stack.services).filter(isThere))
  const chosen = new Set<string>()
  const choose = (name: string): void => {
    if (chosen.has(name) || !isThere(name)) return
    chosen.add(name)
    for (const dependency of stack.services[name]?.depends_on ?? []) choose(dependency)
  }
  for (const profile of profiles) {
    const named = stack.profiles[profile]
    if (named === undefined)
      throw new ProblemError(messages.unknownProfile(profile, Object.keys(stack.profiles)))
    for (const name of servicesOf(named)) choose(name)
  }
  return chosen
}

/** What they give to all services; a later one goes over an earlier one. */
export function profileEnv(stack: StackFile, profiles: readonly string[]): Record<string, string> {
  const env: Record<string, string> = {}
  for (const name of profiles) {
    const profile = stack.profiles[name]
    if (profile !== undefined && 'services' in profile) Object.assign(env, profile.env)
  }
  return env
}

type Profile = StackFile['profiles'][string]

export function servicesOf(profile: Profile): readonly string[] {
  return 'services' in profile ? profile.services : profile
}
