/** What one user may have waiting, and what the disk has to keep free. */
export interface Limits {
  /** Jobs. */
  readonly waiting: number
  /** Of their files together. */
  readonly waitingBytes: number
  readonly freeBytes: number
}

export const defaultLimits: Limits = {
  waiting: 100_000,
  waitingBytes: 20 * 1024 ** 3,
  freeBytes: 256 * 1024 ** 2,
}

export interface Load {
  /** The user's waiting jobs, without the one that asks. */
  readonly waiting: number
  /** Free on the spool's disk. */
  readonly freeBytes: number
  /** Of this service lately; 0 if none has ended yet. */
  readonly jobsPerSecond: number
}

export type Admission =
  | { readonly type: 'admitted' }
  | { readonly type: 'refused'; readonly code: 'over_quota' | 'disk_low'; readonly retryAfter: number }

/** Seconds until room may be there, in steps that a client can sleep. */
const bounds = { least: 1, most: 300, disk: 60 } as const

export function admissionOf(load: Load, limits: Limits): Admission {
  if (load.freeBytes < limits.freeBytes) {
    return { type: 'refused', code: 'disk_low', retryAfter: bounds.disk }
  }
  if (load.waiting < limits.waiting) return { type: 'admitted' }
  return { type: 'refused', code: 'over_quota', retryAfter: retryAfter(load.waiting, load.jobsPerSecond) }
}

/** Seconds. A tenth of the queue gone is room enough to come back to. */
export function retryAfter(waiting: number, jobsPerSecond: number): number {
  const seconds = jobsPerSecond > 0 ? waiting / 10 / jobsPerSecond : bounds.most
  return Math.min(bounds.most, Math.max(bounds.least, Math.ceil(seconds)))
}
