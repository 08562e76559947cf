import type { TranscriptLine } from './transcript.ts'

/**
 * Whether the transcript follows its newest line. It must never move under a reader who has scrolled up.
 *
 *   following ──scrolled up──▶ reading ──scrolled to the end, or jumped──▶ following
 */
export type Following =
  | { readonly kind: 'following' }
  /** `seen`: the last line's offset when the reader left the end. */
  | { readonly kind: 'reading'; readonly seen: number }

export type FollowingEvent =
  | {
      readonly type: 'scrolled'
      /** Pixels of content below the view. */
      readonly below: number
      /** Content that grows also puts pixels below the view; only a person moves the view up. */
      readonly up: boolean
      readonly lastOffset: number
    }
  | { readonly type: 'jumped' }

/** What still counts as being at the end: zoom levels give fractions, fingers give a few pixels. */
const slack = 24

export const startOfFollowing: Following = { kind: 'following' }

export function follow(state: Following, event: FollowingEvent): Following {
  switch (event.type) {
    case 'scrolled':
      if (event.below <= slack) return state.kind === 'following' ? state : startOfFollowing
      return state.kind === 'following' && event.up ? { kind: 'reading', seen: event.lastOffset } : state
    case 'jumped':
      return startOfFollowing
  }
}

/** How many lines came while the reader was elsewhere. */
export function countUnseen(state: Following, lines: readonly TranscriptLine[]): number {
  return state.kind === 'following' ? 0 : lines.filter(line => line.offset > state.seen).length
}
