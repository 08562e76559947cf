import { comments } from './messages.ts'
import { portIn } from './ports.ts'
import { usualPort } from './tools.ts'
import type { Wish } from './wishes.ts'

export interface SettledPort {
  readonly port?: number
  /** The reason for the port, for the PORT, or for there being none. */
  readonly why?: string
  /** A PORT that it is given without a promise to listen there. */
  readonly env?: { readonly PORT: string }
}

/** Who gets which port: first what commands name, then what is free, from `base` on. By the service's name. */
export function settlePorts(wishes: readonly Wish[], base: number): ReadonlyMap<string, SettledPort> {
  const holders = new Map<number, string>()
  const settled = new Map<string, SettledPort>()
  const give = (wish: Wish, port: number, why: string): void => {
    const other = holders.get(port)
    if (other !== undefined) {
      settled.set(wish.name, { why: comments.portTaken(port, other) })
      return
    }
    holders.set(port, wish.name)
    settled.set(wish.name, { port, why })
  }
  const free = (from: number): number => {
    let port = from
    while (holders.has(port)) port++
    return port
  }
  for (const wish of wishes) {
    const said = portIn(wish.program)
    const usual = usualPort(lastLine(wish.program))
    if (wish.port !== undefined) give(wish, wish.port, comments.portFixed)
    else if (said.type === 'number') give(wish, said.port, comments.portSaid)
    else if (usual?.tool === 'vite' && typeof wish.vitePort === 'number')
      give(wish, wish.vitePort, comments.portConfig)
  }
  const next = (): number => {
    let port = base
    while (holders.has(port)) port += 100
    return port
  }
  const tell = (wish: Wish, port: number, why: string): void => {
    holders.set(port, wish.name)
    settled.set(wish.name, { env: { PORT: String(port) }, why })
  }
  for (const wish of wishes) {
    if (settled.has(wish.name)) continue
    const { foreman } = wish
    const said = portIn(wish.program)
    const usual = usualPort(lastLine(wish.program))
    if (said.type === 'variable' && said.listens)
      give(
        wish,
        foreman === undefined ? next() : free(foreman),
        foreman === undefined ? comments.portGiven : comments.portForeman,
      )
    else if (usual?.obeysPort === true && foreman !== undefined)
      give(wish, free(foreman), comments.portForeman)
    else if (usual?.obeysPort === true) give(wish, free(usual.port), comments.portUsual(usual.tool))
    else if (usual !== undefined && wish.vitePort !== 'unknown')
      give(wish, usual.port, comments.portUsual(usual.tool))
    else if (usual === undefined && foreman !== undefined) tell(wish, free(foreman), comments.envForeman)
    else if (said.type === 'variable' || wish.needsPort === true) tell(wish, next(), comments.envGiven)
  }
  return settled
}

/** Of `npm run dev` and the script's text behind it, the text. */
function lastLine(program: string): string {
  return program.split('\n').at(-1) ?? ''
}
