import { useEffect, useRef, useState } from 'react'
import { Icon } from '../controls/icon.tsx'
import { Markdown } from './markdown.tsx'

/** What a model thought: folded; while it thinks, its last lines are seen. Whoever opens or folds it is obeyed. */
export function Thoughts({ text, growing }: { text: string; growing: boolean }) {
  const [chosen, choose] = useState<boolean | undefined>()
  const isOpen = chosen ?? growing
  const box = useRef<HTMLDivElement>(null)
  const isWindow = growing && chosen === undefined
  useEffect(() => {
    if (isWindow && text !== '') box.current?.scrollTo({ top: box.current.scrollHeight })
  }, [isWindow, text])
  return (
    <div className="thoughts">
      <button className="thoughts-head" type="button" aria-expanded={isOpen} onClick={() => choose(!isOpen)}>
        <Icon name="chevron" />
        {growing ? 'Thinking' : 'Thought for a moment'}
      </button>
      {isOpen && text !== '' && (
        <div ref={box} className="thoughts-text" data-window={isWindow}>
          <Markdown text={text} growing={growing} />
        </div>
      )}
    </div>
  )
}
