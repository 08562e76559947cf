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
