import { ApiError } from '../api.ts'

/** Between two marks. */
const pauseMs = 1000

/**
 * Tells the server how far this person has read, so that their other devices know. At once for the first, then not more often
 * than once a second; a tab that nobody sees reads nothing.
 */
export function readMarks(
  put: (offset: number) => Promise<unknown>,
  signal: AbortSignal,
): {
  /** Where the room ends. */
  at: (offset: number) => void
  /** The reader sees that end. */
  seen: () => void
} {
  let [end, wanted, told] = [-1, -1, -1]
  let timer: ReturnType<typeof setTimeout> | undefined
  const tell = async (): Promise<void> => {
    timer = undefined
    if (signal.aborted || wanted === told) return
    told = wanted
    timer = setTimeout(() => void tell(), pauseMs)
    try {
      await put(told)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      // Not so important that it is tried again by itself: the next message that is seen marks it, too.
      told = -1
    }
  }
  return {
    at: offset => {
      end = offset
    },
    seen: () => {
      if (document.visibilityState !== 'visible') return
      wanted = end
      if (timer === undefined) void tell()
    },
  }
}
