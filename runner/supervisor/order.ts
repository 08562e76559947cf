import type { Stack } from '../stack/model.ts'

/** Names so that each comes after what it depends on. The stack's schema has refused cycles and unknown names already. */
export function startOrder(services: Stack['services']): string[] {
  const order: string[] = []
  const open = new Set<string>()
  const visit = (name: string): void => {
    if (order.includes(name)) return
    const service = services[name]
    if (service === undefined) throw new Error(`no service ${name} in this stack`)
    if (open.has(name)) throw new Error(`service ${name} depends on itself`)
    open.add(name)
    for (const dependency of service.dependsOn) visit(dependency)
    open.delete(name)
    order.push(name)
  }
  for (const name of Object.keys(services)) visit(name)
  return order
}

/** The services that depend directly on this one. */
export function dependents(services: Stack['services'], name: string): string[] {
  return Object.keys(services).filter(other => services[other]?.dependsOn.includes(name) === true)
}

/** These and all that they depend on, directly or not. */
export function withDependencies(services: Stack['services'], names: readonly string[]): string[] {
  return closure(names, name => services[name]?.dependsOn ?? [])
}

/** These and all that depend on them, directly or not. */
export function withDependents(services: Stack['services'], names: readonly string[]): string[] {
  return closure(names, name => dependents(services, name))
}

function closure(names: readonly string[], next: (name: string) => readonly string[]): string[] {
  const found = new Set(names)
  // A set that grows while it is walked hands out what was added.
  for (const name of found) for (const other of next(name)) found.add(other)
  return [...found]
}
