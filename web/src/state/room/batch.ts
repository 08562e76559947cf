/** The messages that follow a rewind come at once; in between the list would be short for a moment. */
const rewindMs = 40
/** A tab in the background has no frames. */
const hiddenMs = 200

/** Collects what comes until the next frame, so that a quick model costs one rendering a frame and not one a token. */
export function batched<E extends { readonly type: string }>(
  take: (events: readonly E[]) => void,
  signal: AbortSignal,
): { push: (event: E) => void; flush: () => void } {
  let events: E[] = []
  let frame: number | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  const flush = (): void => {
    if (frame !== undefined) cancelAnimationFrame(frame)
    clearTimeout(timer)
    frame = timer = undefined
    const taken = events
    events = []
    if (taken.length > 0 && !signal.aborted) take(taken)
  }
  return {
    flush,
    push: event => {
      events.push(event)
      if (event.type === 'rewind') {
        if (frame !== undefined) cancelAnimationFrame(frame)
        clearTimeout(timer)
        frame = undefined
        timer = setTimeout(flush, rewindMs)
      } else if (timer === undefined) {
        frame = requestAnimationFrame(flush)
        timer = setTimeout(flush, hiddenMs)
      }
    },
  }
}
