const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

/** How long things are kept, in ms. */
export interface Retention {
  /** Unfinished requests of clients that have gone. */
  readonly prep: number
  readonly done: number
  readonly error: number
  readonly dead: number
  /** Tombstones, after the result has been collected. */
  readonly seen: number
}

export const defaultRetention: Retention = {
  prep: 36 * hour,
  done: 7 * day,
  error: 30 * day,
  dead: 30 * day,
  seen: 10 * minute,
}

/** Something that lies in a spool. There is no kind for a job that waits or runs: nothing expires those. */
export type Kept =
  | { readonly kind: 'prep' | 'done' | 'error' | 'dead'; readonly ageMs: number }
  /** `live/<id>/` or `cancel/<id>`, and whether its job waits or runs. */
  | { readonly kind: 'live' | 'cancel'; readonly ageMs: number; readonly needed: boolean }
  | { readonly kind: 'trash' }

export type Keeping = 'keep' | 'remove'

/** A job that is on its way between two folders may look like none for a moment, so what belongs to it gets this long. */
const graceMs = minute

export function keepingOf(kept: Kept, retention: Retention): Keeping {
  switch (kept.kind) {
    case 'trash':
      return 'remove'
    case 'live':
    case 'cancel':
      return !kept.needed && kept.ageMs > graceMs ? 'remove' : 'keep'
    default:
      return kept.ageMs > retention[kept.kind] ? 'remove' : 'keep'
  }
}
