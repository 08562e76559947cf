import { peekEntry } from '../../models/catalog.ts'
import { servicesOf } from './profile.ts'
import type { StackFile } from './schema.ts'

/** Something wrong in a stack file, and the key that it is wrong at. */
export interface Fault {
  readonly path: readonly PropertyKey[]
  readonly message: string
}

/** What no schema of one key can see: names that must exist elsewhere, ports used twice, circles. */
export function crossCheck(stack: StackFile): Fault[] {
  const faults: Fault[] = []
  const services = Object.entries(stack.services)
  const known = new Set(Object.keys(stack.services))
  const list = [...known].join(', ')
  const ports = new Map<number, string>()
  for (const [name, service] of services) {
    for (const [index, dependency] of service.depends_on.entries()) {
      if (!known.has(dependency)) {
        const message = `there is no service "${dependency}"; there are ${list}`
        faults.push({ path: ['services', name, 'depends_on', index], message })
      }
    }
    if (service.pane !== undefined && !stack.console.panes.includes(service.pane)) {
      const message = `there is no pane "${service.pane}"; console.panes has ${stack.console.panes.join(', ')}`
      faults.push({ path: ['services', name, 'pane'], message })
    }
    if (service.port !== undefined) {
      const other = ports.get(service.port)
      if (other !== undefined) {
        faults.push({
          path: ['services', name, 'port'],
          message: `${service.port} is ${other}'s port already`,
        })
      }
      ports.set(service.port, name)
    }
    if (service.ready !== undefined && 'log' in service.ready) {
      const trouble = patternTrouble(service.ready.log)
      if (trouble !== undefined)
        faults.push({
          path: ['services', name, 'ready', 'log'],
          message: `no regular expression: ${trouble}`,
        })
    }
    for (const key of ['ready', 'liveness'] as const) {
      const probe = service[key]
      if (service.port !== undefined || probe === undefined || !('http' in probe)) continue
      if (!probe.http.startsWith('/')) continue
      const message = 'a path needs the service to have a port; or give a whole URL'
      faults.push({ path: ['services', name, key, 'http'], message })
    }
    if (service.oneshot) {
      for (const key of ['ready', 'liveness', 'watch'] as const) {
        if (service[key] === undefined) continue
        const message = 'not for a one-shot task: it is done when it has exited with 0'
        faults.push({ path: ['services', name, key], message })
      }
    }
  }
  // Ids that the catalog does not have are the user's own, or those of other programs: models.yaml and courante models know.
  const kind = stack.language_model === undefined ? undefined : peekEntry(stack.language_model)?.kind
  if (kind !== undefined && kind !== 'llm') {
    const message = `"${stack.language_model}" is no language model; its kind is ${kind}`
    faults.push({ path: ['language_model'], message })
  }
  const circle = faults.length === 0 ? findCircle(stack) : undefined
  if (circle !== undefined) {
    const message = `a circle: ${circle.join(' → ')}`
    faults.push({ path: ['services', circle[0] ?? '', 'depends_on'], message })
  }
  for (const [index, service] of stack.restart_key.entries()) {
    if (!known.has(service)) {
      faults.push({
        path: ['restart_key', index],
        message: `there is no service "${service}"; there are ${list}`,
      })
    }
  }
  for (const [name, profile] of Object.entries(stack.profiles)) {
    const place = 'services' in profile ? ['profiles', name, 'services'] : ['profiles', name]
    for (const [index, service] of servicesOf(profile).entries()) {
      if (known.has(service)) continue
      const message = `there is no service "${service}"; there are ${list}`
      faults.push({ path: [...place, index], message })
    }
  }
  for (const [name, service] of services) {
    for (const [index, profile] of service.profiles.entries()) {
      if (stack.profiles[profile] !== undefined) continue
      const message = `there is no profile "${profile}"; there are ${Object.keys(stack.profiles).join(', ')}`
      faults.push({ path: ['services', name, 'profiles', index], message })
    }
  }
  if ([stack.console.open ?? []].flat().some(open => stack.services[open]?.port === undefined)) {
    faults.push({ path: ['console', 'open'], message: 'the name of a service that has a port' })
  }
  return faults
}

function patternTrouble(source: string): string | undefined {
  try {
    void new RegExp(source)
    return undefined
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return error.message.replace(/^Invalid regular expression: /, '')
  }
}

function findCircle(stack: StackFile): string[] | undefined {
  const done = new Set<string>()
  const walk = (name: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(name)) return [...trail.slice(trail.indexOf(name)), name]
    if (done.has(name)) return undefined
    for (const dependency of stack.services[name]?.depends_on ?? []) {
      const circle = walk(dependency, [...trail, name])
      if (circle !== undefined) return circle
    }
    done.add(name)
    return undefined
  }
  for (const name of Object.keys(stack.services)) {
    const circle = walk(name, [])
    if (circle !== undefined) return circle
  }
  return undefined
}
