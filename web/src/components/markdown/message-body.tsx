import './markdown.css'
import { memo, useId, useMemo } from 'react'
import { isHalfOpening, splitThoughts } from '../../state/markdown/thoughts.ts'
import { Markdown } from './markdown.tsx'
import { MessageId } from './message-id.ts'
import { Thoughts } from './thoughts.tsx'

/** A message's text as Markdown. `growing`: more of it comes, many times a second; only its end is parsed again. */
export const MessageBody = memo(function MessageBody({
  text,
  growing = false,
}: {
  text: string
  growing?: boolean
}) {
  const id = useId()
  const { thoughts, answer } = useMemo(() => splitThoughts(text), [text])
  if (growing && isHalfOpening(text)) return null
  return (
    <div className="prose">
      <MessageId value={id}>
        {thoughts.map((thought, index) => (
          <Thoughts key={index} text={thought.text} growing={growing && thought.isOpen} />
        ))}
        <Markdown text={answer} growing={growing} />
      </MessageId>
    </div>
  )
})
