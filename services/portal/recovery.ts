import type { Attempt } from './ids.ts'

/** Who holds a folder under `.run/`. `silent`: its process lives and has not said so for longer than its lease. */
export type Holder = 'self' | 'working' | 'silent' | 'dead'

export interface HolderFacts {
  readonly self: boolean
  /** The process with this pid, start time and boot is there. */
  readonly lives: boolean
  /** Since its last heartbeat. */
  readonly silentMs: number
}

export function holderOf({ self, lives, silentMs }: HolderFacts, leaseMs: number): Holder {
  if (self) return 'self'
  if (!lives) return 'dead'
  return silentMs > leaseMs ? 'silent' : 'working'
}

/** A job found in a claimer's folder, and what tells how far it had come. */
export interface FoundClaim {
  readonly holder: Holder
  readonly attempt: Attempt
  /** This process is at work on it now. */
  readonly running: boolean
  /** The result of this very claim stands. */
  readonly complete: boolean
  /** It has a tombstone and no result in it: a duplicate of what was answered. */
  readonly answered: boolean
}

/**
 * What becomes of it. `deliver`: on to the commit. `again`: back to the queue as that attempt. `drop`: a late
 * duplicate. `bury`: it has crashed often enough.
 */
export type Recovery =
  | { readonly type: 'leave' }
  | { readonly type: 'deliver' }
  | { readonly type: 'again'; readonly attempt: number }
  | { readonly type: 'drop' }
  | { readonly type: 'bury' }

export function recoveryOf(found: FoundClaim, maxAttempts: number): Recovery {
  const { holder, attempt, running, complete, answered } = found
  if (holder === 'working' || running) return { type: 'leave' }
  if (complete) return { type: 'deliver' }
  // What lies in our own folder and is not at work: a disk that was full, say. The attempt was not at fault.
  if (answered) return { type: 'drop' }
  if (holder === 'self') return { type: 'again', attempt: attempt.attempt }
  return attempt.attempt < maxAttempts ? { type: 'again', attempt: attempt.attempt + 1 } : { type: 'bury' }
}
