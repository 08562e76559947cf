import { createHash } from 'node:crypto'
import { identify } from '../../lib/process-identity.ts'

/** Says in a file's name whose it is, in a way that a later process with the same pid does not fit. */
export function ownerMark(pid: number): string {
  const identity = identify(pid)
  return `${pid}-${createHash('sha256')
    .update(JSON.stringify(identity ?? 'gone'))
    .digest('hex')
    .slice(0, 12)}`
}

/** Whether a name that begins with a mark belongs to a process that has ended; false where there is no mark. */
export function isOrphan(text: string): boolean {
  const [mark, pid] = /^(\d+)-[0-9a-f]{12}/.exec(text) ?? []
  return mark !== undefined && ownerMark(Number(pid)) !== mark
}
