/** Bytes on each device: `memory` is the machine's own, `gpu` that of its graphics cards together. */
export type Needs = Readonly<Record<string, number>>

export function plus(a: Needs, b: Needs): Needs {
  const sum: Record<string, number> = { ...a }
  for (const [device, bytes] of Object.entries(b)) sum[device] = (sum[device] ?? 0) + bytes
  return sum
}

export function minus(a: Needs, b: Needs): Needs {
  const rest: Record<string, number> = { ...a }
  for (const [device, bytes] of Object.entries(b)) rest[device] = (rest[device] ?? 0) - bytes
  return rest
}

/** On every device. A device that `room` does not know has none. */
export function fits(needs: Needs, room: Needs): boolean {
  return tooFull(needs, room).length === 0
}

/** The devices that have less room than that. */
export function tooFull(needs: Needs, room: Needs): string[] {
  return Object.keys(needs).filter(device => (needs[device] ?? 0) > (room[device] ?? 0))
}

export function bytesOf(needs: Needs): number {
  return Object.values(needs).reduce((sum, bytes) => sum + bytes, 0)
}
