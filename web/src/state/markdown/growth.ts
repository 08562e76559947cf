import { limits } from './limits.ts'
import { grow, keepGrown, nothingGrown, type Grown } from './parts.ts'

/** What was made of a text that grows, at the pace that this machine keeps. */
export interface Growth {
  readonly grown: Grown
  /** Milliseconds on the clock of `now`, before which it is not gone over again. */
  readonly pauseUntil: number
}

export const noGrowth: Growth = { grown: nothingGrown, pauseUntil: 0 }

/** The text as it is by now, or as it was, while the last look at it still has to be paid off. */
export function growthAt(before: Growth, text: string, now: () => number): Growth {
  const begun = now()
  if (text === before.grown.text || begun < before.pauseUntil) return before
  const grown = grow(before.grown, text)
  keepGrown(grown)
  const ended = now()
  return { grown, pauseUntil: ended + (ended - begun) * (1 / limits.share - 1) }
}
