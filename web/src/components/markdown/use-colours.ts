import { use, useEffect, useState } from 'react'
import { canBeColoured, KeptColours, type Coloured } from '../../state/markdown/coloured.ts'
import { limits } from '../../state/markdown/limits.ts'
import type { Tree } from '../../state/markdown/tree.ts'
import { Growing } from './growing.ts'
import { Lazily, useLazily } from './lazily.ts'

const colours = new Lazily(async () => (await import('./colours.ts')).colour)
const kept = new KeptColours()

/**
 * Code with colours as soon as they are there. Of code that grows the part that was coloured last stays so, and what came
 * since stands plain behind it.
 */
export function useColours(
  code: string,
  language: string,
): { readonly coloured: Tree | undefined; readonly plain: string } {
  const isGrowing = use(Growing)
  const isWanted = language !== '' && canBeColoured(code)
  const colour = useLazily(colours, isWanted)
  const [last, setLast] = useState<Coloured | undefined>(() => kept.get(code, language))
  const isCurrent = last?.code === code && last.language === language
  const wait = isGrowing ? (last?.pauseUntil ?? 0) : 0
  useEffect(() => {
    if (isCurrent && !isGrowing) kept.add(last)
    if (!isWanted || isCurrent || colour === undefined) return
    let frame = 0
    const make = (): void => {
      const begun = performance.now()
      const tree = colour(code, language)
      const ended = performance.now()
      if (tree === undefined) return
      const pauseUntil = ended + (ended - begun) * (1 / limits.share - 1)
      setLast({ code, language, tree, pauseUntil })
    }
    // At most once a frame, whatever comes.
    const timer = setTimeout(() => {
      frame = requestAnimationFrame(make)
    }, wait - performance.now())
    return () => {
      clearTimeout(timer)
      cancelAnimationFrame(frame)
    }
  }, [isWanted, isCurrent, isGrowing, last, wait, colour, code, language])
  if (!isWanted || last === undefined || last.language !== language || !code.startsWith(last.code))
    return { coloured: undefined, plain: code }
  return { coloured: last.tree, plain: code.slice(last.code.length) }
}
