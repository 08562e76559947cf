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
  /** The mark of this very claim: its result stands. */
  readonly complete: boolean
  /** There is a tombstone of this attempt or a later one. That of an earlier one is by a claimer that had lost the job. */
  readonly answered: boolean
}

/**
 * What becomes of it. `deliver`: on to the commit. `again`: back to the queue as that attempt. `drop`: a late
 * duplicate. `bury`: it has crashed often
 * enough; `answer` says whether its client is still owed the error.
 */
export type Recovery =
  | { readonly type: 'leave' }
  | { readonly type: 'deliver' }
  | { readonly type: 'again'; readonly attempt: number }
  | { readonly type: 'drop' }
  | { readonly type: 'bury'; readonly answer: boolean }

export function recoveryOf(found: FoundClaim, maxAttempts: number): Recovery {
  const { holder, attempt, running, complete, answered } = found
  if (holder === 'working' || running) return { type: 'leave' }
  if (complete) return { type: 'deliver' }
  // What lies in our own folder and is not at work: a disk that was full, say. The attempt was not at fault.
  if (holder === 'self' && !answered) return { type: 'again', attempt: attempt.attempt }
  if (attempt.attempt < maxAttempts) {
    return answered ? { type: 'drop' } : { type: 'again', attempt: attempt.attempt + 1 }
  }
  return { type: 'bury', answer: !answered }
}
