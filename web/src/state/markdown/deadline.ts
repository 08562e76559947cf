import { limits } from './limits.ts'

/** As much of micromark's tokenizer as is needed here. */
type State = (code: number | null) => State | undefined

/**
 * A construct that is none: the parser tries it all the time, and it ends the work of a text that takes too long. A bound on
 * time holds for every text; what is known to be slow is met by counting before (parse.ts), which costs nothing.
 */
export const deadline = {
  document: { null: { name: 'deadline', tokenize, add: 'before' } },
  flow: { null: { name: 'deadline', tokenize, add: 'before' } },
  text: { null: { name: 'deadline', tokenize, add: 'before' } },
}

/** What `parse` makes, or undefined if it would take too long. After one that did, others have less time for a while. */
export function inTime<T>(parse: () => T, now: () => number = () => performance.now()): T | undefined {
  const begun = now()
  const most = begun < scarceUntil ? limits.millisecondsThen : limits.milliseconds
  late = () => now() - begun > most
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof OutOfTime)) throw error
    scarceUntil = now() + scarceFor
    return undefined
  } finally {
    late = () => false
  }
}

class OutOfTime extends Error {}

/** A screen full of such texts must not take a second for each of them. */
const scarceFor = 10_000
let scarceUntil = -Infinity
let late = (): boolean => false
let tries = 0

function tokenize(_effects: unknown, _ok: State, nok: State): State {
  if (++tries % 16 === 0 && late()) throw new OutOfTime()
  return nok
}
