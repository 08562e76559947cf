import './diagram.css'
import { useEffect, useState } from 'react'
import { limits } from '../../state/markdown/limits.ts'
import { CodeBlock } from './code-block.tsx'
import { CopyButton } from './copy-button.tsx'
import { drawnAlready, draw, type Drawn } from './draw.ts'
import { Scrolling } from './scrolling.tsx'
import { useDark } from './use-dark.ts'

/** A Mermaid diagram as a picture; its source while it is drawn, and with the fault if it can't be. */
export function Diagram({ source }: { source: string }) {
  const isDark = useDark()
  const [drawn, setDrawn] = useState<Drawn | undefined>(() => drawnAlready(source, isDark))
  const [isSource, setSource] = useState(false)
  const isTooLong = source.length > limits.diagramLength
  useEffect(() => {
    if (isTooLong) return
    let isWanted = true
    void draw(source, isDark).then(drawn => {
      if (isWanted) setDrawn(drawn)
    })
    return () => {
      isWanted = false
    }
  }, [source, isDark, isTooLong])
  if (isTooLong || drawn === undefined) return <CodeBlock code={source} language="mermaid" />
  if ('fault' in drawn)
    return (
      <>
        <p className="diagram-fault">This diagram can’t be drawn: {drawn.fault.replace(/[.:]+$/, '')}.</p>
        <CodeBlock code={source} language="mermaid" />
      </>
    )
  return (
    <div className="code-block">
      <div className="code-head">
        <span className="code-language">Diagram</span>
        <button
          className="code-button"
          type="button"
          aria-pressed={isSource}
          onClick={() => setSource(!isSource)}
        >
          Source
        </button>
        <CopyButton text={source} label="Copy source" />
      </div>
      <Scrolling className={isSource ? 'code' : 'diagram'} label="Diagram">
        {isSource ? (
          <pre>
            <code>{source}</code>
          </pre>
        ) : (
          <img
            src={drawn.url}
            width={drawn.width}
            height={drawn.height}
            style={{ minWidth: drawn.width * 0.6 }}
            alt={`Diagram: ${source}`}
          />
        )}
      </Scrolling>
    </div>
  )
}
