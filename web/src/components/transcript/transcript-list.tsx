import { memo, useEffect, useLayoutEffect, useMemo, useReducer, useRef } from 'react'
import { countUnseen, follow, startOfFollowing } from '../../state/following.ts'
import type { TranscriptLine } from '../../state/transcript.ts'
import { toRows } from '../../state/transcript.ts'
import { Icon } from '../controls/icon.tsx'

export function TranscriptList({
  lines,
  today,
  loaded,
}: {
  lines: readonly TranscriptLine[]
  today: string
  loaded: boolean
}) {
  const scroller = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const lastTop = useRef(0)
  const [state, dispatch] = useReducer(follow, startOfFollowing)
  const rows = useMemo(() => toRows(lines, today), [lines, today])
  const following = state.kind === 'following'
  const unseen = countUnseen(state, lines)

  // After every rendering: there may be a line more.
  useLayoutEffect(() => {
    if (following) stickToEnd(scroller.current)
  })

  // Also when the window or the dock below changes its height, or the text its width.
  useEffect(() => {
    const box = scroller.current
    const inner = content.current
    if (box === null || inner === null || !following) return undefined
    const observer = new ResizeObserver(() => stickToEnd(box))
    observer.observe(box)
    observer.observe(inner)
    return () => observer.disconnect()
  }, [following])

  const onScroll = (): void => {
    const box = scroller.current
    if (box === null) return
    const below = box.scrollHeight - box.clientHeight - box.scrollTop
    dispatch({
      type: 'scrolled',
      below,
      up: box.scrollTop < lastTop.current,
      lastOffset: lines.at(-1)?.offset ?? -1,
    })
    lastTop.current = box.scrollTop
  }

  const jump = (): void => {
    dispatch({ type: 'jumped' })
    // The button goes away; the keyboard stays in the transcript.
    scroller.current?.focus()
  }

  return (
    <div className="transcript">
      {/* A scroller that the keyboard can't reach would be one for the mouse only. */}
      <div
        className="transcript-scroller"
        ref={scroller}
        onScroll={onScroll}
        tabIndex={0}
        aria-label="Transcript"
        role="region"
      >
        <div className="transcript-content" ref={content}>
          <ol
            className="transcript-lines"
            role="log"
            aria-live="polite"
            aria-relevant="additions"
            aria-label="What was heard"
          >
            {rows.map(row =>
              row.kind === 'date' ? (
                <li className="transcript-day" key={row.key}>
                  <time dateTime={row.date}>{row.words}</time>
                </li>
              ) : (
                <Line key={row.key} line={row.line} />
              ),
            )}
          </ol>
          {rows.length === 0 && loaded && <Empty />}
        </div>
      </div>
      {unseen > 0 && (
        <button className="button unseen" type="button" onClick={jump}>
          {unseen} new
          <Icon name="down" />
        </button>
      )}
    </div>
  )
}

function stickToEnd(box: HTMLElement | null): void {
  if (box !== null) box.scrollTop = box.scrollHeight
}

/** Remembered: a new line must not render the thousand before it again. */
const Line = memo(function Line({ line }: { line: TranscriptLine }) {
  const { date, time, direction, text } = line
  return (
    <li className="transcript-line" data-direction={direction}>
      {time === undefined ? (
        <span className="time mono" />
      ) : (
        <time className="time mono" dateTime={`${date}T${time}`} title={`${date} ${time}`}>
          {time.slice(0, 8)}
        </time>
      )}
      <p className="text">
        {direction === 'spoken' && <span className="speaker">Courante</span>}
        {text}
      </p>
    </li>
  )
})

function Empty() {
  return (
    <section className="empty">
      <h2>Nothing heard yet</h2>
      <p>Open a room, press its microphone and speak. Your words appear here, too.</p>
      <p>
        Or stream a recording: <code>./courante mike --file x.wav</code>
      </p>
    </section>
  )
}
