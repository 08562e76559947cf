import type { Attempt } from './ids.ts'

/** A job that a claimer holds, in its folder under `.run/`. */
export interface Claim {
  readonly user: string
  readonly attempt: Attempt
  readonly folder: string
  /** Another user's, and to be taken in before it is read. */
  readonly foreign?: boolean
  /** There is a file to write the answer over. */
  readonly blank?: boolean
}
