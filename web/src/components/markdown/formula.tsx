import { useLayoutEffect, useMemo, useRef } from 'react'
import { limits } from '../../state/markdown/limits.ts'
import { Lazily, useLazily } from './lazily.ts'

const katex = new Lazily(async () => (await import('./typeset.ts')).typeset)

/** A formula; its source until the typesetter is there, and for good if that finds a fault in it. */
export function Formula({ source, display }: { source: string; display: boolean }) {
  const typeset = useLazily(katex, source.length <= limits.formulaLength)
  const made = useMemo(() => typeset?.(source, display), [typeset, source, display])
  const place = useRef<HTMLSpanElement>(null)
  const node = made !== undefined && 'node' in made ? made.node : undefined
  useLayoutEffect(() => {
    if (node !== undefined) place.current?.replaceChildren(node)
  }, [node])
  if (node !== undefined) return <span ref={place} className={display ? 'formula display' : 'formula'} />
  const fault = made !== undefined && 'fault' in made ? made.fault : undefined
  return (
    <code className={display ? 'formula-source display' : 'formula-source'} title={fault}>
      {source}
    </code>
  )
}
