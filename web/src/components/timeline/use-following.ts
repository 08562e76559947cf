import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'
import { follow, startOfFollowing, type Following, type FollowingEvent } from '../../state/following.ts'
import type { RoomState, RoomView } from '../../state/room/view.ts'

/** A scroll this soon after a wheel, a finger or a key is a person's. Everything else that moves the view is the list, measuring. */
const handMs = 600
const lateHandMs = 5000
const settledMs = 1000

/**
 * Keeps the end in view while the reader is there, and only then; says to the room where they are. Virtuoso's own following is
 * not used: it lags behind an answer that grows.
 */
export function useFollowing({
  view,
  isFollowing,
  state,
}: {
  view: RoomView
  isFollowing: boolean
  state: RoomState
}) {
  const [scroller, setScroller] = useState<HTMLElement | null>(null)
  /** Of the room, which may go on behind the window. */
  const last = state.count - 1
  const [mode, setMode] = useState<Following>(
    isFollowing ? startOfFollowing : { kind: 'reading', seen: last },
  )
  // What a scroll means has to hold before Virtuoso, which hears the same scroll, renders other rows.
  const now = useRef(mode)
  const dispatch = useCallback((event: FollowingEvent) => {
    now.current = follow(now.current, event)
    setMode(now.current)
  }, [])
  const lastTop = useRef(0)
  const lastHeight = useRef(0)
  const grownAt = useRef(-Infinity)
  const hand = useRef(-Infinity)
  const range = useRef({ start: 0, end: 0 })
  const { atEnd } = state
  const follows = mode.kind === 'following' && atEnd

  const stick = useCallback(() => {
    if (scroller !== null && atEnd && now.current.kind === 'following')
      scroller.scrollTo({ top: scroller.scrollHeight, behavior: 'instant' })
  }, [scroller, atEnd])

  useEffect(() => {
    if (scroller === null) return undefined
    const life = new AbortController()
    const { signal } = life
    const byHand = (): void => {
      hand.current = performance.now()
    }
    for (const type of ['wheel', 'touchmove', 'pointerdown', 'keydown'] as const)
      scroller.addEventListener(type, byHand, { signal, passive: true })
    scroller.addEventListener(
      'scroll',
      () => {
        const { scrollTop, scrollHeight, clientHeight } = scroller
        const sinceHand = performance.now() - hand.current
        const isHand = sinceHand < handMs
        // The browser's own search jumps without a key that we hear, and on a busy machine a wheel's jump comes late. A list that
        // measures its rows jumps, too, but then its height has just changed, and nobody has touched it.
        if (scrollHeight !== lastHeight.current) grownAt.current = performance.now()
        const isSettled = performance.now() - grownAt.current > settledMs
        const isJump = lastTop.current - scrollTop > clientHeight && (isSettled || sinceHand < lateHandMs)
        dispatch({
          type: 'scrolled',
          below: scrollHeight - clientHeight - scrollTop,
          up: scrollTop < lastTop.current && (isHand || isJump),
          lastOffset: last,
        })
        lastTop.current = scrollTop
        lastHeight.current = scrollHeight
      },
      { signal, passive: true, capture: true },
    )
    return () => life.abort()
  }, [scroller, last, dispatch])

  // After every rendering: there may be a row more.
  useLayoutEffect(stick)

  // Also when the window or the composer below changes its height.
  useEffect(() => {
    if (scroller === null) return undefined
    const observer = new ResizeObserver(stick)
    observer.observe(scroller)
    return () => observer.disconnect()
  }, [scroller, stick])

  const isAtEnd = follows
  useEffect(() => {
    view.look({ atEnd: isAtEnd, id: idAt(view, Math.round((range.current.start + range.current.end) / 2)) })
    if (!isAtEnd) return undefined
    view.markRead()
    const seen = (): void => view.markRead()
    // What comes while one is there is read, too.
    const off = view.store.subscribe(seen)
    document.addEventListener('visibilitychange', seen)
    return () => {
      off()
      document.removeEventListener('visibilitychange', seen)
    }
  }, [view, isAtEnd])

  return {
    scroller,
    setScroller: useCallback((node: HTMLElement | Window | null) => {
      if (node === null || node instanceof HTMLElement) setScroller(node)
    }, []),
    /** The rows that are rendered. */
    range: (start: number, end: number): void => {
      range.current = { start, end }
      view.look({ atEnd: isAtEnd, id: idAt(view, Math.round((start + end) / 2)) })
    },
    grown: stick,
    /** Somebody goes elsewhere in the list. */
    leave: useCallback(
      () => dispatch({ type: 'scrolled', below: Infinity, up: true, lastOffset: last }),
      [dispatch, last],
    ),
    toEnd: (): void => {
      if (!atEnd) return view.goToEnd()
      dispatch({ type: 'jumped' })
      // The button goes away; the keyboard stays in the list.
      scroller?.focus({ preventScroll: true })
    },
    /** As `toEnd`, for who goes on writing. */
    follow: useCallback(() => dispatch({ type: 'jumped' }), [dispatch]),
    /** Whether a person has moved the list since then. */
    movedSince: (time: number): boolean => hand.current > time,
    isAway: !follows,
    unseen: mode.kind === 'following' ? 0 : Math.max(0, state.count - 1 - mode.seen),
  }
}

function idAt(view: RoomView, index: number): number {
  const { messages, count } = view.store.get()
  return messages[index]?.id ?? Math.max(0, count - 1)
}
