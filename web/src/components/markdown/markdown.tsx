import { memo, useEffect, useState } from 'react'
import { growthAt, noGrowth } from '../../state/markdown/growth.ts'
import { limits } from '../../state/markdown/limits.ts'
import {
  allOf,
  growInPieces,
  isKept,
  keepWhole,
  nothingGrown,
  partsOf,
  type Grown,
  type Part,
} from '../../state/markdown/parts.ts'
import { elementsOf } from './elements.tsx'
import { Growing } from './growing.ts'

/** Without thoughts, which go before. What grew stays in its place when it is whole: the same elements, parsed no more. */
export function Markdown({ text, growing }: { text: string; growing: boolean }) {
  const grown = useGrown(text, growing)
  if (growing) return <Parts parts={allOf(grown)} growing />
  if (text.length <= limits.beginning || grown.text !== '' || isKept(text))
    return <Parts parts={partsOf(text)} />
  return <LongText key={text} text={text} />
}

function Parts({ parts, growing = false }: { parts: readonly Part[]; growing?: boolean }) {
  return parts.map((part, index) => (
    <Growing key={index} value={growing && index === parts.length - 1}>
      <PartElements part={part} />
    </Growing>
  ))
}

const PartElements = memo(function PartElements({ part }: { part: Part }) {
  return elementsOf(part.tree)
})

/** Nothing for a text that never grew. */
function useGrown(text: string, growing: boolean): Grown {
  const [growth, setGrowth] = useState(noGrowth)
  // At once where it may, so that no frame is lost; what has to wait is made up for by the timer.
  const next = growing ? growthAt(growth, text, now) : growth
  if (next !== growth) setGrowth(next)
  const { grown, pauseUntil } = next
  const isBehind = growing && grown.text !== text
  useEffect(() => {
    if (!isBehind) return
    const wait = Math.max(0, pauseUntil - now())
    const timer = setTimeout(() => setGrowth(growth => growthAt(growth, text, now)), wait)
    return () => clearTimeout(timer)
  }, [isBehind, pauseUntil, text])
  return grown
}

function now(): number {
  return performance.now()
}

/** Goes over it piece by piece, so that the page stays quick, and shows all of a very long one only when asked. */
function LongText({ text }: { text: string }) {
  const [isWhole, setWhole] = useState(text.length <= limits.shownAtOnce)
  const shown = isWhole
    ? text
    : text.slice(0, text.lastIndexOf('\n', limits.beginning) + 1 || limits.beginning)
  const [grown, setGrown] = useState(() => growInPieces(nothingGrown, shown.slice(0, limits.beginning)))
  const done = grown.text.length
  const isDone = done >= shown.length
  useEffect(() => {
    if (isDone) return keepWhole(grown)
    // Twice as much each time: a list that is all of the message is gone over from its beginning.
    const more = setTimeout(() => setGrown(grown => growInPieces(grown, shown.slice(0, done * 2))))
    return () => clearTimeout(more)
  }, [isDone, done, grown, shown])
  return (
    <>
      <Parts parts={allOf(grown)} growing={!isDone} />
      {!isWhole && (
        <button className="button" type="button" onClick={() => setWhole(true)}>
          Show all {Math.round(text.length / 1000)},000 characters
        </button>
      )}
    </>
  )
}
