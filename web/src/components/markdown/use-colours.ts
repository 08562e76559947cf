import { useEffect, useState } from 'react'
import { limits } from '../../state/markdown/limits.ts'
import type { Tree } from '../../state/markdown/tree.ts'
import { Lazily, useLazily } from './lazily.ts'

interface Coloured {
  readonly code: string
  readonly language: string
  readonly tree: Tree
}

const colours = new Lazily(async () => (await import('./colours.ts')).colour)

/**
 * Code with colours as soon as they are there. Of code that grows the part that was coloured last stays so, and what came
 * since stands plain behind it.
 */
export function useColours(
  code: string,
  language: string,
): { readonly coloured: Tree | undefined; readonly plain: string } {
  const isWanted = language !== '' && canBeColoured(code)
  const colour = useLazily(colours, isWanted)
  const [last, setLast] = useState<Coloured | undefined>(() => kept.get(keyOf(code, language)))
  const isCurrent = last?.code === code && last.language === language
  useEffect(() => {
    if (!isWanted || isCurrent || colour === undefined) return
    // At most once a frame, whatever comes.
    const frame = requestAnimationFrame(() => {
      const tree = colour(code, language)
      if (tree === undefined) return
      const next = { code, language, tree }
      keep(next)
      setLast(next)
    })
    return () => cancelAnimationFrame(frame)
  }, [isWanted, isCurrent, colour, code, language])
  if (!isWanted || last === undefined || last.language !== language || !code.startsWith(last.code))
    return { coloured: undefined, plain: code }
  return { coloured: last.tree, plain: code.slice(last.code.length) }
}

function canBeColoured(code: string): boolean {
  return code.length <= limits.highlighted && !new RegExp(`[^\n]{${limits.codeLine}}`).test(code)
}

/** Of the last blocks, so that one which is scrolled back into view doesn't flash. */
const kept = new Map<string, Coloured>()

function keep(coloured: Coloured): void {
  kept.set(keyOf(coloured.code, coloured.language), coloured)
  for (const [oldest] of kept) {
    if (kept.size <= 100) break
    kept.delete(oldest)
  }
}

function keyOf(code: string, language: string): string {
  return `${language}\n${code}`
}
