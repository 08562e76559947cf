import { createHash } from 'node:crypto'
import { identify, type ProcessIdentity } from '../../lib/process-identity.ts'

/** The name of a claimer's folder under `.run/`: its pid for people, and a hash of start time and boot id against re-use of the pid. */
export function instanceName(identity: ProcessIdentity): string {
  const hash = createHash('sha256').update(`${identity.started} ${identity.boot}`).digest('hex').slice(0, 12)
  return `${identity.pid}-${hash}`
}

/** Whether the process that the folder belongs to still lives. */
export function instanceLives(name: string): boolean {
  const pid = Number(name.split('-')[0])
  if (!Number.isSafeInteger(pid) || pid < 1) return false
  const identity = identify(pid)
  return identity !== undefined && instanceName(identity) === name
}
