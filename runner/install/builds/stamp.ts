import { dirname, join } from 'node:path'
import { jsonOrUndefined } from '../../../lib/parse-json.ts'
import { textOf } from '../../../lib/reachable.ts'

export interface Stamp {
  readonly version: string
  readonly backend: string
}

export const stampName = 'stamp.json'

/** What was built, and for what; of a program that somebody put there, nobody knows. */
export function stampOf(program: string): Stamp | undefined {
  const stamp = jsonOrUndefined(textOf(join(dirname(program), stampName)))
  const { version, backend } = (stamp ?? {}) as Record<string, unknown>
  return typeof version === 'string' && typeof backend === 'string' ? { version, backend } : undefined
}
