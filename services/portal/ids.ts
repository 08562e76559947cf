import { randomUUID } from 'node:crypto'
import { z } from 'zod'

/**
 * A job's id, and by the same rule a user's or a service's name: it is a folder's name, so it has no separator and does
 * not start with a dot, which hides it.
 */
const idForm = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/
export const idSchema = z.string().regex(idForm)

export function isId(text: string): boolean {
  return idForm.test(text)
}

/**
 * A UUIDv7 (RFC 9562, 5.7): sorts by the time it was made, so a folder of them lists in queue order. Those that one process
 * makes within a millisecond sort too: it counts the time on.
 */
export function newId(): string {
  last = Math.max(Date.now(), last + 1)
  return uuidV7(last, randomUUID())
}

let last = 0

/** `time` in ms since 1970; a UUIDv4, whose random bits stay. */
export function uuidV7(time: number, random: string): string {
  const hex = time.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7${random.slice(15)}`
}

/** A job's place in the queue. The attempt's number in the path is the fence: a stale attempt's rename finds nothing. */
export interface Attempt {
  readonly id: string
  readonly attempt: number
}

export function attemptName({ id, attempt }: Attempt): string {
  return `${id}~${attempt}`
}

/** Reads `<id>~<n>`; a bare `<id>`, as a person writes it, is attempt 1. Undefined: no job's name. */
export function parseAttemptName(name: string): Attempt | undefined {
  const at = name.indexOf('~')
  const id = at < 0 ? name : name.slice(0, at)
  if (!idForm.test(id)) return undefined
  if (at < 0) return { id, attempt: 1 }
  const attempt = name.slice(at + 1)
  return /^[1-9]\d{0,3}$/.test(attempt) ? { id, attempt: Number(attempt) } : undefined
}

/** The names under which a job may wait as an attempt before the `n`th. */
export function namesBelow(id: string, n: number): string[] {
  const names = [id]
  for (let attempt = 1; attempt < n; attempt++) names.push(attemptName({ id, attempt }))
  return names
}
