import type { KnownModel } from '../../models/inventory.ts'

type Env = Readonly<Record<string, string | undefined>>
type Model = Pick<KnownModel, 'engine' | 'settings'>

/**
 * What an engine gets of core's environment: without the keys of other models' endpoints, for which it and the programs that
 * it starts have no use. An engine in Python is the user's own program, which may call such an endpoint itself.
 */
export function engineEnv(env: Env, { engine, settings }: Model, all: Iterable<Model>): Env {
  if (engine === 'python') return env
  const keys = new Set(Array.from(all, ({ settings }) => settings['keyEnv']))
  keys.delete(settings['keyEnv'])
  return Object.fromEntries(Object.entries(env).filter(([name]) => !keys.has(name)))
}
